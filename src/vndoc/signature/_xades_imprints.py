"""What the timestamps of XAdES are over.

Sources: ETSI EN 319 132-1 V1.2.1, clauses 4.5, 5.2.8, 5.3, 5.5.2 and A.1.5; ETSI TS 101 903 V1.3.2 and V1.4.1, 7.2.9,
7.2.10, 7.3, 7.5, 7.7 and 8.2; V1.1.1, 7. Where a timestamp names what it is over (:mod:`._xades_named`), it is taken at
its word, and has to name what makes it one of its kind. From V1.2.2 on, those of references and archives name only
unsigned properties, where these are elsewhere; all else is in without a name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from lxml import etree

from vndoc.edxml.xmltools import local_name
from vndoc.errors import VndocError
from vndoc.pki.algorithms import Digest
from vndoc.pki.outcome import Reason
from vndoc.signature._imprint import Imprint, digest_by, key_of
from vndoc.signature._xades_named import Named, holds, listed, named_by, speaks_of
from vndoc.signature._xmldsig_names import canonical_method, ds
from vndoc.signature._xmldsig_references import Context, Form, stream_of
from vndoc.signature._xmldsig_selection import Selection, Stream
from vndoc.signature._xmldsig_tree import Refusal, base64_value, element_children, reason
from vndoc.xml import Canonical

__all__ = ["XADES_141", "imprint_of", "new_archive_input"]

XADES_141: Final = "http://uri.etsi.org/01903/v1.4.1#"
"""The namespace of the newer properties, ArchiveTimeStamp among them."""

_PLAIN: Final[Form] = (Canonical.C14N_10, ())
_REFERENCES: Final = frozenset(
    {"CompleteCertificateRefs", "CompleteRevocationRefs", "AttributeCertificateRefs", "AttributeRevocationRefs"}
)
_REFERENCES_V2: Final = frozenset(
    {"CompleteCertificateRefsV2", "CompleteRevocationRefs", "AttributeCertificateRefsV2", "AttributeRevocationRefs"}
)
_KEPT: Final = frozenset(
    {
        "EncapsulatedX509Certificate",
        "EncapsulatedCRLValue",
        "EncapsulatedOCSPValue",
        "EncapsulatedTimeStamp",
        "SignatureValue",
        "X509Certificate",
        "X509CRL",
    }
)
"""Elements whose octets a proof of existence is kept of; a SignatureValue is that of a counter-signature."""


def imprint_of(context: Context, signature: etree._Element, node: etree._Element) -> Imprint:
    """Return what the timestamp property *node* of *signature* should be over. Never raises."""
    form = _form(node)
    if form is None:
        return _unknown(reason("timestamp-form-unknown", place=node, found=_form_named(node)))
    try:
        if listed(node):
            return _named(context, signature, node, form)
        return _RULES[local_name(node)](context, signature, node, form)
    except Refusal as refusal:
        return _unknown(refusal.reason)
    except VndocError as error:
        return _unknown(_unreadable(error, node))


def _unknown(why: Reason) -> Imprint:
    return Imprint(over=None, reasons=(why,))


def _unreadable(error: VndocError | OSError, node: etree._Element) -> Reason:
    return reason("timestamp-data-unreadable", place=node, detail=getattr(error, "code", type(error).__name__))


def _form(node: etree._Element) -> Form | None:
    """Return the canonical form that *node* names: C14N 1.0 where it names none, ``None`` for an unknown one.

    Some signers write a CanonicalizationMethod without saying which; what they digested is the same.
    """
    method = next(node.iterchildren(ds("CanonicalizationMethod")), None)
    return _PLAIN if method is None or not method.get("Algorithm") else canonical_method(method)


def _form_named(node: etree._Element) -> str:
    return next(node.iterchildren(ds("CanonicalizationMethod"))).get("Algorithm", "")


def _over(context: Context, streams: list[Stream], node: etree._Element) -> Callable[[Digest], bytes | Reason]:
    """Return what gives the digest of *streams*, or why it cannot be had; their octets count as work."""

    def pieces(_digest: Digest) -> Iterator[bytes | memoryview]:
        for stream in streams:
            context.charge(stream.cost)
            context.walk(stream.node)
            for piece in stream.pieces():
                context.charge(len(piece))
                yield piece

    def digest(algorithm: Digest) -> bytes | Reason:
        try:
            return digest_by(pieces)(algorithm)
        except Refusal as refusal:
            return refusal.reason
        except (VndocError, OSError) as error:
            return _unreadable(error, node)

    return digest


def _canonical(context: Context, form: Form, *nodes: etree._Element) -> list[Stream]:
    return [Selection(context.source, node, comments=True).canonical(*form) for node in nodes]


def _value(signature: etree._Element) -> etree._Element:
    return next(signature.iterchildren(ds("SignatureValue")))


# -- the rules -------------------------------------------------------------------------------------------


def _of_value(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """SignatureTimeStamp: the canonical SignatureValue."""
    value = _value(signature)
    over = _over(context, _canonical(context, form, value), node)
    return Imprint(over=over, protects=frozenset({key_of(base64_value(value))}))


def _of_references(context: Context, _signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """RefsOnlyTimeStamp: the references before it, in their order."""
    return Imprint(over=_over(context, _canonical(context, form, *_before(node, _refs(node))), node))


def _refs(node: etree._Element) -> frozenset[str]:
    """Return the names of the references that timestamps of the version of *node* are over."""
    return _REFERENCES_V2 if local_name(node).endswith("V2") else _REFERENCES


def _of_signature_and_references(
    context: Context, signature: etree._Element, node: etree._Element, form: Form
) -> Imprint:
    """SigAndRefsTimeStamp: the value, and its timestamps and the references before it, in their order."""
    value, before = _value(signature), _before(node, _refs(node) | {"SignatureTimeStamp"})
    over = _over(context, _canonical(context, form, value, *before), node)
    return Imprint(over=over, protects=frozenset({key_of(base64_value(value)), *_kept(before)}))


def _before(node: etree._Element, names: frozenset[str] | None = None) -> list[etree._Element]:
    """Return the properties before *node*, those of *names* only."""
    found = [
        sibling for sibling in node.itersiblings("*", preceding=True) if names is None or local_name(sibling) in names
    ]
    return found[::-1]


def _of_archive(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """ArchiveTimeStamp: everything that was signed, the signature, and the unsigned properties before it."""
    newer = etree.QName(node).namespace == XADES_141
    before = _before(node)
    streams = _archived(context, signature, _canonical(context, form, *before), form, newer=newer)
    return Imprint(over=_over(context, streams, node), protects=_protected(signature, before))


def _archived(
    context: Context, signature: etree._Element, before: list[Stream], form: Form, *, newer: bool
) -> list[Stream]:
    """Return what an archive timestamp is over; *before* are the unsigned properties."""
    signed_info, value = element_children(signature)[:2]
    references = list(signed_info.iterchildren(ds("Reference")))
    key_info = list(signature.iterchildren(ds("KeyInfo")))
    # those that a reference leads to are in already, for the older form
    targets = set() if newer else {reference.get("URI", "") for reference in references}
    objects = [
        child
        for child in signature.iterchildren(ds("Object"))
        if not _qualifying(child) and f"#{child.get('Id', '')}" not in targets
    ]
    streams = [stream_of(context, reference, signature, form) for reference in references]
    streams += _canonical(context, form, signed_info, value, *key_info)
    return [*streams, *before, *_canonical(context, form, *objects)]


def _protected(signature: etree._Element, before: list[etree._Element]) -> frozenset[bytes]:
    """Return what an archive timestamp proves the existence of; *before* are the unsigned properties."""
    key_info = list(signature.iterchildren(ds("KeyInfo")))
    return frozenset({key_of(base64_value(_value(signature))), *_kept([*key_info, *before])})


def _qualifying(node: etree._Element) -> bool:
    return any(local_name(child) == "QualifyingProperties" for child in element_children(node))


def _kept(nodes: list[etree._Element]) -> Iterator[bytes]:
    """Yield what the certificates, lists, responses and tokens in *nodes* are known by."""
    for node in nodes:
        for inner in node.iter("*"):
            if local_name(inner) in _KEPT:
                with contextlib.suppress(Refusal):  # what cannot be read says so where it is used
                    yield key_of(base64_value(inner))


def _of_all_data(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """AllDataObjectsTimeStamp: what every reference leads to, but for the signed properties."""
    streams = [stream_of(context, r, signature, form) for r in _data_references(context, signature)]
    return Imprint(over=_over(context, streams, node))


def _data_references(context: Context, signature: etree._Element) -> list[etree._Element]:
    return [r for r in _references(signature) if not _of_properties(context, r)]


def _signed_properties(context: Context, signature: etree._Element) -> list[etree._Element]:
    """Return the two parts of the signed properties, as far as they are there: archive timestamps name either."""
    uris = [r.get("URI", "").removeprefix("#") for r in _references(signature) if _of_properties(context, r)]
    holders = [found for uri in uris if (found := context.ids.get(uri)) is not None]
    return [part for holder in holders for part in element_children(holder)]


def _of_properties(context: Context, reference: etree._Element) -> bool:
    """Return whether *reference* says, or shows, that it leads to the signed properties."""
    target = context.ids.get(reference.get("URI", "").removeprefix("#"))
    return reference.get("Type", "").endswith("#SignedProperties") or (
        target is not None and local_name(target) == "SignedProperties"
    )


def _of_single_data(_context: Context, _signature: etree._Element, node: etree._Element, _form: Form) -> Imprint:
    """IndividualDataObjectsTimeStamp: it has to name what it is over."""
    raise Refusal(reason("timestamp-leaves-out", place=node, name="Include"))


def _references(signature: etree._Element) -> list[etree._Element]:
    return list(element_children(signature)[0].iterchildren(ds("Reference")))


# -- what is named one by one ----------------------------------------------------------------------------


_DISTRIBUTED: Final = frozenset({"ArchiveTimeStamp", "SigAndRefsTimeStamp", "SigAndRefsTimeStampV2"})
"""Timestamps whose names stand for unsigned properties alone, from V1.2.2 on."""


def _named(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """Return what a timestamp is over that names it: all that, and in distributed forms what needs no name."""
    named = named_by(context, signature, node, form)
    value = _value(signature)
    targets = [one.target for one in named if one.target is not None]
    streams = [one.stream for one in named]
    if local_name(node) not in _DISTRIBUTED or any(one.hashed for one in named):
        for missing in _left_out(context, signature, node, named):
            raise Refusal(missing)
        return Imprint(over=_over(context, streams, node), protects=frozenset(_kept(targets)))
    if local_name(node) == "ArchiveTimeStamp":
        newer = etree.QName(node).namespace == XADES_141
        streams = _archived(context, signature, streams, form, newer=newer)
        return Imprint(over=_over(context, streams, node), protects=_protected(signature, targets))
    streams = [*_canonical(context, form, value), *streams]
    protects = frozenset({key_of(base64_value(value)), *_kept(targets)})
    return Imprint(over=_over(context, streams, node), protects=protects)


def _left_out(
    context: Context, signature: etree._Element, node: etree._Element, named: list[Named]
) -> Iterator[Reason]:
    """Yield what the timestamp *node* has to name to be one of its kind, and does not."""
    kind = local_name(node)
    value = _value(signature)
    parts: list[etree._Element] = []
    references: list[etree._Element] = []
    if kind.startswith("RefsOnly"):
        if not any(one.target is not None and local_name(one.target) in _refs(node) for one in named):
            yield reason("timestamp-leaves-out", place=node, name="CompleteCertificateRefs")
    elif kind == "IndividualDataObjectsTimeStamp":
        known = _data_references(context, signature)
        if not all(any(speaks_of(context, [one], reference) for reference in known) for one in named):
            yield reason("timestamp-names-other-data", place=node)
    elif kind == "AllDataObjectsTimeStamp":
        references = _data_references(context, signature)
    elif kind == "ArchiveTimeStamp":
        parts, references = [value, *_signed_properties(context, signature)], _data_references(context, signature)
    else:
        parts = [value]
    for part in parts:
        if not holds(named, part):
            yield reason("timestamp-leaves-out", place=node, name=local_name(part))
    for reference in references:
        if not speaks_of(context, named, reference):
            uri = reference.get("URI", "")
            yield reason("timestamp-leaves-out", place=node, name=f'Reference "{uri}"')


_RULES: Final[dict[str, Callable[[Context, etree._Element, etree._Element, Form], Imprint]]] = {
    "SignatureTimeStamp": _of_value,
    "SigAndRefsTimeStamp": _of_signature_and_references,
    "SigAndRefsTimeStampV2": _of_signature_and_references,
    "RefsOnlyTimeStamp": _of_references,
    "RefsOnlyTimeStampV2": _of_references,
    "ArchiveTimeStamp": _of_archive,
    "AllDataObjectsTimeStamp": _of_all_data,
    "IndividualDataObjectsTimeStamp": _of_single_data,
}
"""The rules by the name of the property."""


def new_archive_input(
    context: Context, signature: etree._Element, before: list[etree._Element], canonical: Canonical
) -> Callable[[Digest], bytes | Reason]:
    """Return what gives the imprint of an ArchiveTimeStamp (XAdES 1.4.1) that is to stand behind *before*."""
    form: Form = (canonical, ())
    return _over(
        context, _archived(context, signature, _canonical(context, form, *before), form, newer=True), signature
    )
