"""How HTTP is spoken: times, sizes, TLS, proxies; what is masked; what an endpoint may be."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import attrs

from vndoc.errors import OwnFaultError
from vndoc.text import Text
from vndoc.transport.secret import Secret

if TYPE_CHECKING:
    from urllib3 import PoolManager

    from vndoc.transport._patience import Patience

_MASKED: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-secretkey", "x-api-key", "token"}
    | {"xroadvnpt-hash-header"}
)

_NO_URL = Text(
    "địa chỉ phải có dạng http(s)://máy[:cổng][/đường-dẫn]", "the address must be http(s)://host[:port][/path]"
)
_NO_TLS = Text("không nạp được tệp TLS: {detail}", "the files of TLS cannot be loaded: {detail}")
_NO_NUMBER = Text("{name} phải trong khoảng {low} đến {high}", "{name} must be from {low} to {high}")


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* for a log: values that authorise (tokens, keys, HMACs, cookies) are ``***``."""
    return {name: "***" if name.lower() in _MASKED else value for name, value in headers.items()}


@attrs.frozen
class Endpoint:
    """Where the calls go: ``url`` without a slash at its end, and whether that is TLS."""

    url: str
    secure: bool

    @classmethod
    def parse(cls, text: str, carrier: str) -> Endpoint:
        """Return the endpoint in *text*. It holds no user name, query or fragment: a secret has no place in it.

        Raises :class:`~vndoc.errors.OwnFaultError` (``carrier-configuration``).
        """
        if not _is_address(text):
            raise OwnFaultError("carrier-configuration", carrier=carrier, detail=_NO_URL)
        return cls(text.rstrip("/"), text.lower().startswith("https:"))


def _is_address(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or set(text) & set(" ?#@\\"):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _between(low: float, high: float) -> Any:
    def check(instance: object, field: attrs.Attribute[float], value: float) -> None:
        del instance
        if not low <= value <= high:
            raise OwnFaultError(
                "carrier-configuration", carrier="HTTP", detail=_NO_NUMBER.filled(name=field.name, low=low, high=high)
            )

    return check


@attrs.frozen(kw_only=True)
class HttpOptions:
    """How to speak HTTP. Times are seconds, sizes octets; each limit itself is allowed.

    ``connect_timeout``: for a connection with its TLS handshake, and for handing over each piece. ``read_timeout``:
    for each wait for input. ``total_timeout``: for one exchange, ``transfer_timeout``: for one that carries a packet.
    ``max_connections``: kept open at most (1 to 10, as the vendor's client allows). ``max_list``: one answer that lists
    something. ``max_page``: one that lists what waits; where there is more, it is asked for in shorter windows of time.
    ``attempts`` of a call that changes nothing, with a ``pause`` that doubles.

    ``ca_file`` (PEM) replaces the system's authorities; ``client_certificate`` and ``client_key`` (PEM files)
    with ``client_key_password`` show who calls. ``ssl_context`` replaces all four, for whoever needs more.
    ``proxy`` is an ``http://`` or ``https://`` address, ``proxy_login`` its ``user:password``; the environment
    is not asked for one.

    Raises :class:`~vndoc.errors.OwnFaultError` (``carrier-configuration``) for a number out of its range.
    """

    connect_timeout: float = attrs.field(default=10.0, validator=_between(0.001, 3600))
    read_timeout: float = attrs.field(default=60.0, validator=_between(0.001, 3600))
    total_timeout: float = attrs.field(default=180.0, validator=_between(0.001, 86400))
    transfer_timeout: float = attrs.field(default=3600.0, validator=_between(0.001, 86400))
    max_connections: int = attrs.field(default=4, validator=_between(1, 10))
    max_list: int = attrs.field(default=64 * 1024 * 1024, validator=_between(1, 2**31))
    max_page: int = attrs.field(default=2 * 1024 * 1024, validator=_between(1, 2**31))
    attempts: int = attrs.field(default=3, validator=_between(1, 10))
    pause: float = attrs.field(default=0.5, validator=_between(0, 60))
    ca_file: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    client_key_password: Secret | None = None
    ssl_context: ssl.SSLContext | None = attrs.field(default=None, repr=False, eq=False)
    proxy: str | None = None
    proxy_login: Secret | None = None

    def tls(self, carrier: str) -> ssl.SSLContext:
        """Return the context of TLS: verified, TLS 1.2 or later. Raises ``carrier-configuration``."""
        if self.ssl_context is not None:
            return self.ssl_context
        password = self.client_key_password
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.client_certificate is not None:
                # without a password OpenSSL would ask the terminal for one
                secret = "" if password is None else password.reveal()
                context.load_cert_chain(self.client_certificate, self.client_key, password=secret)
        except (OSError, ValueError) as error:
            detail = _NO_TLS.filled(detail=getattr(error, "strerror", None) or type(error).__name__)
            raise OwnFaultError("carrier-configuration", carrier=carrier, detail=detail) from error
        return context

    def pools(self, patience: Patience, carrier: str, *, secure: bool) -> PoolManager:
        """Return urllib3's manager of connections, set up so. TLS is loaded only where something is *secure*."""
        import urllib3  # noqa: PLC0415 - an extra; the caller has made sure of it

        from vndoc.transport._patience import pool_classes  # noqa: PLC0415 - as above

        common: dict[str, Any] = {
            "num_pools": 2,
            "maxsize": self.max_connections,
            "block": True,
            "timeout": urllib3.Timeout(connect=self.connect_timeout, read=self.read_timeout),
        }
        manager: PoolManager
        if self.proxy is None:
            manager = urllib3.PoolManager(**common, ssl_context=self.tls(carrier) if secure else None)
        else:
            proxy = Endpoint.parse(self.proxy, carrier)
            login = self.proxy_login
            named = None if login is None else urllib3.make_headers(proxy_basic_auth=login.reveal())
            manager = urllib3.ProxyManager(
                proxy.url,
                **common,
                proxy_headers=named,
                ssl_context=self.tls(carrier) if secure else None,
                proxy_ssl_context=self.tls(carrier) if proxy.secure else None,
            )
        manager.pool_classes_by_scheme = pool_classes(patience)
        return manager
