"""What an input is that cannot be parsed: empty, another kind of file, or a packet behind stray octets."""

from __future__ import annotations

import re

import attrs

from vndoc.errors import ReadError
from vndoc.text import Text

__all__ = [
    "HEAD",
    "HINT",
    "Junk",
    "contradiction",
    "declared_encoding",
    "explain",
    "find_junk",
    "fitting",
    "octet_encoding",
    "supported",
    "utf32",
]

HEAD = 64 * 1024
"""Octets from the start of an input that are looked at."""

HINT = Text(" Thử recover=True.", " Try recover=True.")
"""What ends the text of an error that ``recover=True`` can mend."""

_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_START = re.compile(rb"<\?xml[ \t\r\n]|<(?:[A-Za-z_][A-Za-z0-9_.-]*:)?[eE]dXML(?:Envelope)?[ \t\r\n/>]")
_MARKUP = re.compile(rb"<[A-Za-z_:!?/\x80-\xff]")
_ENCODING = re.compile(rb"<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")
_KINDS = (
    (b"%PDF-", Text("tệp PDF", "a PDF file")),
    (b"PK\x03\x04", Text("tệp nén ZIP", "a ZIP archive")),
    (b"PK\x05\x06", Text("tệp nén ZIP", "a ZIP archive")),
    (b"\x1f\x8b", Text("tệp nén gzip", "a gzip file")),
    (b"Rar!", Text("tệp nén RAR", "a RAR archive")),
    (b"7z\xbc\xaf\x27\x1c", Text("tệp nén 7z", "a 7z archive")),
    (b"\xd0\xcf\x11\xe0", Text("tệp OLE2 (doc, xls, ppt)", "an OLE2 file (doc, xls, ppt)")),
    (b"\x89PNG", Text("ảnh PNG", "a PNG picture")),
    (b"\xff\xd8\xff", Text("ảnh JPEG", "a JPEG picture")),
    (b"{\\rtf", Text("tệp RTF", "an RTF file")),
    (b"{", Text("văn bản JSON", "JSON text")),
    (b"[", Text("văn bản JSON", "JSON text")),
    (b"PD94bWwg", Text("văn bản Base64", "Base64 text")),
    (b"-----BEGIN ", Text("văn bản PEM", "PEM text")),
    (b"--", Text("thông điệp MIME", "a MIME message")),
    (b"MIME-Version:", Text("thông điệp MIME", "a MIME message")),
    (b"Content-Type:", Text("thông điệp MIME", "a MIME message")),
)
_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"<\0\0\0", b"\0\0\0<")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\0<")
_OCTETS = (
    (_BOM, "UTF-8"),
    (b"\xff\xfe", "UTF-16LE"),
    (b"<\0", "UTF-16LE"),
    (b"\xfe\xff", "UTF-16BE"),
    (b"\0<", "UTF-16BE"),
)
_SUPPORTED = re.compile(
    r"utf-?8|utf-16(?:le|be)?|(?:us-)?ascii|iso-8859-(?:[1-9]|1[013-6])|windows-125[0-8]|koi8-r", re.IGNORECASE
)
_FITTING = {
    "UTF-8": frozenset({"utf-8", "utf8", "us-ascii", "ascii"}),
    "UTF-16LE": frozenset({"utf-16", "utf-16le"}),
    "UTF-16BE": frozenset({"utf-16", "utf-16be"}),
}


@attrs.frozen
class Junk:
    """Stray octets before a packet: how many, and the first 60 of them at most."""

    length: int
    shown: bytes


def utf32(head: bytes) -> bool:
    """Return whether *head* is the start of a UTF-32 text, which the stream parser does not read."""
    return head.startswith(_UTF32)


def declared_encoding(head: bytes) -> str | None:
    """Return the encoding that the XML declaration at the start of *head* names."""
    found = _ENCODING.match(head.removeprefix(_BOM))
    return None if found is None else found[1].decode("ascii")


def supported(name: str) -> bool:
    """Return whether vndoc reads the encoding that a declaration calls *name*: Unicode, and what XML tools share.

    Other codecs of Python are not used: no other XML parser would read the same text.
    """
    return _SUPPORTED.fullmatch(name) is not None


def octet_encoding(head: bytes) -> str | None:
    """Return what the first octets prove (``UTF-8``, ``UTF-16LE``, ``UTF-16BE``), if anything.

    Source: XML 1.0, appendix F.
    """
    return next((name for magic, name in _OCTETS if head.startswith(magic)), None)


def fitting(name: str, octets: str) -> bool:
    """Return whether a declaration of *name* is right for *octets*, an answer of :func:`octet_encoding`."""
    return name.lower() in _FITTING[octets]


def contradiction(name: str, head: bytes) -> str | None:
    """Return the encoding of *head* if a declaration of *name* cannot be true; octets without a mark are UTF-8 then."""
    octets = octet_encoding(head)
    if octets is None:
        return "UTF-8" if name.lower().startswith("utf-16") else None
    return None if fitting(name, octets) else octets


def find_junk(head: bytes) -> Junk | None:
    """Return what stands before ``<?xml`` or a root of edXML in *head*, unless that is markup or a known kind of file.

    White space is junk only before ``<?xml``: XML allows it before the root.
    """
    found = _START.search(head)
    bare = head.removeprefix(_BOM).lstrip(_SPACE)
    if found is None or _kind(bare) is not None or (_MARKUP.match(bare) and not _START.match(bare)):
        return None
    length = found.start()
    if length == 0 or head[:length] == _BOM or (bare[:5] != b"<?xml" and _START.match(bare)):
        return None
    return Junk(length, head[: min(length, 60)])


def explain(error: ReadError, head: bytes) -> ReadError:
    """Return a better error than *error*, which the parser raised, if *head* tells more."""
    bare = head.removeprefix(_BOM).lstrip(_SPACE)
    if not bare:
        return ReadError("empty-input")
    junk = find_junk(head)
    if junk is not None:
        return ReadError("xml-junk", found=repr(junk.shown.decode("utf-8", "backslashreplace"))[1:-1], hint=HINT)
    if not bare.startswith((b"<", *_UTF16)):
        return ReadError("not-xml", detail=_kind(bare) or _unknown(bare))
    return error


def _unknown(bare: bytes) -> Text:
    octets = bare[:8].hex(" ")
    return Text(f"bắt đầu bằng các byte {octets}", f"it starts with the bytes {octets}")


def _kind(bare: bytes) -> Text | None:
    return next((name for magic, name in _KINDS if bare.startswith(magic)), None)
