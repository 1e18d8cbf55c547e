"""XML that is its own canonical form but for trifles, proven on the octets: no tree is made.

Programs that write packets write most of them in canonical form already: attributes in order and between quotation
marks, each namespace where it is first used, no comments. What is left to do is done here on the octets (ends of lines,
empty-element tags). Then a strict part of XML that is canonical word for word has to match all of them, and everything
it does not know is doubt:

- names are US-ASCII, ``>`` ends a tag and nothing else, ``&`` and control characters do not occur;
- declarations of namespaces come first, then attributes, each in the order of the canonical form, one prefix for all
  attributes that have one; what is declared is used on the element itself, and was not in scope before;
- there are no comments, instructions, references, CDATA, ``xml:`` attributes, or declarations that undo another.

Elements without declarations are taken out again and again, each time all of them by one pattern; where only the few
others and those around them are left, they are gone through one by one. What is taken out is well-formed, so the whole
is if the rest is. What a short rest comes to is kept: without attachments it is the same in most packets of a writer.

Source: XML 1.0; Namespaces in XML 1.0; Canonical XML 1.0, section 2.3; Exclusive XML Canonicalization 1.0, section 3.
"""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

__all__ = ["ATTRIBUTES", "HOLE", "LARGEST", "Surroundings", "as_is", "surroundings"]

HOLE: Final = b"<!>"
"""What stands where something was taken out; no XML holds it."""

LARGEST: Final = 64 * 1024
"""Octets that are gone through; a packet without its attachments' text has ten thousand."""
_LEVELS: Final = 3
"""Levels of elements that are taken out in one pass."""
_PASSES: Final = 8
"""Such passes."""
_TAGS: Final = 512
"""Tags that are gone through one by one."""
ATTRIBUTES: Final = 16
"""Attributes of one element, declarations counted."""
_PREFIX: Final = b"edXML:"
"""The one prefix of elements that are taken out; those with others are gone through one by one."""

_KNOWN: Final = bytes(octet for octet in range(256) if octet >= 0x20 or octet in b"\t\n").translate(None, b"<>&")
_NAME: Final = rb"[A-Za-z_][A-Za-z0-9_.-]*+"
_TEXT: Final = rb"[^<]*+"
_VALUE: Final = rb"[^\t\n\"<>]*+"
"""Of octets that are :data:`_KNOWN`: neither ``<``, which XML forbids there, nor ``>``, which only ends a tag here."""


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """Return *pattern*, where ``N``, ``T`` and ``V`` stand for a name, a text and a value."""
    for letter, syntax in ((b"N", _NAME), (b"T", _TEXT), (b"V", _VALUE)):
        pattern = re.sub(rb"\b%b\b" % letter, syntax.replace(b"\\", rb"\\"), pattern)
    return re.compile(pattern)


def _element(name: bytes) -> re.Pattern[bytes]:
    """Return a pattern of an element and the text after it; *name* is that of the names.

    Each element has one attribute at most, without a prefix, that is neither a declaration nor an Id.
    """
    start = rb"<(%b)(?:>| (?!xmlns=|[Ii][Dd]=)N=\"V\">)T" % name
    pattern = rb"%b</\%d>T" % (start, _LEVELS)
    for level in range(_LEVELS - 1, 0, -1):
        pattern = rb"%b(?:%b)*+</\%d>T" % (start, pattern, level)
    return _compiled(pattern)


_BARE: Final = _element(rb"N")
_PREFIXED: Final = _element(rb"%bN|N" % _PREFIX)
"""An element that is taken out: without prefix, or also with that one."""
_TAG: Final = b"<%b" % _PREFIX
_DECLARATION: Final = b" xmlns:%b=" % _PREFIX[:-1]
_TOKEN: Final = _compiled(rb"<([!/]?+)((?<!!)(?:N:)?+N|(?<=!))((?: (?:N:)?+N=\"V\")*+)>T")
_GROUPS: Final = 4
"""What :data:`_TOKEN` splits into for each tag: the octets before it, what begins it, its name, attributes."""
_LONE: Final = re.compile(rb"\r(?!\n)")
_EMPTY: Final = re.compile(rb"/>")
_DECLARING: Final = _compiled(rb"<((?:N:)?+N)(?: (?:N:)?+N=\"V\")*? xmlns:%b=\"" % _PREFIX[:-1])
"""The beginning of a start tag that declares it: what stands before the declaration are whole attributes."""
_ATTRIBUTE: Final = _compiled(rb" (?:(N):)?+(N)=\"(V)\"")
_NAMESPACE: Final = re.compile(
    rb"https?://[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*+(?:/[A-Za-z0-9_.-]*+)*+#?+|urn:[A-Za-z0-9_.-]++(?::[A-Za-z0-9_.-]++)*+"
)
"""Names that every program takes for an absolute URI."""
_RESERVED: Final = (b"xml", b"xmlns")
_FORBIDDEN: Final = (b"http://www.w3.org/XML/1998/namespace", b"http://www.w3.org/2000/xmlns/")
"""Prefixes that nobody may declare, and names that no prefix may stand for."""
_NOT_CHARACTERS: Final = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
"""U+FFFE and U+FFFF, which UTF-8 can write, and XML does not allow."""

_KEPT: Final = 1024
"""Octets that are left of which it is kept what they say: most packets of one writer come to the same few."""

_Scope = dict[bytes, bytes]
"""Namespaces by prefix; the empty one is that of names without a prefix."""
_Opened = tuple[bytes, _Scope, bytes]
"""An element that is not closed: its name, what is in scope around it, its attributes."""


class Surroundings(NamedTuple):
    """What is around a hole in octets that are canonical.

    ``names`` are the local names of the elements around it from the root on; but for the root's, no other element has
    one of them. No element lies deeper than ``depth``. ``ids`` are the values of all attributes called Id in whatever
    case, ``namespaces`` all that are declared.
    """

    names: tuple[str, ...]
    depth: int
    ids: tuple[bytes, ...]
    namespaces: frozenset[bytes]


class _Rest(NamedTuple):
    """What is said by the octets that are left; values as in :class:`Surroundings`.

    ``ends`` are ends of tags, and how many of each there are in all octets if no other element has a name of those
    around the hole.
    """

    names: tuple[str, ...]
    ends: tuple[tuple[bytes, int], ...]
    depth: int
    ids: tuple[bytes, ...]
    namespaces: frozenset[bytes]


class _Doubt(Exception):  # noqa: N818 - no error: a tree tells
    """The octets may be anything."""


def as_is(octets: bytes) -> bytes:
    """Return *octets* with each CR LF made LF and each empty-element tag a start tag and an end tag.

    What comes of octets outside the strict part of XML is not in it either.
    """
    if b"\r" in octets:
        if _LONE.search(octets) is not None:
            return octets
        octets = octets.replace(b"\r", b"")
    if _EMPTY.search(octets) is None:
        return octets
    *tags, rest = octets.split(b"/>")
    parts: list[bytes] = []
    for before in tags:
        tag = before.rstrip(b" ")
        parts += (tag, b"></", tag[tag.rfind(b"<") + 1 :].partition(b" ")[0], b">")
    parts.append(rest)
    return b"".join(parts)


def surroundings(octets: bytes) -> Surroundings | None:
    """Return what is around the one :data:`HOLE` in *octets*; ``None`` if there is any doubt that they are canonical.

    *octets* are a whole root element, from its start tag to its end tag. If there is no doubt, they are well-formed
    with regard to namespaces, too, and each canonical form without comments is these very octets.
    """
    if len(octets) > LARGEST:
        return None
    tags = octets.translate(None, _KNOWN)
    if tags != b"<>" * (len(tags) // 2) or not octets.endswith(b">"):
        return None
    if b"\xef" in octets and any(one in octets for one in _NOT_CHARACTERS):
        return None
    try:
        octets.decode("utf-8")
        rest, levels = _reduced(octets)
        found = _walked(rest) if len(rest) <= _KEPT else _walked.__wrapped__(rest)
    except (_Doubt, UnicodeDecodeError):
        return None
    for end, count in found.ends:
        if octets.count(end) != count:
            return None
    return Surroundings(found.names, found.depth + levels, found.ids, found.namespaces)


# -- taking out ----------------------------------------------------------------------------------------


def _reduced(octets: bytes) -> tuple[bytes, int]:
    """Return *octets* without most of the elements that have no attributes, and how many levels of them there are.

    The first start tag and the last end tag stay, so that nothing beside the root is taken out. Elements with
    :data:`_PREFIX` are taken out only between a start tag that declares it and the first end tag of that name: that tag
    has an attribute, so it stays, and nothing there is outside its element.
    """
    first, last = octets.find(b">") + 1, octets.rfind(b"</")
    if last < first:
        raise _Doubt
    at = octets.find(_DECLARATION)
    if at < 0:
        start = stop = last
    else:
        tag = _DECLARING.match(octets, octets.rfind(b"<", 0, at))
        if tag is None:
            raise _Doubt
        start = max(tag.start(), first)
        stop = octets.find(b"</%b>" % tag[1], tag.end(), last) if tag.start() else last
        if stop < 0:
            raise _Doubt
        if octets.find(_TAG, first, start) < 0 and octets.find(_TAG, stop, last) < 0:
            start, stop = first, last  # all of them stand there
    inner, levels = _without(octets[start:stop], _PREFIXED)
    if start == first and stop == last:
        return b"".join((octets[:first], inner, octets[last:])), levels
    before, levels_before = _without(octets[first:start], _BARE)
    after, levels_after = _without(octets[stop:last], _BARE)
    return b"".join((octets[:first], before, inner, after, octets[last:])), max(levels, levels_before, levels_after)


def _without(octets: bytes, pattern: re.Pattern[bytes]) -> tuple[bytes, int]:
    """Return *octets* without all that *pattern* matches, again and again, and how many levels that may have been."""
    for number in range(_PASSES):
        octets, count = pattern.subn(b"", octets) if b"<" in octets else (octets, 0)
        if not count:
            return octets, number * _LEVELS
    raise _Doubt


# -- going through -------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def _walked(rest: bytes) -> _Rest:
    """Return what *rest* says, which was not taken out; the last answers are kept."""
    parts = _TOKEN.split(rest, _TAGS)
    if any(parts[::_GROUPS]):
        raise _Doubt
    scope: _Scope = {}
    opened: list[_Opened] = []
    around: list[_Opened] = []
    ids: list[bytes] = []
    namespaces: set[bytes] = set()
    depth = 0
    for mark, name, given in zip(parts[1::_GROUPS], parts[2::_GROUPS], parts[3::_GROUPS], strict=True):
        if not mark:
            if around and not opened:
                raise _Doubt
            opened.append((name, scope, given))
            depth = max(depth, len(opened))
            prefix = name.rpartition(b":")[0]
            if given:
                scope = _declared(prefix, given, scope, ids, namespaces)
            if prefix and prefix not in scope:
                raise _Doubt
        elif given or not opened:
            raise _Doubt
        elif name:
            above, scope, _ = opened.pop()
            if above != name or not (opened or around):
                raise _Doubt
        elif around:
            raise _Doubt
        else:
            around = opened.copy()
    if opened or not around:
        raise _Doubt
    names = [name.rpartition(b":")[2] for name, _, _ in around]
    ends = [(name + b">", 1 if given else 2) for name, (_, _, given) in zip(names[1:], around[1:], strict=True)]
    shown = tuple([name.decode("ascii") for name in names])
    return _Rest(shown, tuple(ends), depth, tuple(ids), frozenset(namespaces))


def _declared(prefix: bytes, given: bytes, scope: _Scope, ids: list[bytes], namespaces: set[bytes]) -> _Scope:
    """Return the namespaces in scope of an element with *prefix* and the attributes *given*.

    The values of Ids and the namespaces that are declared are added to *ids* and *namespaces*.
    """
    attributes = _ATTRIBUTE.findall(given)
    if len(attributes) > ATTRIBUTES:
        raise _Doubt
    inner, declared, prefixes = scope, [], set()
    last: tuple[int, bytes] = (-1, b"")
    for before, local, value in attributes:
        if before == b"xmlns" or (local == b"xmlns" and not before):
            order = (1, local) if before else (0, b"")
            bound = order[1]
            if bound in _RESERVED or value in _FORBIDDEN or _NAMESPACE.fullmatch(value) is None:
                raise _Doubt
            if scope.get(bound) == value:
                raise _Doubt
            inner = {**inner, bound: value}
            declared.append(bound)
            namespaces.add(value)
        else:
            order = (3 if before else 2, local)
            if before:
                prefixes.add(before)
            if local.lower() == b"id":
                ids.append(value)
        if order <= last:
            raise _Doubt
        last = order
    if prefixes and (len(prefixes) > 1 or not prefixes <= inner.keys()):
        raise _Doubt
    if [bound for bound in declared if bound != prefix and bound not in prefixes]:
        raise _Doubt
    return inner
