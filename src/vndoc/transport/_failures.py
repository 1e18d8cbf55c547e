"""From the exceptions of urllib3, of sockets and of TLS to the errors of a carrier."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING, Final

from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError
from vndoc.text import Text, shorten

if TYPE_CHECKING:
    from vndoc.transport._http_options import HttpOptions
    from vndoc.transport._patience import Patience

WORDS: Final = {
    "encoding": Text("nội dung bị nén dù không được yêu cầu", "compressed, which was not asked for"),
    "early": Text("trả lời thành công khi chưa nhận đủ yêu cầu", "success before it had the whole request"),
    "html": Text("là trang HTML, mã HTTP {status}", "an HTML page, HTTP {status}"),
    "json": Text("không phải JSON ({type}), mã HTTP {status}", "no JSON ({type}), HTTP {status}"),
    "field": Text("thiếu hoặc sai trường {name}", "the field {name} is missing or wrong"),
    "base64": Text("base64 sai", "the base64 text is wrong"),
    "json_only": Text("là JSON thay cho gói tin", "JSON instead of a packet"),
    "no_xml": Text("không phải XML", "it is no XML"),
    "empty": Text("rỗng", "it is empty"),
    "cut": Text("nội dung bị cắt", "the content is cut short"),
    "http": Text("không phải HTTP", "no HTTP"),
}
"""What is wrong with an answer."""


def translated(
    error: BaseException, carrier: str, options: HttpOptions, retry: Retry, patience: Patience
) -> TransportError:
    """Return *error*, met while *carrier* was spoken to, as one of ours; *retry* is what it says of repeating."""
    from urllib3 import exceptions as kinds  # noqa: PLC0415 - an extra; whoever comes here has it

    def unreachable(detail: str) -> PeerFaultError:
        return PeerFaultError("carrier-unreachable", carrier=carrier, detail=detail)

    if isinstance(error, TransportError):
        return error
    if isinstance(error, kinds.ConnectTimeoutError) and not isinstance(error, kinds.NewConnectionError):
        return PeerFaultError("carrier-timeout", carrier=carrier, seconds=f"{options.connect_timeout:g}")
    if isinstance(error, kinds.ProxyError):  # the proxy did not even pass the request on
        return unreachable(f"proxy: {_reason(error)}")
    if isinstance(error, kinds.NewConnectionError | kinds.EmptyPoolError):
        return unreachable(_reason(error))
    if isinstance(error, kinds.SSLError | ssl.SSLError):
        outcome = retry if patience.left_us else Retry.SAFE
        return PeerFaultError("carrier-tls", carrier=carrier, detail=_reason(error), retry=outcome)
    if isinstance(error, kinds.TimeoutError | TimeoutError) or isinstance(_root(error), TimeoutError):
        seconds = patience.overdue() or options.read_timeout
        return PeerFaultError("carrier-timeout", carrier=carrier, seconds=f"{seconds:g}", retry=retry)
    if isinstance(error, ValueError) and not isinstance(error, kinds.HTTPError):  # http.client does not send that
        return OwnFaultError("carrier-configuration", carrier=carrier, detail=type(error).__name__)
    if isinstance(error, kinds.InvalidHeader) or _is_nonsense(error):
        return PeerFaultError("carrier-nonsense", carrier=carrier, detail=WORDS["http"], retry=retry)
    return PeerFaultError("carrier-interrupted", carrier=carrier, detail=_reason(error), retry=retry)


def _is_nonsense(error: BaseException) -> bool:
    """Return whether what came breaks the rules of HTTP, rather than off."""
    root = _root(error)
    if isinstance(root, http.client.RemoteDisconnected | http.client.IncompleteRead | OSError):
        return False
    return isinstance(root, http.client.HTTPException | ValueError)


def _root(error: BaseException) -> BaseException:
    """Return what *error* goes back to, through the wrappings of urllib3."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = [value for value in (error.__cause__, *error.args) if isinstance(value, BaseException)]
        if not inner:
            inner = [value for value in (getattr(error, "reason", None),) if isinstance(value, BaseException)]
        if not inner:
            break
        error = inner[0]
    return error


def _reason(error: BaseException) -> str:
    """Return a short reason: the system's words where there are any, never an address with its query."""
    root = _root(error)
    if isinstance(root, ssl.SSLError):
        return shorten(getattr(root, "verify_message", "") or root.reason or "TLS", 100)
    if isinstance(root, OSError):
        return shorten(root.strerror or str(root), 100)
    return type(root).__name__
