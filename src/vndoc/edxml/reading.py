"""What reading a packet gives."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import attrs

from vndoc.edxml.deviations import Deviation, Severity
from vndoc.edxml.elements import Reference
from vndoc.envelope import DocumentPacket, Octets, Packet, StatusPacket
from vndoc.errors import UsageError
from vndoc.limits import Limits
from vndoc.xml import Skeleton

__all__ = ["Reading"]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Reading:
    """A packet as it was read, with everything that only the file knows.

    ``packet`` is the value, ``deviations`` what departs from the standard (layout first, then part by part),
    ``manifest`` the manifest as it stood (``None``: there was none), ``dialect`` the form of the file
    (``qcvn-102``, ``no-namespace``, ``bkav`` or ``go-vn``), ``skeleton`` the XML without attachment
    text, with spans into ``source`` for what was cut out, ``temporary`` the temporary files made on the way.

    Attachments are read from ``source`` again when they are opened. Close the reading, or use it in a
    ``with`` statement, when the attachments are no longer needed; this frees temporary files at once.
    """

    packet: Packet
    deviations: tuple[Deviation, ...]
    manifest: tuple[Reference, ...] | None
    dialect: str
    skeleton: Skeleton
    source: Octets
    limits: Limits
    temporary: tuple[Octets, ...] = ()

    @property
    def document(self) -> DocumentPacket:
        """Return the packet; :class:`~vndoc.errors.UsageError` ``wrong-packet-kind`` for a status packet."""
        if not isinstance(self.packet, DocumentPacket):
            raise UsageError("wrong-packet-kind", expected="DocumentPacket", found="StatusPacket")
        return self.packet

    @property
    def status(self) -> StatusPacket:
        """Return the packet; :class:`~vndoc.errors.UsageError` ``wrong-packet-kind`` for a document packet."""
        if not isinstance(self.packet, StatusPacket):
            raise UsageError("wrong-packet-kind", expected="StatusPacket", found="DocumentPacket")
        return self.packet

    @property
    def is_complete(self) -> bool:
        """Return whether everything in the file was understood: no deviation is an error."""
        return all(d.severity is not Severity.ERROR for d in self.deviations)

    def close(self) -> None:
        """Free the temporary files behind the attachments; opening one afterwards raises ``source-closed``."""
        for octets in (self.source, *self.temporary):
            close = getattr(octets, "close", None)
            if close is not None:
                close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Reading({self.packet!r}, dialect={self.dialect!r}, deviations=<{len(self.deviations)}>)"
