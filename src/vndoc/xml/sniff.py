"""What an input is that cannot be parsed: empty, another kind of file, or a packet behind stray octets."""

from __future__ import annotations

import re

import attrs

from vndoc.errors import ReadError

__all__ = ["HEAD", "Junk", "declared_encoding", "explain", "find_junk", "utf32"]

HEAD = 64 * 1024
"""Octets from the start of an input that are looked at."""

_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_START = re.compile(rb"<\?xml[ \t\r\n]|<(?:[A-Za-z_][A-Za-z0-9_.-]*:)?edXML[ \t\r\n/>]")
_MARKUP = re.compile(rb"<[A-Za-z_:!?/\x80-\xff]")
_ENCODING = re.compile(rb"<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")
_KINDS = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\xd0\xcf\x11\xe0", "OLE2 (doc, xls, ppt)"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"{\\rtf", "RTF"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"PD94bWwg", "Base64"),
    (b"--", "MIME"),
    (b"MIME-Version:", "MIME"),
    (b"Content-Type:", "MIME"),
)
_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"<\0\0\0", b"\0\0\0<")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\0<")


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


def find_junk(head: bytes) -> Junk | None:
    """Return what stands before ``<?xml`` or ``<edXML`` in *head*, unless that is markup or a known kind of file.

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
        return ReadError("xml-junk", found=repr(junk.shown.decode("utf-8", "backslashreplace"))[1:-1])
    if not bare.startswith((b"<", *_UTF16)):
        return ReadError("not-xml", detail=_kind(bare) or "0x" + bare[:8].hex(" "))
    return error


def _kind(bare: bytes) -> str | None:
    return next((name for magic, name in _KINDS if bare.startswith(magic)), None)
