"""The facade: read, write, validate, seal and verify packets, from bytes, paths or open files.

This floor opens paths, makes temporary files and supplies today's date; everything it calls below is pure.
"""

from __future__ import annotations

import datetime
import io
import os
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO, overload

from vndoc.edxml import Profile, Reading, interpret, profile_of
from vndoc.envelope import Attachment, DocumentPacket, Packet
from vndoc.errors import SourceError, UsageError, VndocError
from vndoc.errors._arguments import need
from vndoc.identifiers import OrganCode
from vndoc.limits import DEFAULT, Limits
from vndoc.packets.files import FileOctets, Source, TemporarySpool, acquire
from vndoc.text import Text
from vndoc.xml import split
from vndoc.xml.ahead import Ahead, Plan
from vndoc.xml.elide import Arrival

if TYPE_CHECKING:
    from lxml import etree

    from vndoc.pki import Fetcher, RevocationSource, TrustStore
    from vndoc.schema import Report
    from vndoc.signature.originals import Organisations
    from vndoc.signature.packet import PacketVerdict
    from vndoc.signature.policy import Policy
    from vndoc.signature.signing import Signer
    from vndoc.signature.tsp import Stamp

__all__ = ["Source", "attach", "read", "read_packet", "seal", "validate", "verify", "write_packet"]

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_VIETNAM = datetime.timezone(datetime.timedelta(hours=7))


def read(source: Source, *, recover: bool = False, limits: Limits = DEFAULT) -> Reading:
    """Read one packet.

    *source* is the packet's octets, the path of a file (``str`` or path-like), or an open binary file, which
    is read to its end. *recover* also reads files with stray characters before the XML, an
    undeclared ``xlink`` prefix, or an encoding other than declared. Attachments are not held in memory: they
    are read again from *source* when opened, so a file must stay where it is until then.

    Returns a :class:`~vndoc.edxml.Reading`. Raises :class:`~vndoc.errors.ReadError` where the input is no packet,
    :class:`~vndoc.errors.LimitError` where it exceeds *limits*, :class:`~vndoc.errors.SourceError` for
    files that cannot be read and :class:`~vndoc.errors.UsageError` for a source of another type.
    """
    coming = _Coming(limits)
    octets = acquire(source, limits, watch=coming.take)
    spools: list[TemporarySpool] = []

    def spool() -> TemporarySpool:
        spools.append(TemporarySpool())
        return spools[-1]

    try:
        skeleton = split(octets, spool=spool, limits=limits, recover=recover, arrival=coming.arrival)
        return interpret(skeleton, octets, limits=limits, temporary=tuple(spools))
    except BaseException:
        for made in [octets, *spools]:
            if isinstance(made, TemporarySpool):
                made.close()
        raise


_CLOSED = Text("tệp đã đóng", "the file is closed")
_LITTLE = 128 * 1024
"""Octets that are digested in less time than it takes to find out what to digest while they come."""


class _Coming:
    """What comes from an open file: taken apart on the way, unless it is little and comes in one piece."""

    def __init__(self, limits: Limits) -> None:
        self.arrival: Arrival | None = None
        self._limits = limits
        self._held = b""

    def take(self, piece: bytes) -> None:
        """Take the next octets."""
        if self.arrival is None:
            if not self._held and len(piece) <= _LITTLE:
                self._held = piece
                return
            self.arrival = Arrival(self._limits, Ahead(_planned))
            if self._held:
                self.arrival.feed(self._held)
        self.arrival.feed(piece)


def _planned(root: etree._Element) -> Plan | None:
    """Return what the signature in the header of the beginning of a packet is over, if it has one."""
    if next(root.iter(_SIGNATURE), None) is None:
        return None
    from vndoc.signature._xmldsig_ahead import planned  # noqa: PLC0415 - loaded when asked for: reading does without

    return planned(root)


def read_packet(source: Source, *, recover: bool = False, limits: Limits = DEFAULT) -> Packet:
    """Read one packet and return only its value: ``read(source).packet``."""
    return read(source, recover=recover, limits=limits).packet


@overload
def write_packet(packet: Packet, *, profile: str | Profile = "qcvn-102", to: None = None) -> bytes: ...


@overload
def write_packet(packet: Packet, *, profile: str | Profile = "qcvn-102", to: BinaryIO) -> None: ...


def write_packet(packet: Packet, *, profile: str | Profile = "qcvn-102", to: BinaryIO | None = None) -> bytes | None:
    """Write one packet in the form of *profile*; return its octets, or write them to the binary file *to*.

    With *to*, attachments are streamed. The packet is checked first: nothing is written unless it passes.
    Raises :class:`~vndoc.errors.WriteError` where something mandatory is missing (it is never invented) or a value
    cannot be written, :class:`~vndoc.errors.AttachmentError` or :class:`~vndoc.errors.LimitError` where an
    attachment cannot be opened, :class:`~vndoc.errors.SourceError` where *to* fails, and
    :class:`~vndoc.errors.UsageError` for an unknown profile or a target that is no binary file.
    """
    from vndoc.edxml.writer import write  # noqa: PLC0415 - loaded when asked for: reading does without

    form = profile_of(profile)
    if to is None:
        buffer = io.BytesIO()
        write(packet, form, buffer)
        return buffer.getvalue()
    target: object = to
    if not callable(getattr(target, "write", None)) or isinstance(target, io.TextIOBase):
        raise UsageError("target-type", found=type(target).__name__)
    try:
        write(packet, form, to)
    except VndocError:
        raise
    except OSError as error:
        raise _unwritable(to, error.strerror or type(error).__name__) from error
    except ValueError as error:
        if not getattr(to, "closed", False):
            raise
        raise _unwritable(to, _CLOSED) from error
    return None


def _unwritable(to: BinaryIO, detail: str | Text) -> SourceError:
    return SourceError("target-unwritable", name=str(getattr(to, "name", "")), detail=detail)


def validate(
    source: Source | Reading,
    *,
    profile: str | Profile = "qcvn-102",
    today: datetime.date | None = None,
    structure: str = "fast",
) -> Report:
    """Check one packet against the standard, the business rules and the limits of *profile*.

    *source* is anything :func:`read` takes, or a reading (then nothing is parsed again). *today* is the
    date that dates are compared with, by default today in Vietnam. *structure* is ``"fast"`` (XSD 1.0 on the
    elements brought into order) or ``"as-sent"`` (XSD 1.1 on the packet as it is).

    Returns a :class:`~vndoc.schema.Report` with all findings sorted by place. Raises as :func:`read`.
    """
    from vndoc.schema import check  # noqa: PLC0415 - loaded when asked for: reading does without

    form = profile_of(profile)
    if today is None:
        today = datetime.datetime.now(_VIETNAM).date()
    if isinstance(source, Reading):
        return check(source, profile=form, today=today, structure=structure)
    with read(source) as reading:
        return check(reading, profile=form, today=today, structure=structure)


def verify(
    source: Source | Reading,
    *,
    policy: str | Policy,
    trust: TrustStore,
    at: datetime.datetime | None = None,
    organisations: Organisations | None = None,
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    proofs: Mapping[bytes, datetime.datetime] | None = None,
    normalise: Callable[[OrganCode], str] = str,
) -> PacketVerdict:
    """Verify the signatures of one packet: its seal and that of its header.

    *source* is anything :func:`read` takes, or a reading. *policy* is the name of a policy or a value, *trust* the
    anchors, *at* the time of evaluation (by default now), *organisations* the look-up of issuers, *revocation* whoever
    knows about revocation, *proofs* say since when things are proven to have existed (see
    :func:`~vndoc.signature.evaluation.evaluate`), *normalise* maps aliases of organ codes. *fetch* is asked for
    certificates and revocation that are missing, such as a :class:`vndoc.fetching.HttpFetcher`; without it nothing is
    fetched.

    Returns a :class:`~vndoc.signature.packet.PacketVerdict`; ask its ``passed``. What it ``covers`` can be opened as
    long as the verdict is there; temporary files go with it, and with *source* where that is a reading. Raises as
    :func:`read` and as :func:`~vndoc.signature.packet.verify_packet`.
    """
    from vndoc.signature.packet import verify_packet  # noqa: PLC0415 - loaded when asked for: reading does without

    at = datetime.datetime.now(datetime.UTC) if at is None else at
    reading = source if isinstance(source, Reading) else read(source)
    try:
        return verify_packet(
            reading,
            policy=policy,
            trust=trust,
            at=at,
            revocation=revocation,
            fetch=fetch,
            proofs=proofs,
            organisations=organisations,
            normalise=normalise,
        )
    except BaseException:
        if reading is not source:
            reading.close()
        raise


def seal(
    packet: DocumentPacket,
    signer: Signer,
    *,
    at: datetime.datetime | None = None,
    stamp: Stamp | None = None,
) -> DocumentPacket:
    """Return *packet* sealed by *signer*: two more attachments that survive an axis which writes packets anew.

    *at* is the signing time that is claimed (by default now), *stamp* a time-stamping authority. The signer's
    certificate is checked first: an expired one does not sign. Raises :class:`~vndoc.errors.SignatureError`,
    :class:`~vndoc.errors.UsageError` ``option-invalid`` for a *signer* that is none (a path, say), and as
    :func:`vndoc.signature.seal.seal`.
    """
    from vndoc.signature import seal as sealing  # noqa: PLC0415 - as above
    from vndoc.signature.signing import check_signing_certificate, need_signer  # noqa: PLC0415 - as above

    need_signer(signer)
    at = datetime.datetime.now(datetime.UTC) if at is None else at
    check_signing_certificate(signer.certificate, at=at)
    nonce = None if stamp is None else secrets.randbits(64)
    return sealing.seal(packet, signer, signing_time=at, stamp=stamp, nonce=nonce)


def attach(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    description: str | None = None,
    label: str | None = None,
    content_id: str | None = None,
) -> Attachment:
    """Return the file at *path* as an attachment to send; it is read when the packet is written.

    *name* is its file name by default. For octets in memory there is :meth:`vndoc.Attachment.of`. Raises
    :class:`~vndoc.errors.SourceError` where the file cannot be read, :class:`~vndoc.errors.UsageError`
    ``option-invalid`` for what is no path.
    """
    need("path", path, str, os.PathLike)
    octets = FileOctets(path)
    own_name = os.path.basename(octets.path)  # noqa: PTH119 - pathlib is slow to load
    return Attachment.of(octets, name=name or own_name, description=description, label=label, content_id=content_id)
