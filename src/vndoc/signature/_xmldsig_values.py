"""From what the pattern of a usual XML signature matched to the facts; see :mod:`vndoc.signature._xmldsig_usual`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Final

from lxml import etree

from vndoc.pki.algorithms import DIGESTS, Digest, SignatureAlgorithm
from vndoc.signature import xades
from vndoc.signature._xmldsig_facts import XmlSignatureFacts, refusals, verifier
from vndoc.signature._xmldsig_names import CANONICAL, DS, SIGNATURES
from vndoc.signature._xmldsig_short import UsualKeys, plain_base64
from vndoc.signature._xmldsig_tree import Piece, PiecedOctets
from vndoc.signature.facts import Binding, Covered, Form, Level
from vndoc.xml import Canonical

PLAIN: Final = Canonical.C14N_10
FORMS: Final = {uri.encode(): form for uri, form in CANONICAL.items()}
_WITHOUT_COMMENTS: Final = {uri: form.without_comments for uri, form in FORMS.items()}
_METHODS: Final = {uri.encode(): method for uri, method in SIGNATURES.items() if not refusals(method)}
_DIGESTS: Final = {uri.encode(): row for row in DIGESTS.values() if row.hashlib is not None for uri in row.uris}

# Members of enumerations under names of their own: asking the class takes four times as long in Python 3.11.
_XMLDSIG: Final = Form.XMLDSIG
_XADES: Final = Form.XADES
_NONE: Final = Level.NONE
_B: Final = Level.B
_MATCHES: Final = Binding.MATCHES

Match = re.Match[bytes]
Pieces = Callable[[], Iterable[Piece]]
Reaches = Callable[[etree._Element], bool]  # noqa: SLF001 - the type of elements


class Doubt(Exception):  # noqa: N818 - no error: somebody else reads it
    """The signature is not a usual one, or something is wrong with it."""


def form_of(uri: bytes | None) -> Canonical:
    """Return the canonical form *uri* of a node-set that has no comments; without one the form of the standard."""
    form = PLAIN if uri is None else _WITHOUT_COMMENTS.get(uri)
    if form is None:
        raise Doubt
    return form


def digest_of(uri: bytes) -> Digest:
    """Return the digest *uri*."""
    digest = _DIGESTS.get(uri)
    if digest is None:
        raise Doubt
    return digest


def decoded(text: bytes) -> bytes:
    """Return the octets of base64 *text*."""
    octets = plain_base64(text)
    if octets is None:
        raise Doubt
    return octets


# -- what was signed -----------------------------------------------------------------------------------


def declared(prefix: bytes, namespace: str) -> bytes:
    """Return the declaration of *namespace* for *prefix*, which ends with its colon."""
    return b' xmlns%b="%b"' % (b":" + prefix[:-1] if prefix else b"", namespace.encode())


def exclusive_info(octets: bytes, match: Match) -> bytes:
    """Return the exclusive canonical form of SignedInfo, which *match* found in *octets*."""
    start, stop = match.span("info")
    at = match.start("at0")
    return b"".join((octets[start:at], declared(match["p"], DS), octets[at:stop]))


def exclusive_properties(octets: bytes, match: Match, namespace: str) -> bytes:
    """Return the same of SignedProperties, in *namespace*; their only other prefix is that of XML-DSig, on leaves."""
    own, inner = declared(match["x"], namespace), declared(match["p"], DS)
    at, stop = match.span("signed")
    parts = []
    for name in ("at1", "at2", "at3", "at4", "at5"):
        until = match.start(name)
        if until >= 0:
            parts += [octets[at:until], own if name == "at1" else inner]
            at = until
    return b"".join((*parts, octets[at:stop]))


# -- the facts -----------------------------------------------------------------------------------------


def document_covered(digest: Digest, value: bytes, pieces: Pieces, size: int, root: str) -> Covered:
    """Return that the document around the signature is covered; *root* is the path of its root."""
    octets = PiecedOctets(pieces, size)
    return Covered(
        what="document", name="", intact=True, digest=digest.name, value=value, octets=octets, element_path=root
    )


def plain_facts(
    match: Match, keys: UsualKeys, signed: bytes, document: Covered, place: str, reaches: Reaches
) -> XmlSignatureFacts:
    """Return the facts about a signature without properties."""
    algorithm, value = _method(match), decoded(match["value"])
    return XmlSignatureFacts(
        form=_XMLDSIG,
        level=_NONE,
        place=place,
        reasons=(),
        algorithm=algorithm,
        covered=(document,),
        verify=verifier(algorithm, value, signed),
        candidates=keys.candidates,
        certificates=keys.certificates,
        binding=xades.absent,
        signature_value=value,
        signed_octets=signed,
        signature_id=_shown(match["i0"]),
        names=keys.keys.names,
        reaches=reaches,
    )


def _method(match: Match) -> SignatureAlgorithm:
    algorithm = _METHODS.get(match["method"])
    if algorithm is None:
        raise Doubt
    return algorithm


def _shown(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8")


def check_properties(match: Match) -> None:
    """Doubt that the properties are those of this signature, and what its second reference is to."""
    if match["x"] == match["p"] or match["i0"] != match["target"] or match["uri2"] != match["i8"]:
        raise Doubt
    if match["type2"].decode("utf-8") not in xades.TYPES:
        raise Doubt


def properties_covered(match: Match, octets: bytes, pieces: Pieces, place: str) -> Covered:
    """Return that the SignedProperties are covered, whose canonical *octets* have to have the digest."""
    digest, value = digest_of(match["digest2"]), decoded(match["value2"])
    if digest.of(octets) != value:
        raise Doubt
    return Covered(
        what="signed-properties",
        name=f"#{match['uri2'].decode()}",
        intact=True,
        digest=digest.name,
        value=value,
        octets=PiecedOctets(pieces, len(octets)),
        element_path=f"{place}/Object/QualifyingProperties/SignedProperties",
    )


def xades_facts(
    match: Match, keys: UsualKeys, signed: bytes, covered: tuple[Covered, Covered], place: str, reaches: Reaches
) -> XmlSignatureFacts:
    """Return the facts about a signature with the properties of XAdES-B in it."""
    time = xades.parse_time(match["time"].decode("utf-8"))
    if time is None:
        raise Doubt
    binding = functools.partial(xades.binding_of, [(digest_of(match["digest3"]).name, decoded(match["value3"]))])
    data_objects = _data_objects(match)
    algorithm, signature_value = _method(match), decoded(match["value"])
    return XmlSignatureFacts(
        form=_XADES,
        level=_B,
        place=place,
        reasons=(),
        algorithm=algorithm,
        covered=covered,
        verify=verifier(algorithm, signature_value, signed),
        candidates=tuple(sorted(keys.candidates, key=lambda found: binding(found) is not _MATCHES)),
        certificates=keys.certificates,
        binding=binding,
        signature_value=signature_value,
        signed_octets=signed,
        signature_id=_shown(match["i0"]),
        claimed_time=time,
        content_type=data_objects[0].mime_type or None if data_objects else None,
        names=keys.keys.names,
        data_objects=data_objects,
        reaches=reaches,
    )


def _data_objects(match: Match) -> tuple[xades.DataObject, ...]:
    reference, mime_type, description = match.group("object_reference", "mime_type", "description")
    if reference is None:
        return ()
    return (
        xades.DataObject(
            reference=reference.decode("utf-8"),
            mime_type=mime_type.decode("utf-8").strip(),
            description=None if description is None else description.decode("utf-8").strip(),
        ),
    )
