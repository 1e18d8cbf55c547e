"""Packets to take apart, and what the tests of ``vndoc.xml`` compare them with."""

from __future__ import annotations

import copy
import hashlib
import io
import re
from typing import BinaryIO

import attrs
from lxml import etree

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import VndocError
from vndoc.limits import DEFAULT, Limits
from vndoc.xml import Base64Text, Skeleton
from vndoc.xml.elide import elide
from vndoc.xml.stream import stream

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
SHORT = attrs.evolve(DEFAULT, inline_text=16)
"""Limits with which a text of 17 octets is cut out."""

_ORACLE = etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True, huge_tree=True)
_SIGNIFICANT = re.compile(r"[^ \t\r\n]")
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


class MemorySpool:
    """A spool for tests."""

    def __init__(self) -> None:
        self.data = bytearray()

    @property
    def size(self) -> int:
        return len(self.data)

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def open(self) -> BinaryIO:
        return io.BytesIO(bytes(self.data))


@attrs.frozen
class Stored:
    """Octets that do not look as if they lay in memory: takes the way of files."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)


def attachment(text: str, *, tag: str = "edXML:ContentTransferEncoded", name: str = "mau.pdf") -> str:
    return (
        f"<Attachment><ContentId>cid:1</ContentId><AttachmentName>{name}</AttachmentName>"
        f"<ContentType>application/pdf</ContentType>"
        f'<{tag} xmlns:edXML="{NS}">{text}</{tag}></Attachment>'
    )


def packet(
    *texts: str, declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n', before: str = "", **more: str
) -> str:
    """Return a small packet with an attachment for each of *texts*."""
    body = "\n".join(attachment(text, **more) for text in texts)
    return (
        f'{declaration}<edXML xmlns="{NS}"><edXML:edXMLEnvelope xmlns:edXML="{NS}"><edXML:Subject>Trích yếu mẫu'
        f"</edXML:Subject>{before}</edXML:edXMLEnvelope>\n<AttachmentEncoded>{body}</AttachmentEncoded></edXML>\n"
    )


def fast(data: bytes, limits: Limits = SHORT, *, read: int | None = None) -> Skeleton | None:
    """Take *data* apart by the fast route: in memory, or as a file read *read* octets at a time."""
    return elide(MemoryOctets(data), limits) if read is None else elide(Stored(data), limits, read=read)


def slow(data: bytes, limits: Limits = SHORT, *, read: int = 64 * 1024) -> Skeleton:
    """Take *data* apart by the stream route."""
    return stream(Stored(data), limits, spool=MemorySpool, read=read)


def raw_text(text: Base64Text) -> str:
    """Return the base64 text as the tree would have had it."""
    with text.source.open() as file:
        file.seek(text.start)
        data = file.read(text.stop - text.start)
    return data.decode("ascii").replace("\r\n", "\n").replace("\r", "\n")


def whole(skeleton: Skeleton) -> list[object]:
    """Return the :func:`shape` of the document that *skeleton* was made from."""
    root = copy.deepcopy(skeleton.root)
    for element in root.iter():
        found = skeleton.texts.get(element.text or "")
        if found is not None:
            # Text of the spool is as in the tree already; its carriage returns came from character references.
            if isinstance(found.source, MemorySpool):
                element.text = bytes(found.source.data[found.start : found.stop]).decode()
            else:
                element.text = raw_text(found)
    return shape(root)


def shape(root: etree._Element) -> list[object]:
    """Return all that a tree says (canonical XML refuses relative namespace names)."""
    return [
        (
            len(list(e.iterancestors())),
            e.tag,
            e.prefix,
            e.items(),
            sorted(e.nsmap.items(), key=str),
            e.text or "",
            e.tail or "",
        )
        for e in root.iter()
    ]


def oracle(data: bytes) -> list[object] | None:
    """Return the :func:`shape` of *data* according to libxml2, or ``None`` if it cannot read it."""
    try:
        return shape(etree.fromstring(data, _ORACLE))
    except etree.XMLSyntaxError:
        return None


def holders(root: etree._Element) -> list[etree._Element]:
    """Return the holder elements, by a walk that shares nothing with the library."""
    found = []
    for parent in root.iter():
        if etree.QName(parent).localname == "Attachment":
            found += [
                child
                for child in parent
                if etree.QName(child).localname in {"ContentTransferEncoded", "Content"} and not len(child)
            ]
    return found


def judged(text: Base64Text) -> tuple[object, ...]:
    """Return what matters of a base64 text."""
    if text.damage is not None:
        assert text.size == 0
        assert text.peek(4) == b""
        return text.damage
    with text.open() as file:
        data = file.read()
    assert len(data) == text.size
    return (text.size, hashlib.sha256(data).hexdigest())


def outcome(data: bytes, route: str, limits: Limits = SHORT, read: int = 64) -> tuple[object, ...]:
    """Return all that a caller sees of *data* by one route, or the error; ``("declined",)`` if the route declines."""
    try:
        if route == "stream":
            skeleton: Skeleton | None = slow(data, limits, read=read)
        else:
            skeleton = fast(data, limits, read=None if route == "memory" else read)
    except VndocError as error:
        return ("error", type(error).__name__, error.code)
    if skeleton is None:
        return ("declined",)
    contents = [judged(skeleton.content(holder)) for holder in holders(skeleton.root)]
    white = [skeleton.content(holder).has_white_space for holder in holders(skeleton.root)]
    return ("ok", whole(skeleton), contents, white)


def reference_damage(text: str) -> tuple[str, int] | None:
    """Decide on a base64 text character by character."""
    chars = _SIGNIFICANT.findall(text)
    good = 0
    while good < len(chars) and chars[good] in _ALPHABET:
        good += 1
    rest = "".join(chars[good:])
    if rest and rest[0] != "=":
        return ("base64-damaged", good)
    if (rest == "" and good % 4 == 0) or (rest == "=" and good % 4 == 3) or (rest == "==" and good % 4 == 2):
        return None
    if rest in {"", "="}:
        return ("base64-truncated", len(chars))
    return ("base64-padding", good)


def octets(data: bytes) -> Octets:
    return MemoryOctets(data)
