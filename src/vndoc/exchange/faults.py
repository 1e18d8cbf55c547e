"""Our own faults and the faults of the peer: two types, because they ask for different things.

A peer's fault passes, so the same message is tried again. An own fault does not: repeating the call is of no
use, somebody on this side has to act. Where that is a matter of settings (a secret, an address), the message waits for
it; where it is the message itself, it has failed.
"""

from __future__ import annotations

from typing import Final, overload

import attrs

from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError
from vndoc.errors._arguments import need
from vndoc.text import Lang, Text, mask, shorten

__all__ = ["PAUSING", "REPAIRABLE", "Fault", "OwnFault", "PeerFault", "fault_of"]

PAUSING: Final = frozenset({"carrier-clock", "carrier-closed", "carrier-configuration", "carrier-credentials"})
"""Own faults that lie in a carrier as it is set up, and in no message: the carrier rests, and every message waits."""

REPAIRABLE: Final = PAUSING | {"carrier-unknown-sender", "carrier-unsupported"}
"""Own faults that lie in the settings of this system: the message is held until they are mended."""


@attrs.frozen
class OwnFault:
    """The fault lies on this side. ``code`` is one of :data:`vndoc.errors.ERRORS`, ``detail`` its text, masked."""

    code: str
    detail: Text = attrs.field(default=Text("", ""), eq=False)

    @property
    def is_repairable(self) -> bool:
        """Return whether it lies in the settings, not in the message."""
        return self.code in REPAIRABLE

    def text(self, lang: Lang = "en") -> str:
        """Return the message in *lang*."""
        return self.detail.render(lang)


@attrs.frozen
class PeerFault:
    """The other side or the line failed. ``retry`` says whether repeating is safe."""

    code: str
    retry: Retry
    detail: Text = attrs.field(default=Text("", ""), eq=False)

    def text(self, lang: Lang = "en") -> str:
        """Return the message in *lang*."""
        return self.detail.render(lang)


Fault = OwnFault | PeerFault
"""Either."""


@overload
def fault_of(error: PeerFaultError) -> PeerFault: ...
@overload
def fault_of(error: OwnFaultError) -> OwnFault: ...
@overload
def fault_of(error: TransportError) -> Fault: ...
def fault_of(error: TransportError) -> Fault:
    """Return *error*, raised by a carrier, as a value that can be kept: at most 500 characters of text, masked.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for what is no such error.
    """
    need("error", error, TransportError)
    detail = Text(
        *(shorten(mask(error.text(lang)), 500).replace("{", "{{").replace("}", "}}") for lang in ("vi", "en"))
    )
    if isinstance(error, PeerFaultError):
        return PeerFault(error.code, error.retry, detail)
    return OwnFault(error.code, detail)
