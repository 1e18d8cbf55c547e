"""The stream route: expat reads the packet piece by piece, in any encoding, and decides what is refused.

It writes the skeleton anew in UTF-8, without declaration, comments and processing instructions; these two are kept
aside, for signatures that are made over them. The text of each holder element that grows too long for the tree goes
to a spool, as the tree would have had it. Memory stays flat whatever the size of the packet.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable
from itertools import pairwise
from types import MappingProxyType
from typing import BinaryIO, Final, cast
from xml.parsers import expat

import attrs
from lxml import etree

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import LimitError, ReadError
from vndoc.limits import Limits
from vndoc.text import Text
from vndoc.xml import sniff
from vndoc.xml.base64text import Proof
from vndoc.xml.parser import MAX_DEPTH, parse_strictly
from vndoc.xml.skeleton import HOLDER_PARENT, HOLDERS, Lines, Note, Skeleton, Spool, interleave, weave

__all__ = ["READ", "stream"]

READ: Final = 64 * 1024
"""Octets given to expat at a time."""

_ENCODING_HEAD = 8  # expat guesses the encoding from the first piece it gets: that must not be a single octet
_NOTE_COST = 64  # what a kept comment costs besides its octets
_XLINK_URI = "http://www.w3.org/1999/xlink"
_NOT_WELL_FORMED = {  # by expat's error codes; those that need a DTD or a wrong call cannot come up
    2: Text("sai cú pháp", "syntax error"),
    3: Text("không có phần tử nào, hoặc tệp bị cắt cụt", "no element found, or the input is cut short"),
    4: Text("có ký tự không hợp lệ", "not well-formed (invalid token)"),
    5: Text("thẻ hoặc chú thích chưa kết thúc", "unclosed token"),
    6: Text("ký tự cuối không trọn vẹn", "partial character"),
    7: Text("thẻ đóng không khớp thẻ mở", "mismatched tag"),
    8: Text("thuộc tính bị lặp", "duplicate attribute"),
    9: Text("còn nội dung sau phần tử gốc", "junk after document element"),
    11: Text("thực thể chưa được định nghĩa", "undefined entity"),
    14: Text("tham chiếu tới ký tự không hợp lệ", "reference to invalid character number"),
    17: Text("khai báo XML không ở đầu tệp", "XML declaration not at start of the input"),
    20: Text("phần CDATA chưa kết thúc", "unclosed CDATA section"),
    30: Text("khai báo XML sai cú pháp", "XML declaration not well-formed"),
}


def stream(
    source: Octets,
    limits: Limits,
    *,
    spool: Callable[[], Spool],
    skip: int = 0,
    declare: bool = False,
    encoding: str | None = None,
    read: int = READ,
) -> Skeleton:
    """Take *source* apart.

    *skip* octets at the start are left out; with *declare* the prefix ``xlink`` is declared on the root if it is
    not; with *encoding* the declared one is not believed. *read* octets are read at a time. Raises
    :class:`ReadError` and, for a limit, :class:`LimitError`.
    """
    with source.open() as file:
        file.seek(skip)
        head = file.read(sniff.HEAD)
        file.seek(skip)
        writer = _Writer(limits, spool, declare, None if encoding else head)
        writer.parser = _parser(writer, encoding or _encoding(head))
        try:
            _run(writer, file, head, read)
        except ReadError as error:
            if error.code != "xml-malformed":
                raise
            raise sniff.explain(error, head) from None
    return writer.finish()


def _run(writer: _Writer, file: BinaryIO, head: bytes, read: int) -> None:
    """Feed *file* to expat."""
    if sniff.utf32(head):
        raise ReadError("xml-encoding", found="UTF-32")
    parser, limits = writer.parser, writer.limits
    fed = 0
    while chunk := file.read(read if fed else max(read, _ENCODING_HEAD)):
        fed += len(chunk)
        if fed > limits.packet_bytes:
            raise LimitError("limit-packet-bytes", limit=limits.packet_bytes)
        _feed(writer, chunk)
        if fed - parser.CurrentByteIndex > limits.token_bytes:
            raise LimitError("limit-token-bytes", limit=limits.token_bytes)
    _feed(writer, b"")


def _feed(writer: _Writer, chunk: bytes) -> None:
    """Feed *chunk* (the last one is empty) and map the errors of expat."""
    try:
        writer.parser.Parse(chunk, not chunk)
    except expat.ExpatError as error:
        detail = _NOT_WELL_FORMED.get(error.code, Text(f"lỗi {error.code}", str(expat.ErrorString(error.code))))
        raise ReadError("xml-malformed", line=error.lineno, column=error.offset + 1, detail=detail) from None


def _parser(writer: _Writer, encoding: str | None) -> expat.XMLParserType:
    """Return an expat parser whose events go to *writer*; *encoding* replaces the declared one."""
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.buffer_size = READ
    parser.ordered_attributes = True
    with contextlib.suppress(AttributeError):  # newer expat only: else unfinished tokens look twice as long
        parser.SetReparseDeferralEnabled(False)
    parser.XmlDeclHandler = writer.declaration
    parser.StartDoctypeDeclHandler = writer.doctype
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.CommentHandler = writer.comment
    parser.ProcessingInstructionHandler = writer.instruction
    return parser


def _encoding(head: bytes) -> str | None:
    """Return the encoding to tell expat: UTF-8 if it is called "utf8", or US-ASCII behind the mark of UTF-8."""
    found = sniff.declared_encoding(head)
    if found is None or not sniff.fitting(found, "UTF-8"):
        return None
    return "utf-8" if sniff.octet_encoding(head) == "UTF-8" or not found.lower().endswith("ascii") else None


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _escape_value(text: str) -> str:
    text = _escape(text).replace('"', "&quot;")
    return text.replace("\t", "&#9;").replace("\n", "&#10;")


class _Holder:
    """The text of the holder element that is open: in memory while it is short, then in the spool."""

    __slots__ = ("length", "notes", "pieces", "proof")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.length = 0
        self.proof: Proof | None = None
        self.notes: list[Note] = []


class _Writer:
    """Takes expat's events, writes the skeleton and spools long texts."""

    parser: expat.XMLParserType

    def __init__(self, limits: Limits, make_spool: Callable[[], Spool], declare: bool, head: bytes | None) -> None:
        self.limits = limits
        self._head = head  # None: whatever is declared, the parser was told the encoding
        self._make_spool = make_spool
        self._spool: Spool | None = None
        self._spooled = 0
        self._declare = declare
        self._depth = min(limits.depth, MAX_DEPTH)
        self._out = bytearray()
        self._cuts: list[int] = []
        self._cut: list[_Holder] = []
        self._notes: list[Note] = []
        self._noted: int | None = 0  # octets of all notes; None: too many, none is kept
        self._lines = array("L")
        self._names: list[str] = []
        self._bound: list[frozenset[str]] = [frozenset({"xml", "xlink"} if declare else {"xml"})]
        self._holder: _Holder | None = None

    # -- events ---------------------------------------------------------------------------------

    def declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        """Refuse a version that is not 1.x (XML 1.0, production 26), as libxml2 does, and encodings not read here."""
        if not version.startswith("1."):
            line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
            raise ReadError("xml-malformed", line=line, column=column, detail=f"XML {version}")
        if encoding is None or self._head is None:
            return
        octets = sniff.contradiction(encoding, self._head)
        if octets is not None:
            raise ReadError("xml-encoding-mismatch", found=encoding, expected=octets, hint=sniff.HINT)
        if not sniff.supported(encoding):
            raise ReadError("xml-encoding", found=encoding)

    def doctype(self, *_: object) -> None:
        """Refuse a document type declaration."""
        raise ReadError("xml-dtd")

    def start(self, name: str, attributes: list[str]) -> None:
        """Write a start tag."""
        if self._holder is not None:
            self._keep(self._holder)
        names = self._names
        if len(names) >= self._depth:
            raise LimitError("limit-depth", limit=self._depth)
        keys = attributes[::2]
        self._check_prefixes(name, keys)
        tag = "".join(f' {key}="{_escape_value(value)}"' for key, value in zip(keys, attributes[1::2], strict=True))
        if self._declare and not names and "xmlns:xlink" not in keys:
            tag = f' xmlns:xlink="{_XLINK_URI}"{tag}'
        self._write(f"<{name}{tag}>".encode())
        self._lines.append(self.parser.CurrentLineNumber)
        local = _local(name)
        if local in HOLDERS and names and _local(names[-1]) == HOLDER_PARENT:
            self._holder = _Holder()
        names.append(name)

    def end(self, name: str) -> None:
        """Write an end tag, and before it the text or the place for its token."""
        holder = self._holder
        if holder is not None:
            self._holder = None
            if holder.proof is None:
                self._write_text(b"".join(holder.pieces), holder.notes)
            else:
                self._cuts.append(len(self._out))
                self._cut.append(holder)
        self._write(f"</{name}>".encode())
        self._names.pop()
        self._bound.pop()

    def text(self, text: str) -> None:
        """Write text, or give it to the open holder."""
        if self._holder is None:
            self._write(_escape(text).encode())
            return
        holder, piece = self._holder, text.encode()
        holder.length += len(piece)
        if holder.proof is None:
            holder.pieces.append(piece)
            if holder.length <= self.limits.inline_text:
                return
            holder.proof = Proof(self._spooled)
            piece = b"".join(holder.pieces)
            holder.pieces.clear()
        holder.proof.feed(piece)
        if holder.proof.damage is None or holder.length <= self.limits.skeleton_bytes:
            self._store(piece)

    def comment(self, text: str) -> None:
        """Keep a comment aside."""
        self._note(f"<!--{text}-->".encode(), is_comment=True)

    def instruction(self, target: str, text: str) -> None:
        """Keep a processing instruction aside."""
        self._note((f"<?{target} {text}?>" if text else f"<?{target}?>").encode(), is_comment=False)

    # -- helpers --------------------------------------------------------------------------------

    def _write(self, octets: bytes) -> None:
        if len(self._out) + len(octets) > self.limits.skeleton_bytes:
            raise LimitError("limit-skeleton-bytes", limit=self.limits.skeleton_bytes)
        self._out += octets

    def _write_text(self, data: bytes, notes: list[Note]) -> None:
        """Write a text, and tell where its notes are now."""
        pos = 0
        for note in notes:
            self._write(_escape(data[pos : note.at].decode()).encode())
            self._notes.append(attrs.evolve(note, at=len(self._out)))
            pos = note.at
        self._write(_escape(data[pos:].decode()).encode())

    def _note(self, octets: bytes, *, is_comment: bool) -> None:
        if self._noted is None:
            return
        self._noted += len(octets) + _NOTE_COST
        if self._noted > self.limits.skeleton_bytes:
            self._noted = None
        elif self._holder is None:
            self._notes.append(Note(len(self._out), octets, is_comment))
        else:
            self._holder.notes.append(Note(self._holder.length, octets, is_comment))

    def _store(self, piece: bytes) -> None:
        if self._spool is None:
            self._spool = self._make_spool()
        self._spool.write(piece)
        self._spooled += len(piece)

    def _keep(self, holder: _Holder) -> None:
        """Put the text of a holder that has a child element into the skeleton: it is not a pure text."""
        self._holder = None
        data = b"".join(holder.pieces)
        if holder.proof is not None:
            if holder.length > self.limits.skeleton_bytes:
                raise LimitError("limit-skeleton-bytes", limit=self.limits.skeleton_bytes)
            with cast("Spool", self._spool).open() as file:
                file.seek(holder.proof.start)
                data = file.read(holder.length)
        self._write_text(data, holder.notes)

    def _check_prefixes(self, name: str, keys: list[str]) -> None:
        """Refuse a prefix that is not declared here or further out (Namespaces in XML 1.0, section 5)."""
        bound = self._bound[-1]
        declared = [key[6:] for key in keys if key.startswith("xmlns:")]
        if declared:
            bound = bound.union(declared)
        self._bound.append(bound)
        for used in (name, *keys):
            prefix, colon, _ = used.partition(":")
            if colon and prefix not in bound and not (prefix == "xmlns" and used is not name):
                hint = sniff.HINT if prefix == "xlink" else ""
                raise ReadError("xml-unbound-prefix", line=self.parser.CurrentLineNumber, detail=used, hint=hint)

    # -- the outcome ------------------------------------------------------------------------------

    def finish(self) -> Skeleton:
        """Return the skeleton, after expat has seen the end."""
        out, limit = bytes(self._out), self.limits.skeleton_bytes
        edges = [0, *self._cuts, len(out)]
        data, tokens = weave([out[a:b] for a, b in pairwise(edges)], [note.octets for note in self._notes])
        if len(data) > limit:
            raise LimitError("limit-skeleton-bytes", limit=limit)
        place: Octets = MemoryOctets(b"") if self._spool is None else self._spool
        texts = {token: cast("Proof", held.proof).text(place) for token, held in zip(tokens, self._cut, strict=True)}
        notes = {token: tuple(held.notes) for token, held in zip(tokens, self._cut, strict=True) if held.notes}
        return Skeleton(
            root=self._parse(data),
            data=data,
            texts=MappingProxyType(texts),
            spans=(),
            route="stream",
            lines=Lines(table=self._lines),
            full_data=self._full(out, edges, tokens, data),
            notes=MappingProxyType(notes),
            note_bytes=limit,
            lost=frozenset(token for token, text in texts.items() if text.damage and text.stop - text.start > limit),
        )

    def _full(self, out: bytes, edges: list[int], tokens: tuple[str, ...], data: bytes) -> bytes | None:
        """Return *data* with the notes in their places: none is where a text was cut out, that one is its holder's."""
        if self._noted is None:
            return None
        if not self._notes:
            return data
        notes = iter(self._notes)
        note = next(notes, None)
        segments = []
        for start, stop in pairwise(edges):
            parts: list[bytes] = []
            pos = start
            while note is not None and note.at <= stop:
                parts += (out[pos : note.at], note.octets)
                pos = note.at
                note = next(notes, None)
            segments.append(b"".join([*parts, out[pos:stop]]))
        return interleave(segments, tokens)

    def _parse(self, data: bytes) -> etree._Element:
        try:
            return parse_strictly(data)
        except ReadError as error:
            line, detail = self._line(data, error), error.values["detail"]
            raise ReadError("xml-malformed", line=line, column=1, detail=detail) from None

    def _line(self, data: bytes, error: ReadError) -> int:
        """Return the line in the source of the start tag that libxml2 complains about."""
        pos = 0
        for _ in range(int(str(error.values["line"])) - 1):
            pos = data.index(b"\n", pos) + 1
        pos += int(str(error.values["column"]))
        seen = data.count(b"<", 0, pos) - data.count(b"</", 0, pos)
        return self._lines[max(0, seen - 1)]


def _local(name: str) -> str:
    prefix, colon, local = name.partition(":")
    return local if colon else prefix
