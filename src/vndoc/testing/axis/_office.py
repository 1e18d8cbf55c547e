"""Taking packets over: what all faces of the simulated axis do in the same way, and how refusals are told."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

import vndoc
from vndoc.envelope import DocumentPacket, Packet, StatusPacket
from vndoc.errors import AttachmentError, LimitError, OwnFaultError, ReadError, SourceError, VndocError
from vndoc.limits import Limits
from vndoc.packets.files import FileOctets
from vndoc.testing.axis._asking import AXIS_FAULT, FILE_FAULT, KNOWN, NOT_EDXML, NUMBERS, Answer, Ask, Face
from vndoc.testing.axis.core import AxisCore
from vndoc.testing.axis.faults import FaultKind, Faults
from vndoc.testing.axis.records import CARRIER, Submission, refuse
from vndoc.testing.axis.rewriting import Rewriting
from vndoc.text import Text
from vndoc.transport.base import Kind

__all__ = ["Office", "forget_files"]


class KnownError(OwnFaultError):
    """A new document that is there already."""


@attrs.define(eq=False, kw_only=True)
class Office:
    """What the faces share: the state, the folder, and how strict the axis is."""

    core: AxisCore
    faults: Faults
    rewriting: Rewriting | None
    clock: Callable[[], datetime.datetime]
    folder: Path
    limits: Limits
    max_skew: datetime.timedelta | None
    strict_hash: bool
    refuse_known: bool
    list_limit: int | None
    files: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))
    sending: threading.Lock = attrs.field(factory=threading.Lock)

    def new_path(self) -> Path:
        """Return the path of a new file for what comes in."""
        while (path := self.folder / f"{next(self.files):08d}.in.edxml").exists():
            continue
        return path

    def take_in(
        self,
        ask: Ask,
        system: str,
        *,
        sender: str | None,
        kind: Kind | None,
        recipients: Sequence[str] | None,
        cut: int = 0,
        span: tuple[int, int] | None = None,
        attachment_bytes: int | None = None,
        refuse_known: bool = False,
    ) -> Submission:
        """Take over the packet in the body of *ask*, without its last *cut* octets, or in *span* of it.

        What the protocol does not say is taken from the packet: *sender*, *kind*, *recipients*. A status goes to whom
        it answers, whatever *recipients* says. Raises what ``AxisCore.submit`` does, and the errors of reading and
        writing.
        """
        assert ask.body.path is not None  # noqa: S101 - routes that send take files
        if ask.has(FaultKind.WRONG_HASH):
            raise refuse("carrier-refused", detail=WRONG_HASH)
        source = ask.body.path
        _shorten(source, span or (0, ask.body.size - cut))
        received = FileOctets(source)
        packet = self._read(source)
        kind = kind or (Kind.STATUS if isinstance(packet, StatusPacket) else Kind.DOCUMENT)
        sender = sender or _sender(packet)
        recipients = _addressed(packet, recipients)
        if attachment_bytes is not None:
            _check_attachments(packet, attachment_bytes)
        number = self.core.reserve()
        content = received if self.rewriting is None else self._written(packet, source, number, ask.at)
        try:
            with self.sending:  # no other one comes between the question and the entry
                if refuse_known:
                    self._refuse_known(packet, sender, recipients)
                submission = self.core.submit(
                    system,
                    kind=kind,
                    sender=sender,
                    recipients=recipients,
                    content=content,
                    received=received,
                    number=number,
                    at=ask.at,
                    subject=(packet.subject or "") if isinstance(packet, DocumentPacket) else "",
                    notation=str(packet.code) if isinstance(packet, DocumentPacket) and packet.code else "",
                    times=2 if ask.has(FaultKind.DUPLICATE) else 1,
                    lose=ask.has(FaultKind.RECEIPT_BEFORE_COMMIT),
                    closed=self._closed(ask),
                )
        except BaseException:
            if content is not received:
                Path(content.path).unlink(missing_ok=True)
            raise
        ask.body.kept = True
        return submission

    def _read(self, path: Path) -> Packet | None:
        """Return the packet; None for what is none where octets pass through."""
        try:
            reading = vndoc.read(path, limits=self.limits)
        except LimitError:
            raise
        except ReadError:
            if self.rewriting is None:
                return None
            raise
        return reading.packet

    def _written(self, packet: Packet | None, source: Path, number: int, at: datetime.datetime) -> FileOctets:
        assert packet is not None  # noqa: S101 - what cannot be read was refused
        assert self.rewriting is not None  # noqa: S101 - asked by the caller
        target = source.with_name(source.name.replace(".in.", ".out."))
        try:
            with target.open("wb") as sink:
                self.rewriting.carry(packet, sink, number=number, at=at)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return FileOctets(target)

    def _refuse_known(self, packet: Packet | None, sender: str, recipients: Sequence[str]) -> None:
        if isinstance(packet, DocumentPacket) and packet.bussiness_doc_type == 0 and packet.code:
            source = self.core.agency(sender)
            for recipient in map(self.core.agency, recipients):
                if source and recipient and self.core.knows(source.code, recipient.code, str(packet.code)):
                    raise KnownError("carrier-refused", carrier=CARRIER, detail=_KNOWN)

    def _closed(self, ask: Ask) -> frozenset[str]:
        """Return the codes that a fault closes for this call."""
        named = {fault.agency for fault in ask.due.get(FaultKind.CLOSED, ())}
        if None in named:
            return frozenset(agency.code for agency in self.core.agencies())
        return frozenset(code for code in named if code)

    # -- refusing ----------------------------------------------------------------------------------

    def failure(self, face: Face, error: VndocError | OSError) -> Answer:
        """Return the answer of *face* that says *error*."""
        if isinstance(error, KnownError):
            return face.failure(KNOWN, _text_of(error))
        if isinstance(error, OwnFaultError):
            unauthorised = error.code == "carrier-credentials"
            return face.failure(NUMBERS[error.code], _text_of(error), unauthorised=unauthorised)
        if isinstance(error, AttachmentError):
            return face.failure(FILE_FAULT, _text_of(error))
        if isinstance(error, VndocError) and not isinstance(error, SourceError):
            return face.failure(NOT_EDXML, _text_of(error))
        return face.failure(AXIS_FAULT, OWN_FAULT)


def _text_of(error: VndocError) -> Text:
    return Text("{vi}", "{en}").filled(vi=error.text("vi"), en=error.text("en"))


def _shorten(path: Path, span: tuple[int, int]) -> None:
    """Leave only the octets in *span* of the file."""
    start, end = span
    if start:
        part = path.with_suffix(".part")
        with path.open("rb") as source, part.open("wb") as target:
            source.seek(start)
            left = end - start
            while left and (piece := source.read(min(left, 1024 * 1024))):
                target.write(piece)
                left -= len(piece)
        part.replace(path)
    elif end < path.stat().st_size:
        with path.open("r+b") as file:
            file.truncate(end)


def _sender(packet: Packet | None) -> str:
    if packet is None or packet.from_ is None or packet.from_.organ_id is None:
        raise refuse("carrier-unknown-sender", sender="?")
    return str(packet.from_.organ_id)


def _addressed(packet: Packet | None, given: Sequence[str] | None) -> Sequence[str]:
    """Return whom *packet* is for, *given* what the call says.

    No client is known to name the recipient of a status on purpose; but the vendor's sends the ``to`` of an earlier
    document again (practice).
    """
    own = _recipients(packet)
    return own if given is None or (isinstance(packet, StatusPacket) and own) else given


def _recipients(packet: Packet | None) -> list[str]:
    """Return whom a packet is for: the ``To`` of a document, the counterparty of a status."""
    if packet is None:
        return []
    if isinstance(packet, StatusPacket):
        of = packet.response_for
        return [str(of.organ_id)] if of and of.organ_id else []
    return [str(to.organ_id) for to in packet.to if to.organ_id]


def _check_attachments(packet: Packet | None, limit: int) -> None:
    for attachment in packet.attachments if isinstance(packet, DocumentPacket) else ():
        if attachment.size > limit:
            raise refuse("carrier-too-big", size=attachment.size, limit=limit)


_KNOWN = Text("văn bản đã tồn tại", "the document is there already")
OWN_FAULT = Text("lỗi của trục", "a fault of the axis")
WRONG_HASH = Text("mã băm hash-file không khớp nội dung", "hash-file does not match the content")


def forget_files(submission: Submission) -> None:
    """Remove the files of a submission that the axis has forgotten."""
    for octets in (submission.content, submission.received):
        if isinstance(octets, FileOctets):
            with contextlib.suppress(OSError):  # a reader may hold it open on some systems
                Path(octets.path).unlink(missing_ok=True)
