"""What a caller asks of a carrier, looked at before anything is done.

A word of the axis where a member of an enumeration is needed would otherwise do nothing, and nobody would know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from vndoc.errors import OwnFaultError
from vndoc.text import Text
from vndoc.transport.base import Kind, Settlement

_NO_LIST: Final = Text("phải là danh sách mã đơn vị", "it must be a list of codes")
_NO_MEMBER: Final = Text("phải là {expected}", "it must be a {expected}")


def listed(recipients: Sequence[str], carrier: str) -> tuple[str, ...]:
    """Return *recipients*, each once. Raises ``carrier-recipients-missing``; ``carrier-parameter`` for what is no list
    of texts: the characters of a single text would be the codes.
    """
    if isinstance(recipients, str | bytes) or not isinstance(recipients, Iterable):
        raise OwnFaultError("carrier-parameter", carrier=carrier, name="recipients", detail=_NO_LIST)
    found = tuple(recipients)
    if not all(isinstance(code, str) for code in found):
        raise OwnFaultError("carrier-parameter", carrier=carrier, name="recipients", detail=_NO_LIST)
    if not found:
        raise OwnFaultError("carrier-recipients-missing", carrier=carrier)
    return tuple(dict.fromkeys(found))


def check_kind(kind: Kind, carrier: str) -> None:
    """Raise ``carrier-parameter`` where *kind* is no :class:`Kind`."""
    _check("kind", kind, Kind, carrier)


def check_settlement(settlement: Settlement, carrier: str) -> None:
    """Raise ``carrier-parameter`` where *settlement* is no :class:`Settlement`."""
    _check("settlement", settlement, Settlement, carrier)


def _check(name: str, value: object, kind: type, carrier: str) -> None:
    if not isinstance(value, kind):
        detail = _NO_MEMBER.filled(expected=kind.__name__)
        raise OwnFaultError("carrier-parameter", carrier=carrier, name=name, detail=detail)
