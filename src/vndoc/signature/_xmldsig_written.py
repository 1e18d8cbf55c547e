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
from typing import Final, NamedTuple

from vndoc.errors import VndocError
from vndoc.limits import Limits
from vndoc.pki.algorithms import Digest, hasher
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
from vndoc.xml.base64text import STEP, Proof
from vndoc.xml.parser import MAX_DEPTH

__all__ = ["read_written"]

_LONG: Final = 4096
"""Octets without a tag that are cut out: each time that many are looked for."""
_PADDING: Final = 4
"""``=`` in one base64 text, at most."""
_DEEPEST: Final = 9
"""Levels of a signature."""
_PROLOG: Final = re.compile(rb"(?:<\?xml version=\"1\.0\"(?: encoding=\"(?:UTF-8|utf-8)\")?\?>)?+[ \r\n]*+(?=<)")
"""What is before the root and in no canonical form."""
_OURS: Final = frozenset(name.encode() for name in (DS, *xades.NAMESPACES))
_EXCLUSIVE: Final = frozenset(uri for uri, form in FORMS.items() if form.exclusive)
_COUNTERED: Final = "CounterSignature"


def read_written(source: object, limits: Limits) -> XmlSignatureFacts | None:
    """Return the facts about the one signature of *source*, if it is a usual one and sound; ``None`` in any doubt."""
    if type(source) is not bytes or len(source) > limits.document_bytes or limits.attributes < ATTRIBUTES:
        return None
    found = certificates_in(source)
    if found is None:
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
    around = _around(data, begin, end, limits)
    form_of(match["form1"])
    digest, value = digest_of(match["digest1"]), decoded(match["value1"])
    size, pieces = sum(map(len, around.pieces)), around.pieces
    spent = len(signed) + max(size, len(data))
    if not affordable(spent, len(data)):
        raise Doubt
    names = _names(around.shown, match, limits) if around.texts else ()  # of short ones the digest tells sooner
    if _digest(data, around, digest) != value:
        raise Doubt
    names = names or _names(around.shown, match, limits)
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
    begin = data.rfind(b"<%bSignature " % prefix, max(0, start - LARGEST), start)
    end = data.find(closing, stop, stop + LARGEST)
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


class _Around(NamedTuple):
    """What is around a signature: ``pieces`` are canonical if ``shown``, the same without ``texts``, is proven to be.

    ``texts`` are long, each lies between two offsets of the document and begins after a tag and ends before one; what
    they are made of is not proven yet.
    """

    pieces: tuple[Piece, ...]
    shown: bytes
    texts: list[tuple[int, int]]


def _around(data: bytes, begin: int, end: int, limits: Limits) -> _Around:
    """Return what is around the signature that lies between *begin* and *end* of *data*."""
    prolog = _PROLOG.match(data, 0, begin + 1)
    if prolog is None:
        raise Doubt
    texts: list[tuple[int, int]] = []
    before = _parts(data, prolog.end(), begin, texts)
    after = _parts(data, end, len(data), texts)
    rest = len(data) - sum([stop - start for start, stop in texts])
    if rest > 2 * LARGEST or len(data) > limits.document_nodes < rest + _PADDING * len(texts):
        raise Doubt
    before, after = list(map(as_is, before)), list(map(as_is, after))
    after[-1] = after[-1].rstrip(b" \n")
    shown = b"".join((*before, HOLE, *after))
    if not texts:
        return _Around((before[0], after[0]), shown, texts)
    views = [memoryview(data)[start:stop] for start, stop in texts]
    count = len(before) - 1
    return _Around((*_woven(before, views[:count]), *_woven(after, views[count:])), shown, texts)


def _woven(parts: list[bytes], texts: list[memoryview]) -> Iterator[Piece]:
    """Yield *parts* with one of *texts* between each two."""
    for part, text in zip(parts, texts, strict=False):
        yield part
        yield text
    yield parts[-1]


def _parts(data: bytes, start: int, stop: int, texts: list[tuple[int, int]]) -> list[bytes]:
    """Return *data* between *start* and *stop*, cut where there is a long text; where these lie is added to *texts*."""
    parts: list[bytes] = []
    pos, at = start, start + _LONG
    while at + _LONG <= stop:
        if data.find(b"<", at, at + _LONG) >= 0:
            at += _LONG
            continue
        begin, end = data.rfind(b">", pos, at) + 1, data.find(b"<", at, stop)
        if not begin or end < 0 or data.find(b"<", begin, at) >= 0:
            raise Doubt
        parts.append(data[pos:begin])
        texts.append((begin, end))
        pos, at = end, end + _LONG
    parts.append(data[pos:stop])
    return parts


def _digest(data: bytes, around: _Around, digest: Digest) -> bytes:
    """Return the *digest* of what is *around*; doubt that each text is base64 with no CR, its own canonical form."""
    hashed = hasher(digest)
    texts = iter(around.texts)
    for piece in around.pieces:
        if type(piece) is bytes:
            hashed.update(piece)
            continue
        begin, end = next(texts)
        proof = Proof(begin)
        for start in range(begin, end, STEP):  # what was proven is still in the processor's cache
            stop = min(start + STEP, end)
            view = piece[start - begin : stop - begin]
            if not proof.feed(view) or proof.damage is not None:
                raise Doubt
            if proof.white and data.find(b"\r", start, stop) >= 0:
                raise Doubt
            hashed.update(view)
        if not proof.harmless:
            raise Doubt
    return bytes(hashed.digest())


def _names(shown: bytes, match: re.Match[bytes], limits: Limits) -> tuple[str, ...]:
    """Return the names of the elements around the signature that *match* found, *shown* the document around it."""
    found = surroundings(shown)
    if found is None or found.depth + _DEEPEST > min(limits.depth, MAX_DEPTH) or not found.namespaces.isdisjoint(_OURS):
        raise Doubt
    ids = [*found.ids, *[value for value in match.group(*IDS) if value is not None]]
    if len(set(ids)) != len(ids) or found.names[-1].startswith(_COUNTERED):
        raise Doubt
    return found.names
