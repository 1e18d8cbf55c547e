"""The usual signature, read from the octets of its document as they were written: no tree is made.

What :mod:`vndoc.signature._xmldsig_usual` reads from canonical octets stands in the document itself, where its writer
wrote canonical XML already (but for ends of lines and empty-element tags). A stricter form of the same pattern has to
match the signature, and :mod:`vndoc.xml._asis` has to prove that the rest, which the reference is over, is well-formed
and canonical. The facts are those of the other routes; whatever is in doubt goes there.

Why nothing of a tree is missed:

- A declaration of the namespace of XML-DSig or XAdES is only in the signature, where the pattern allows no other: no
  other element has such a name. There are no comments and instructions.
- SignedInfo and SignedProperties are exclusive canonical forms, in which what is around them does not count.
- Long texts are cut out of the rest where they begin after a tag and end before one, and are proven to be printable
  US-ASCII without markup.

Source: as in :mod:`vndoc.signature._xmldsig_usual`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vndoc.errors import VndocError
from vndoc.limits import Limits
from vndoc.pki.algorithms import hasher
from vndoc.signature import xades
from vndoc.signature._xmldsig_budget import affordable
from vndoc.signature._xmldsig_facts import XmlSignatureFacts
from vndoc.signature._xmldsig_names import DS
from vndoc.signature._xmldsig_pattern import IDS, STRICT
from vndoc.signature._xmldsig_short import WORD, UsualKeys, certificates_in
from vndoc.signature._xmldsig_tree import Piece
from vndoc.signature._xmldsig_values import (
    FORMS,
    Doubt,
    check_properties,
    decoded,
    digest_of,
    document_covered,
    exclusive_info,
    exclusive_properties,
    form_of,
    plain_facts,
    properties_covered,
    xades_facts,
)
from vndoc.xml._asis import ATTRIBUTES, HOLE, LARGEST, as_is, surroundings
from vndoc.xml.base64text import Proof
from vndoc.xml.parser import MAX_DEPTH

__all__ = ["read_written"]

_LONG: Final = 4096
"""Octets without a tag that are cut out: each time that many are looked for."""
_DEEPEST: Final = 9
"""Levels of a signature."""
_PROLOG: Final = re.compile(rb"(?:<\?xml version=\"1\.0\"(?: encoding=\"(?:UTF-8|utf-8)\")?\?>)?+[ \n]*+(?=<)")
_OURS: Final = frozenset(name.encode() for name in (DS, *xades.NAMESPACES))
_EXCLUSIVE: Final = frozenset(uri for uri, form in FORMS.items() if form.exclusive)
_COUNTERED: Final = "CounterSignature"


def read_written(source: object, limits: Limits) -> XmlSignatureFacts | None:
    """Return the facts about the one signature of *source*, if it is a usual one and sound; ``None`` in any doubt."""
    found = certificates_in(source, limits)
    if found is None or type(source) is not bytes or limits.attributes < ATTRIBUTES:
        return None
    try:
        return _read(source, *found, limits)
    except (Doubt, VndocError):
        return None


def _read(data: bytes, start: int, stop: int, keys: UsualKeys, limits: Limits) -> XmlSignatureFacts:
    begin, end = _signature(data, start, stop, keys.prefix)
    octets = as_is(b"".join((data[begin:start], WORD, b"</", keys.prefix, data[stop:end])))
    match = _matched(octets, keys.prefix)
    signed = exclusive_info(octets, match)
    pieces, shown = _around(data, begin, end)
    form_of(match["form1"])
    digest, value = digest_of(match["digest1"]), decoded(match["value1"])
    size = sum(map(len, pieces))
    spent = len(signed) + max(size, len(data))
    if not affordable(spent, len(data)):
        raise Doubt
    hashed = hasher(digest)
    for piece in pieces:
        hashed.update(piece)
    if hashed.digest() != value:
        raise Doubt
    names = _names(shown, match, limits)
    place = f"/{'/'.join(names)}/Signature"
    document = document_covered(digest, value, lambda: pieces, size, f"/{names[0]}")
    if match["object"] is None:
        return plain_facts(match, keys, signed, document, place, _nowhere)
    inner = exclusive_properties(octets, match, match["namespace"].decode("ascii"))
    if not affordable(spent + len(inner), len(data)):
        raise Doubt
    properties = properties_covered(match, inner, lambda: (inner,), place)
    return xades_facts(match, keys, signed, (document, properties), place, _nowhere)


def _nowhere(_node: object) -> bool:
    """Return that no element of a tree is reached: nobody has a tree of these octets."""
    return False


def _signature(data: bytes, start: int, stop: int, prefix: bytes) -> tuple[int, int]:
    """Return where the signature begins and ends whose certificates lie between *start* and *stop*."""
    closing = b"</%bSignature>" % prefix
    begin, end = data.rfind(b"<%bSignature " % prefix, 0, start), data.find(closing, stop)
    if begin < 0 or end < 0:
        raise Doubt
    return begin, end + len(closing)


def _matched(octets: bytes, prefix: bytes) -> re.Match[bytes]:
    """Return the match of the whole signature *octets*, in which no more is declared than has to be."""
    match = STRICT.fullmatch(octets)
    if match is None:
        raise Doubt
    found, form, properties, second, namespace = match.group("p", "form", "object", "uri2", "namespace")
    if found != prefix or form not in _EXCLUSIVE:
        raise Doubt
    if properties is None and second is None:
        return match
    if properties is None or second is None or namespace not in _OURS or match["form2"] not in _EXCLUSIVE:
        raise Doubt
    check_properties(match)
    return match


# -- what is around the signature ----------------------------------------------------------------------


def _around(data: bytes, begin: int, end: int) -> tuple[tuple[Piece, ...], bytes]:
    """Return the canonical octets around the signature in pieces, and the same in one, long texts cut out.

    They are canonical if what is returned second is proven to be.
    """
    (before, texts_before), (after, texts_after) = _parts(data, 0, begin), _parts(data, end, len(data))
    if sum(map(len, before)) + sum(map(len, after)) > LARGEST:
        raise Doubt
    before, after = list(map(as_is, before)), list(map(as_is, after))
    prolog = _PROLOG.match(before[0])
    if prolog is None:
        raise Doubt
    before[0] = before[0][prolog.end() :]
    after[-1] = after[-1].rstrip(b" \n")
    shown = b"".join((*before, HOLE, *after))
    if not texts_before and not texts_after:
        return (before[0], after[0]), shown
    return (*_woven(before, texts_before), *_woven(after, texts_after)), shown


def _woven(parts: list[bytes], texts: list[memoryview]) -> Iterator[Piece]:
    """Yield *parts* with one of *texts* between each two."""
    for part, text in zip(parts, texts, strict=False):
        yield part
        yield text
    yield parts[-1]


def _parts(data: bytes, start: int, stop: int) -> tuple[list[bytes], list[memoryview]]:
    """Return *data* between *start* and *stop*, cut where there is a long text, and these texts."""
    parts: list[bytes] = []
    texts: list[memoryview] = []
    pos, at = start, start + _LONG
    while at + _LONG <= stop:
        if data.find(b"<", at, at + _LONG) >= 0:
            at += _LONG
            continue
        begin, end = data.rfind(b">", pos, at) + 1, data.find(b"<", at, stop)
        if not begin or end < 0 or data.find(b"<", begin, at) >= 0 or not _is_plain(data, begin, end):
            raise Doubt
        parts.append(data[pos:begin])
        texts.append(memoryview(data)[begin:end])
        pos, at = end, end + _LONG
    parts.append(data[pos:stop])
    return parts, texts


def _is_plain(data: bytes, begin: int, end: int) -> bool:
    """Return whether the text between *begin* and *end* is printable US-ASCII without markup, and canonical."""
    proof = Proof(0)
    if not proof.feed(memoryview(data)[begin:end]) or not proof.harmless:
        return False
    return not proof.white or data.find(b"\r", begin, end) < 0


def _names(shown: bytes, match: re.Match[bytes], limits: Limits) -> list[str]:
    """Return the names of the elements around the signature that *match* found, *shown* the document around it."""
    found = surroundings(shown)
    if found is None or found.depth + _DEEPEST > min(limits.depth, MAX_DEPTH) or not found.namespaces.isdisjoint(_OURS):
        raise Doubt
    ids = found.ids + [value for value in match.group(*IDS) if value is not None]
    if len(set(ids)) != len(ids) or found.names[-1].startswith(_COUNTERED):
        raise Doubt
    return found.names
