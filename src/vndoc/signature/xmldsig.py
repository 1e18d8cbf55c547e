"""XML-DSig and XAdES, read: from a document to the facts about each signature in it.

:func:`read_xml` finds every ``Signature`` element, recomputes the digest of each reference and hands out the very
octets that were signed. It trusts nothing: whose certificate it is, and what an algorithm is worth, is judged by the
evaluation. What is refused here is refused by name: XSLT and XPath, HMAC, DSA, MD5, document type declarations,
external data without a resolver.

Source: XML Signature 1.1 (W3C), RFC 9231, ETSI EN 319 132-1; the real shapes of section 3.2 of signature.md.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Final

import attrs
from lxml import etree

from vndoc.edxml.xmltools import local_name
from vndoc.errors import LimitError, SignatureError, VndocError
from vndoc.errors._arguments import need, need_all, need_call
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.algorithms import DIGESTS, Family, SignatureAlgorithm
from vndoc.pki.certificate import distinct
from vndoc.pki.outcome import Reason
from vndoc.signature import xades
from vndoc.signature._reasons_xml import XML_REASONS
from vndoc.signature._xmldsig_facts import XmlSignatureFacts, candidates, refusals, verifier
from vndoc.signature._xmldsig_keys import KeyInfo, read_key_info, serial_number
from vndoc.signature._xmldsig_names import DS, MORE_2007, SIGNATURES, canonical_method, digest_method, ds
from vndoc.signature._xmldsig_references import (
    Context,
    Reference,
    Resolver,
    fault,
    read_references,
)
from vndoc.signature._xmldsig_selection import Selection
from vndoc.signature._xmldsig_short import shortened
from vndoc.signature._xmldsig_tree import (
    Canonicalizer,
    Ids,
    Refusal,
    XmlSource,
    base64_value,
    element_children,
    plain_text,
    reason,
    within,
)
from vndoc.signature._xmldsig_usual import read_usual
from vndoc.signature._xmldsig_written import read_written
from vndoc.signature.facts import Covered, Form, RevocationMaterial

__all__ = [
    "MAX_SIGNATURES",
    "XML_REASONS",
    "Canonicalizer",
    "Resolver",
    "XmlSignatureFacts",
    "XmlSource",
    "read_xml",
]

MAX_SIGNATURES: Final = 100
"""Signatures in one document."""

_SIGNATURE: Final = ds("Signature")
_SIGNED_INFO: Final = ds("SignedInfo")
_REFERENCE: Final = ds("Reference")
_METHODS: Final = [ds("CanonicalizationMethod"), ds("SignatureMethod")]
_OUTPUT_LENGTH: Final = ds("HMACOutputLength")
_MANIFEST: Final = ds("Manifest")
_OBJECT: Final = ds("Object")
_TYPED: Final = {DS + "Object": _OBJECT, DS + "Manifest": _MANIFEST}
"""The Types of references to parts of a signature (XML Signature 1.1, 4.5 and 5.1)."""
_ORDER: Final = {ds("SignedInfo"): 0, ds("SignatureValue"): 1, ds("KeyInfo"): 2, ds("Object"): 3}


def read_xml(
    source: bytes | etree._Element | XmlSource,
    *,
    resolver: Resolver | None = None,
    limits: Limits = DEFAULT,
    expect: Sequence[str] = (),
) -> tuple[XmlSignatureFacts, ...]:
    """Return the facts about each signature of *source*, in document order; counter-signatures with theirs.

    *source* is the document, an element of a tree of :func:`vndoc.xml.parse_document` that nobody changes, or an
    :class:`XmlSource`. *resolver* gives the octets behind a URI outside the document; without it such a reference is
    ``signed-data-not-found``, and nothing is ever fetched (attack A5). *expect* are paths, as in
    :attr:`~vndoc.signature.Covered.element_path`, of what the caller is going to use: a signature that does not cover
    all of them has the reason ``expected-not-covered`` (attack A1, signature wrapping). Who states no expectation
    may use nothing but :attr:`~vndoc.signature.Covered.octets`.

    Raises :class:`~vndoc.errors.ReadError` and :class:`~vndoc.errors.LimitError` as :func:`vndoc.xml.parse_document`
    does (``xml-dtd``: attack A4), ``limit-signatures``, :class:`~vndoc.errors.SignatureError` ``no-signature``, and
    :class:`~vndoc.errors.UsageError`: ``option-invalid`` for one text as *expect* (its letters would be taken for
    paths) and other values of the wrong kind, ``source-type`` for what a *resolver* gives that is no octets.
    """
    if type(limits) is not Limits:
        need("limits", limits, Limits)
    if resolver is not None:
        need_call("resolver", resolver)
    if expect != ():
        expect = need_all("expect", expect, str)
    if not expect and (written := read_written(source, limits)) is not None:
        return (written,)
    short = None if expect else shortened(source, limits)
    if short is not None and (usual := read_usual(*short)) is not None:
        return (usual,)
    tree = XmlSource.of(source, limits)
    if short is None and not expect and (usual := read_usual(tree)) is not None:
        return (usual,)
    nodes: list[etree._Element] = []
    infos: dict[etree._Element | None, int] = {}
    for node in tree.root.iter(_SIGNATURE, _SIGNED_INFO):
        if node.tag == _SIGNATURE:
            nodes.append(node)
        else:
            owner = _owner(node)
            infos[owner] = infos.get(owner, 0) + 1
    if not nodes:
        raise SignatureError("no-signature")
    if len(nodes) > MAX_SIGNATURES:
        raise LimitError("limit-signatures", limit=MAX_SIGNATURES)
    context = Context(source=tree, ids=Ids(tree.root), resolver=resolver, limits=limits)
    read = [_Reading(context, node, infos) for node in nodes if not xades.is_counter_signature(node)]
    with context.paths:
        for reading in read:
            reading.read()
        twins = _Twins(tree.root, read)
        expected = {path: _led_to(tree.root, path) for path in expect}
        return tuple([_judged(reading, twins, expected) for reading in read])


@attrs.define(eq=False)
class _Reading:
    """One signature while it is read."""

    context: Context
    node: etree._Element
    infos: dict[etree._Element | None, int]
    """How many SignedInfo belong to each signature of the document, wherever they stand in it."""
    reasons: list[Reason] = attrs.field(factory=list)
    references: list[Reference] = attrs.field(factory=list)
    listed: list[Reference] = attrs.field(factory=list)
    covered: list[Covered] = attrs.field(factory=list)
    facts: XmlSignatureFacts | None = None

    def read(self) -> XmlSignatureFacts:
        """Read everything, set ``facts`` and return them."""
        place = self.context.paths.of(self.node)
        self.reasons += [
            reason("duplicate-id", place=place, found=value) for value in islice(self.context.ids.duplicates, 3)
        ]
        algorithm, octets, value = None, b"", b""
        keys, properties = KeyInfo(), xades.Properties()
        try:
            signed_info, signature_value, key_info = self._parts(place)
            children = element_children(signed_info)
            algorithm = self._algorithm(signed_info, children)
            value = base64_value(signature_value)
            octets = self._signed_octets(signed_info, children[0])
            self.references, reasons = read_references(self.context, signed_info, self.node)
            self.reasons += reasons
            keys = read_key_info(key_info)
            properties = xades.read_properties(self.context, self.node, self.references, self._countered)
        except Refusal as refusal:
            self.reasons.append(refusal.reason)
        self.reasons += [*keys.reasons, *properties.reasons]
        self.covered += [_in_role(r, properties) for r in self.references]
        self._manifests()
        self.reasons += [_misplaced(r, place) for r in (*self.references, *self.listed) if not _in_place(r, self.node)]
        self.facts = self._made(place, algorithm, octets, value, keys, properties)
        return self.facts

    def _parts(self, place: str) -> tuple[etree._Element, etree._Element, etree._Element | None]:
        """Return SignedInfo, SignatureValue and KeyInfo (attack A8: exactly one SignedInfo, right below)."""
        children = element_children(self.node)
        names = [str(child.tag) for child in children]
        if names.count(_SIGNED_INFO) != 1:
            raise Refusal(reason("signed-info-repeated", place=place, count=names.count(_SIGNED_INFO)))
        if self.infos.get(self.node) != 1:
            raise Refusal(reason("signed-info-nested", place=place))
        ranks = [_ORDER.get(name, 9) for name in names]
        if ranks != sorted(ranks) or 9 in ranks or ranks.count(1) != 1 or ranks.count(2) > 1:
            shown = " ".join(etree.QName(child).localname for child in children[:8])
            raise Refusal(reason("signature-malformed", place=place, detail=shown))
        return children[0], children[1], children[2] if 2 in ranks else None

    def _algorithm(self, signed_info: etree._Element, children: list[etree._Element]) -> SignatureAlgorithm:
        """Return what the signature says it was made with; add a reason if it is refused by name."""
        place = signed_info
        names = [child.tag for child in children]
        if names[:2] != _METHODS or names.count(_REFERENCE) != len(names) - 2:
            raise Refusal(reason("signature-malformed", place=place, detail="SignedInfo"))
        method = children[1]
        if next(method.iterchildren(_OUTPUT_LENGTH), None) is not None:
            self.reasons.append(reason("hmac-output-length", place=place))
        uri = method.get("Algorithm", "")
        algorithm = _pss(method) if uri == MORE_2007 + "rsa-pss" else SIGNATURES.get(uri)
        if algorithm is None:
            algorithm = SignatureAlgorithm(Family.UNKNOWN, name=uri)
        self.reasons += [reason(code, place=place, found=shown) for code, shown in refusals(algorithm)]
        return algorithm

    def _signed_octets(self, signed_info: etree._Element, method: etree._Element) -> bytes:
        found = canonical_method(method)
        place = method
        if found is None:
            raise Refusal(reason("canonicalization-unknown", place=place, found=method.get("Algorithm", "")))
        stream = Selection(self.context.source, signed_info, comments=True).canonical(*found)
        try:
            octets = b"".join(stream.pieces())
        except (VndocError, OSError) as error:
            raise Refusal(fault(error, signed_info)) from None
        self.context.charge(len(octets))
        return octets

    def _manifests(self) -> None:
        """Follow the references of each Manifest that is signed, one level deep."""
        for reference in self.references:
            if reference.target is not None and reference.target.tag == _MANIFEST and reference.shows:
                listed, reasons = read_references(self.context, reference.target, self.node, manifest=True)
                self.listed += listed
                self.covered += [entry.covered for entry in listed]
                self.reasons += reasons

    def _stated_time(self) -> datetime.datetime | None:
        """Return the first SigningTime in a signed Object that is not of XAdES: as Vietnamese software states it.

        Source: signature.md, section 3.2 (SignatureProperties, in no namespace, local time without a zone).
        """
        for reference in self.references:
            target = reference.target
            if target is None or not reference.shows or _owner(target) is not self.node:
                continue
            for node in target.iter("SigningTime", ds("SigningTime")):
                found = None if len(node) else xades.parse_time(node.text or "")
                if found is not None:
                    return found
        return None

    def _countered(self, node: etree._Element) -> tuple[XmlSignatureFacts, list[Reference]]:
        reading = _Reading(self.context, node, self.infos)
        return reading.read(), reading.references

    def _made(
        self,
        place: str,
        algorithm: SignatureAlgorithm | None,
        octets: bytes,
        value: bytes,
        keys: KeyInfo,
        properties: xades.Properties,
    ) -> XmlSignatureFacts:
        return XmlSignatureFacts(
            form=Form.XADES if properties.present else Form.XMLDSIG,
            level=properties.level,
            place=place,
            reasons=tuple(self.reasons),
            algorithm=algorithm,
            covered=tuple(self.covered),
            verify=verifier(algorithm, value, octets),
            candidates=candidates(keys, properties),
            certificates=distinct(keys.certificates + properties.certificates),
            binding=properties.binding,
            signature_value=value,
            signed_octets=octets,
            signature_id=self.node.get("Id"),
            claimed_time=properties.claimed_time or self._stated_time(),
            claimed_roles=properties.claimed_roles,
            claimed_place=properties.claimed_place,
            commitment_types=properties.commitment_types,
            signature_policy=properties.signature_policy,
            content_type=next((item.mime_type for item in properties.data_objects if item.mime_type), None),
            timestamps=properties.timestamps,
            revocation=_with_lists(properties.revocation, keys.crls),
            counter_signatures=properties.counter_signatures,
            key_value=keys.key_value,
            key_names=keys.key_names,
            names=keys.names,
            data_objects=properties.data_objects,
            reaches=lambda node: any(r.reaches(node) for r in self.references),
        )


def _with_lists(revocation: RevocationMaterial, crls: tuple[bytes, ...]) -> RevocationMaterial:
    return attrs.evolve(revocation, crls=crls + revocation.crls) if crls else revocation


def _in_role(reference: Reference, properties: xades.Properties) -> Covered:
    if properties.signed is not None and reference.target is properties.signed:
        return attrs.evolve(reference.covered, what="signed-properties")
    return reference.covered


def _owner(node: etree._Element) -> etree._Element | None:
    """Return the signature that *node* belongs to."""
    return next(node.iterancestors(_SIGNATURE), None)


def _pss(method: etree._Element) -> SignatureAlgorithm | None:
    """Return RSASSA-PSS with the parameters in *method* (RFC 9231, 2.3.9); ``None`` if they cannot be used."""
    parameters = method.find(f"{{{MORE_2007}}}RSAPSSParams")
    own = None if parameters is None else parameters.find(ds("DigestMethod"))
    digest = DIGESTS["sha256"] if own is None else digest_method(own)
    if digest is None or digest.hashlib is None:
        return None
    plain = SIGNATURES[f"{MORE_2007}{digest.name}-rsa-MGF1"]
    if parameters is None:
        return plain
    masking = parameters.find(f"{{{MORE_2007}}}MaskGenerationFunction")
    inner = None if masking is None else masking.find(ds("DigestMethod"))
    mgf = digest if inner is None else digest_method(inner)
    salt, trailer = (parameters.find(f"{{{MORE_2007}}}{name}") for name in ("SaltLength", "TrailerField"))
    length = plain.salt if salt is None else serial_number(plain_text(salt))
    if mgf is None or length is None or not 0 <= length <= 512:
        return None
    if masking is not None and masking.get("Algorithm", MORE_2007 + "MGF1") != MORE_2007 + "MGF1":
        return None
    if trailer is not None and plain_text(trailer).strip() != "1":
        return None
    return SignatureAlgorithm(Family.RSA_PSS, digest.name, mgf.name, length)


# -- signature wrapping --------------------------------------------------------------------------------


def _judged(reading: _Reading, twins: _Twins, expect: dict[str, list[etree._Element]]) -> XmlSignatureFacts:
    """Return the facts of *reading* with what the whole document says about them (attack A1)."""
    facts = reading.facts
    assert facts is not None  # noqa: S101 - every reading was read
    found = _wrapped(reading)
    parts = (*reading.references, *reading.listed)
    missing = [
        path for path, nodes in expect.items() if not nodes or not all(any(r.covers(n) for r in parts) for n in nodes)
    ]
    if missing:
        found += [reason("expected-not-covered", place=facts.place, path=path) for path in missing]
    elif not (expect or found):
        found += twins.reasons(reading)
    if facts.covered and all(_of_itself(reference, reading.node) for reference in reading.references):
        found.append(reason("signs-only-itself", place=facts.place))
    return attrs.evolve(facts, reasons=facts.reasons + tuple(found)) if found else facts


def _led_to(root: etree._Element, path: str) -> list[etree._Element]:
    """Return the elements that *path* may mean: it holds local names, and those of two namespaces may be equal."""
    first, *steps = path.removeprefix("/").split("/")
    found = [root] if local_name(root) == first else []
    for step in steps:
        name, _, number = step.removesuffix("]").partition("[")
        found = [child for parent in found for child in _named(parent, name, number)]
    return found


def _named(parent: etree._Element, name: str, number: str) -> list[etree._Element]:
    alike: dict[str, list[etree._Element]] = {}
    for child in parent.iterchildren("*"):
        if local_name(child) == name:
            alike.setdefault(str(child.tag), []).append(child)
    if not number:
        return [child for children in alike.values() for child in children]
    return [child for children in alike.values() for at, child in enumerate(children, 1) if str(at) == number]


def _in_place(reference: Reference, signature: etree._Element) -> bool:
    """Return whether an Object or a Manifest that *reference* of *signature* leads to stands where one belongs.

    Who moves the signed one into a wrapper puts another in its place, and nothing of the signature changes.
    """
    target = reference.target
    if target is None:
        return True
    parent = target.getparent()
    if within(target, signature):
        if target.tag != _TYPED.get(reference.type, target.tag):
            return False
        if target.tag == _MANIFEST and (parent is None or parent.tag != _OBJECT):
            return False
    around = (node.getparent() for node in (target, *target.iterancestors()) if node.tag == _OBJECT)
    return all(holder is not None and holder.tag == _SIGNATURE for holder in around)


def _misplaced(reference: Reference, place: str) -> Reason:
    covered = reference.covered
    return reason("signed-data-misplaced", place=place, uri=f'"{covered.name}"', path=covered.element_path)


def _wrapped(reading: _Reading) -> list[Reason]:
    """Return a reason for each enveloped reference whose target is no longer around its signature.

    That alone is practice of sloppy signers; here an element of the same name stands around the signature instead.
    """
    return [
        reason("signature-wrapping", place=reading.node, path=reference.covered.element_path)
        for reference in reading.references
        if reference.without is not None
        and reference.target is not None
        and not within(reading.node, reference.target)
        and any(ancestor.tag == reference.target.tag for ancestor in reading.node.iterancestors())
    ]


def _of_itself(reference: Reference, signature: etree._Element) -> bool:
    """Return whether *reference* leads to no data: nothing is left of it, or it is a part of *signature* but no Object.

    The properties of XAdES stand in an Object, and are no data either.
    """
    target = reference.target
    if target is None or not reference.covered.intact or not within(target, signature):
        return False
    if reference.without is not None:
        return True
    around = [target, *target.iterancestors()]
    inside = around[: around.index(signature)]
    return not inside or inside[-1].tag != _OBJECT or any(_is_of(xades.NAMESPACES, node) for node in inside)


_FEW: Final = 16
"""So many names are searched for at once faster than all elements are looked at."""


class _Twins:
    """The unsigned elements that have the name of a signed one: who looks for the name may find them.

    Elements of signatures themselves are left out: nobody looks for them. What lies in a signature is not: an Object
    may hold anything, and is signed only where a reference says so.
    """

    def __init__(self, root: etree._Element, read: list[_Reading]) -> None:
        self._signed: dict[etree._Element, set[etree._Element | None]] = {}
        self._decoded: set[etree._Element] = set()
        wanted: set[str] = set()
        for reference in (r for other in read for r in (*other.references, *other.listed)):
            target = _named_by(reference)
            if target is None:
                continue
            if reference.markup:
                self._signed.setdefault(target, set()).add(reference.without)
            else:
                self._decoded.add(target)
            if not _is_of(_NAMESPACES, target):
                wanted.add(str(target.tag))
        self._found: dict[str, etree._Element] = {}
        for node in root.iter(*wanted) if len(wanted) <= _FEW else root.iter("*"):
            if not wanted:
                break
            name = str(node.tag)
            if name in wanted and node not in self._signed and node not in self._decoded and not self._covered(node):
                self._found[name] = node
                wanted.discard(name)

    def _covered(self, node: etree._Element) -> bool:
        around = {node, *node.iterancestors()}
        return any(
            without is None or without not in around
            for outer in around.intersection(self._signed)
            for without in self._signed[outer]
        )

    def reasons(self, reading: _Reading) -> list[Reason]:
        """Return a reason for each name of what *reading* covers that has a twin."""
        found: dict[str, Reason] = {}
        for reference in reading.references:
            target = _named_by(reference)
            name = "" if target is None else str(target.tag)
            if name in self._found and name not in found:
                values = {"path": reference.covered.element_path, "found": reading.context.paths.of(self._found[name])}
                found[name] = reason("unsigned-twin", place=reading.node, **values)
        return list(found.values())


def _is_of(namespaces: Collection[str], node: etree._Element) -> bool:
    return str(node.tag)[1:].partition("}")[0] in namespaces


def _named_by(reference: Reference) -> etree._Element | None:
    """Return the element whose name leads to what *reference* covers: itself, or what its text stands for."""
    return reference.target if reference.shows or (reference.covered.intact and not reference.markup) else None


_NAMESPACES: Final = frozenset({DS, *xades.NAMESPACES})
