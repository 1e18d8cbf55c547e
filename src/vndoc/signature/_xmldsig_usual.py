"""The usual signature, read from its canonical octets: one reference to the document around it, or XAdES-B with it.

Nearly all signatures look alike, and going through the tree element by element takes longer than the arithmetic. So
the document is made canonical once, with the signature still in it; one pattern has to match all of the signature
there, from its start tag to its end tag, and gives every value. What is left around it was signed by the reference,
and SignedInfo, as it is signed, is a run of the same octets: as the top of an exclusive canonical form it only needs
the declaration of its one prefix.

Nothing is refused here: whatever the pattern does not know, and whatever is wrong with a value, is doubt, and then
:mod:`vndoc.signature.xmldsig` reads the signature. What is answered is sound in all that a reader can tell, and
the same facts as there. Why the octets may be read instead of the tree:

- In canonical form, ``<`` begins a tag and nothing else, and ``"`` ends a value: for others, ``&lt;`` and ``&quot;``
  are written. Comments are left out (that there were none in the signature is asked of the tree); an instruction
  anywhere, and ``&`` in the signature, are doubt, so that each text and value is what it stands for.
- Where the tree has one Signature of XML-DSig and the octets one start tag of that name, this is it. No namespace is
  declared anew in it but by the element of XAdES, for a prefix of its own: all names of the pattern are those of
  XML-DSig and of one version of XAdES.

Source: as in :mod:`vndoc.signature.xmldsig`; Exclusive XML Canonicalization 1.0, section 3.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from lxml import etree

from vndoc.errors import VndocError
from vndoc.pki.algorithms import Digest, hasher
from vndoc.signature import xades
from vndoc.signature._xmldsig_budget import affordable
from vndoc.signature._xmldsig_facts import XmlSignatureFacts
from vndoc.signature._xmldsig_names import CANONICAL, DS, ENVELOPED, ds
from vndoc.signature._xmldsig_pattern import IDS, USUAL
from vndoc.signature._xmldsig_short import UsualKeys, usual_keys
from vndoc.signature._xmldsig_tree import Ids, Paths, XmlSource, within
from vndoc.signature._xmldsig_values import (
    FORMS,
    PLAIN,
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
from vndoc.signature.facts import Covered
from vndoc.xml import Canonical, Skeleton
from vndoc.xml.c14n import SCOPE, canonical_octets, written
from vndoc.xml.pieces import filled

__all__ = ["read_usual"]

_SIGNATURE: Final = ds("Signature")
_SIGNED_INFO: Final = ds("SignedInfo")
_OURS: Final = tuple(f"{{{namespace}}}" for namespace in (DS, *xades.NAMESPACES))
_SCOPE: Final = SCOPE // 2
"""Namespaces in scope of a usual signature: well below what the general route takes."""


_ID_ENDS: Final = (b'd="', b'D="'), (b'Id="', b'ID="', b'id="', b'iD="')
"""How the name of an Id ends in canonical octets: first what is soon looked for, then all of it."""
_GUESSED: Final = {ENVELOPED: PLAIN} | {uri: form.without_comments for uri, form in CANONICAL.items()}
"""The canonical form of a reference by the last of its transforms."""


# -- the whole -----------------------------------------------------------------------------------------


def read_usual(source: XmlSource, keys: UsualKeys | None = None) -> XmlSignatureFacts | None:
    """Return the facts about the one signature of *source*, if it is a usual one and sound; ``None`` in any doubt.

    *keys* are those that were taken out of it.
    """
    if source.light is None and source.skeleton is None:
        return None
    try:
        return _read(source, keys)
    except (Doubt, VndocError, OSError):  # whoever reads it now meets the same, and tells
        return None


def _read(source: XmlSource, keys: UsualKeys | None) -> XmlSignatureFacts:
    root = source.root
    signature, info, form = _found(root)
    octets = _whole(source, form)
    match = _matched(octets, signature.prefix)
    rest = octets[: match.start()] + octets[match.end() :]
    _check_ids(root, rest, match)
    form1, content = match.group("form1", "certificates")
    if form is not form_of(form1):
        raise Doubt
    signed = _signed_octets(source, info, octets, match)
    digest, value = digest_of(match["digest1"]), decoded(match["value1"])
    size = _around(source, signature, form, rest, digest, value, len(signed))
    place = _path(signature)
    document = document_covered(
        digest,
        value,
        lambda: source.canonical(root, form, inclusive_prefixes=(), without=signature, whole_document=True),
        size,
        place[: place.index("/", 1)],
    )
    found = keys if content is None else usual_keys(content)
    if found is None or found.prefix != match["p"] or (content is None) != (keys is not None):
        raise Doubt
    if match["object"] is None:
        if match["uri2"] is not None:
            raise Doubt
        return plain_facts(match, found, signed, document, place, functools.partial(_reaches, root, signature, None))
    node = _properties(match, signature)
    properties = _properties_covered(source, node, octets, match, len(signed) + max(size, source.size), place)
    reaches = functools.partial(_reaches, root, signature, node)
    return xades_facts(match, found, signed, (document, properties), place, reaches)


def _found(root: etree._Element) -> tuple[etree._Element, etree._Element, Canonical]:
    """Return the signature, its SignedInfo, and the canonical form of its first reference.

    Asked is only what the octets cannot say, and what tells soon that it is no usual one.
    """
    found = list(root.iter(_SIGNATURE, _SIGNED_INFO, etree.Comment))
    signature, info = found if len(found) == 2 else _among_comments(root)
    parent = signature.getparent()
    if info.tag != _SIGNED_INFO or info.getparent() is not signature:
        raise Doubt
    if parent is None or "}CounterSignature" in parent.tag:
        raise Doubt
    try:
        reference = info[2]
        last = reference[0][-1].get("Algorithm", "")
    except IndexError:
        raise Doubt from None
    form = _GUESSED.get(last)
    if form is None or reference.get("URI") != "" or root.tag.startswith(_OURS):
        raise Doubt
    if root.getprevious() is not None or root.getnext() is not None:  # instructions would be in the octets
        raise Doubt
    return signature, info, form


def _among_comments(root: etree._Element) -> tuple[etree._Element, etree._Element]:
    """Return the signature and its SignedInfo, if they are the only ones and no comment lies in them."""
    found = list(root.iter(_SIGNATURE, _SIGNED_INFO))
    if len(found) != 2 or any(True for _ in found[0].iter(etree.Comment)):
        raise Doubt
    return found[0], found[1]


def _whole(source: XmlSource, form: Canonical) -> bytes:
    """Return the canonical octets of the whole tree, the signature in it."""
    skeleton, root = source.skeleton, source.root
    if source.light:
        return written(root, form, ())
    if skeleton is None:
        return canonical_octets(root, form, (), None, whole_document=True)
    if skeleton.route == "stream" or skeleton.recovered or skeleton.root is not root:
        raise Doubt
    if skeleton.is_light:
        return written(root, form, ())
    return canonical_octets(root, form, (), None, whole_document=True)


def _matched(octets: bytes, prefix: str | None) -> re.Match[bytes]:
    """Return where the pattern matches the one signature in *octets*."""
    start = b"<%b:Signature" % prefix.encode() if prefix else b"<Signature"
    at = octets.find(start)
    match = None if at < 0 else USUAL.match(octets, at)
    if match is None:
        raise Doubt
    stop = match.end()
    if octets.find(start, stop) >= 0 or octets.find(b"&", at, stop) >= 0 or (b"?" in octets and b"<?" in octets):
        raise Doubt
    return match


def _check_ids(root: etree._Element, rest: bytes, match: re.Match[bytes]) -> None:
    """Doubt that no Id of the document stands there twice (attack A2); *rest* is what is not the signature."""
    own = [value for value in match.group(*IDS) if value is not None]
    if len(set(own)) != len(own):
        raise Doubt
    # a text may look like an attribute: then the tree is asked for nothing
    if all(any(end in rest for end in ends) for ends in _ID_ENDS) and Ids(root).duplicates:
        raise Doubt


def _path(node: etree._Element) -> str:
    """Return the path of *node*, as :class:`~vndoc.signature._xmldsig_tree.Paths` gives it."""
    path = ""
    at = node
    while (parent := at.getparent()) is not None:
        tag = at.tag
        alike = parent.iterchildren(tag)
        next(alike)
        if next(alike, None) is not None:  # to be counted
            return Paths().of(node)
        path = f"/{tag.rpartition('}')[2]}{path}"
        at = parent
    return f"/{at.tag.rpartition('}')[2]}{path}"


# -- what was signed -----------------------------------------------------------------------------------


def _signed_octets(source: XmlSource, info: etree._Element, octets: bytes, match: re.Match[bytes]) -> bytes:
    form = FORMS.get(match["form"])
    if form is None:
        raise Doubt
    if not form.exclusive:
        return _canonical(source, info, form)
    if len(info.nsmap) > _SCOPE:
        raise Doubt
    return exclusive_info(octets, match)


def _canonical(source: XmlSource, node: etree._Element, form: Canonical) -> bytes:
    pieces = source.canonical(node, form, inclusive_prefixes=(), without=None, whole_document=False)
    return b"".join(pieces)


def _around(
    source: XmlSource,
    signature: etree._Element,
    form: Canonical,
    rest: bytes,
    digest: Digest,
    value: bytes,
    spent: int,
) -> int:
    """Return the length of what is around the signature, *rest* of the tree, whose *digest* has to be *value*.

    *spent* octets were digested already.
    """
    skeleton = source.skeleton
    if skeleton is not None and skeleton.texts:
        return _filled(source, skeleton, signature, form, rest, digest, value, spent)
    size = len(rest)
    if not affordable(spent + max(size, source.size), source.size) or digest.of(rest) != value:
        raise Doubt
    return size


def _filled(
    source: XmlSource,
    skeleton: Skeleton,
    signature: etree._Element,
    form: Canonical,
    rest: bytes,
    digest: Digest,
    value: bytes,
    spent: int,
) -> int:
    """Do the same where texts were cut out of the tree."""
    size = len(rest) + sum([text.stop - text.start for text in skeleton.texts.values()])
    if not affordable(spent + max(size, source.size), source.size):
        raise Doubt
    found: tuple[bytes, int] | None = None
    if source.foretold is not None:
        found = source.foretold(
            source.root,
            form,
            digest.name,
            inclusive_prefixes=(),
            without=signature,
            whole_document=True,
            octets=rest,
        )
    if found is None:
        hashed, size = hasher(digest), 0
        for piece in filled(skeleton, rest):
            hashed.update(piece)
            size += len(piece)
        found = (bytes(hashed.digest()), size)
    if found[0] != value:
        raise Doubt
    return found[1]


# -- XAdES ---------------------------------------------------------------------------------------------


def _reaches(
    root: etree._Element, signature: etree._Element, properties: etree._Element | None, node: etree._Element
) -> bool:
    """Return whether *node* lies around *signature* in the tree of *root*, or in its *properties*."""
    if within(node, root) and not within(node, signature):
        return True
    return properties is not None and within(node, properties)


def _properties(match: re.Match[bytes], signature: etree._Element) -> etree._Element:
    """Return the SignedProperties, which have to be those of this signature, and what its second reference is to."""
    holder = signature[3][0]
    if not holder.tag.startswith(_OURS[1:]) or (holder.prefix or "") != match["x"].decode("utf-8").removesuffix(":"):
        raise Doubt
    check_properties(match)
    return holder[0]


def _properties_covered(
    source: XmlSource, node: etree._Element, octets: bytes, match: re.Match[bytes], spent: int, place: str
) -> Covered:
    """Return that the SignedProperties *node* are covered; *spent* octets were digested already."""
    form = form_of(match["form2"])
    if form.exclusive:
        covered = exclusive_properties(octets, match, node.tag[1:].partition("}")[0])
    else:
        covered = _canonical(source, node, form)
    if not affordable(spent + len(covered), source.size):
        raise Doubt
    return properties_covered(
        match,
        covered,
        lambda: source.canonical(node, form, inclusive_prefixes=(), without=None, whole_document=False),
        place,
    )
