"""What the timestamps of XAdES are over.

Sources: ETSI EN 319 132-1 V1.2.1, clauses 4.5, 5.2.8, 5.3, 5.5.2 and A.1.5; ETSI TS 101 903 V1.3.2 and V1.4.1, 7.2.9,
7.2.10, 7.3, 7.5, 7.7 and 8.2. Known are the forms in which everything stands in one signature; what older ones
list by ``HashDataInfo``, and what is distributed over several holders, is left unknown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from lxml import etree

from vndoc.errors import VndocError
from vndoc.pki.algorithms import Digest
from vndoc.signature._imprint import UNKNOWN, Imprint, digest_by, key_of
from vndoc.signature._xmldsig_names import CANONICAL, canonical_method, ds
from vndoc.signature._xmldsig_references import Context, Form, stream_of
from vndoc.signature._xmldsig_selection import Selection, Stream
from vndoc.signature._xmldsig_tree import Refusal, base64_value, element_children
from vndoc.xml import Canonical

__all__ = ["XADES_141", "imprint_of", "new_archive_input"]

XADES_141: Final = "http://uri.etsi.org/01903/v1.4.1#"
"""The namespace of the newer properties, ArchiveTimeStamp among them."""

_PLAIN: Final[Form] = (Canonical.C14N_10, ())
_NAMED: Final = frozenset({"Include", "HashDataInfo"})
_REFERENCES: Final = frozenset(
    {
        "CompleteCertificateRefs",
        "CompleteCertificateRefsV2",
        "CompleteRevocationRefs",
        "AttributeCertificateRefs",
        "AttributeCertificateRefsV2",
        "AttributeRevocationRefs",
    }
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


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname


def imprint_of(context: Context, signature: etree._Element, node: etree._Element) -> Imprint:
    """Return what the timestamp property *node* of *signature* should be over. Never raises."""
    rule = _RULES.get(_local(node))
    form = _form(node)
    if rule is None or form is None:
        return UNKNOWN
    try:
        return rule(context, signature, node, form)
    except (Refusal, VndocError):
        return UNKNOWN


def _form(node: etree._Element) -> Form | None:
    """Return the canonical form that *node* names: C14N 1.0 where it names none, ``None`` for an unknown one."""
    method = next(node.iterchildren(ds("CanonicalizationMethod")), None)
    return _PLAIN if method is None else canonical_method(method)


def _over(context: Context, streams: list[Stream]) -> Callable[[Digest], bytes | None]:
    """Return what gives the digest of *streams*; their octets count as work, and ``None`` stands for a missing one."""

    def pieces(_digest: Digest) -> Iterator[bytes | memoryview]:
        for stream in streams:
            context.charge(stream.cost)
            context.walk(stream.node)
            for piece in stream.pieces():
                context.charge(len(piece))
                yield piece

    def digest(algorithm: Digest) -> bytes | None:
        with contextlib.suppress(Refusal, VndocError, OSError):
            return digest_by(pieces)(algorithm)
        return None

    return digest


def _canonical(context: Context, form: Form, *nodes: etree._Element) -> list[Stream]:
    return [Selection(context.source, node, comments=True).canonical(*form) for node in nodes]


def _value(signature: etree._Element) -> etree._Element:
    return next(signature.iterchildren(ds("SignatureValue")))


def _listed(node: etree._Element) -> list[etree._Element]:
    """Return what *node* names one by one."""
    return [child for child in element_children(node) if _local(child) in _NAMED]


# -- the rules -------------------------------------------------------------------------------------------


def _of_value(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """SignatureTimeStamp: the canonical SignatureValue; older forms may name it."""
    value = _value(signature)
    for child in _listed(node):
        if child.get("URI", child.get("uri", "")) != f"#{value.get('Id', '')}":
            return UNKNOWN
        steps = list(child.iter(ds("Transform")))
        if len(steps) > 1 or any(step.get("Algorithm", "") not in CANONICAL for step in steps):
            return UNKNOWN
        form = canonical_method(steps[0]) or form if steps else form
    over = _over(context, _canonical(context, form, value))
    return Imprint(over=over, protects=frozenset({key_of(base64_value(value))}))


def _of_references(context: Context, _signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """RefsOnlyTimeStamp: the references before it, in their order."""
    if _listed(node):
        return UNKNOWN
    return Imprint(over=_over(context, _canonical(context, form, *_before(node, _REFERENCES))))


def _of_signature_and_references(
    context: Context, signature: etree._Element, node: etree._Element, form: Form
) -> Imprint:
    """SigAndRefsTimeStamp: the value, and its timestamps and the references before it, in their order."""
    if _listed(node):
        return UNKNOWN
    value, before = _value(signature), _before(node, _REFERENCES | {"SignatureTimeStamp"})
    over = _over(context, _canonical(context, form, value, *before))
    return Imprint(over=over, protects=frozenset({key_of(base64_value(value)), *_kept(before)}))


def _before(node: etree._Element, names: frozenset[str] | None = None) -> list[etree._Element]:
    """Return the properties before *node*, those of *names* only."""
    found = [sibling for sibling in node.itersiblings("*", preceding=True) if names is None or _local(sibling) in names]
    return found[::-1]


def _of_archive(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """ArchiveTimeStamp: everything that was signed, the signature, and the unsigned properties before it."""
    if _listed(node):
        return UNKNOWN
    newer = etree.QName(node).namespace == XADES_141
    return _archive(context, signature, _before(node), form, newer=newer)


def _archive(
    context: Context, signature: etree._Element, before: list[etree._Element], form: Form, *, newer: bool
) -> Imprint:
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
    streams += _canonical(context, form, signed_info, value, *key_info, *before, *objects)
    protects = frozenset({key_of(base64_value(value)), *_kept([*key_info, *before])})
    return Imprint(over=_over(context, streams), protects=protects)


def _qualifying(node: etree._Element) -> bool:
    return any(_local(child) == "QualifyingProperties" for child in element_children(node))


def _kept(nodes: list[etree._Element]) -> Iterator[bytes]:
    """Yield what the certificates, lists, responses and tokens in *nodes* are known by."""
    for node in nodes:
        for inner in node.iter("*"):
            if _local(inner) in _KEPT:
                with contextlib.suppress(Refusal):  # what cannot be read says so where it is used
                    yield key_of(base64_value(inner))


def _of_all_data(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """AllDataObjectsTimeStamp: what every reference leads to, but for the signed properties."""
    if _listed(node):
        return UNKNOWN
    references = [r for r in _references(signature) if not _of_properties(context, r)]
    return Imprint(over=_over(context, [stream_of(context, r, signature, form) for r in references]))


def _of_properties(context: Context, reference: etree._Element) -> bool:
    """Return whether *reference* says, or shows, that it leads to the signed properties."""
    target = context.ids.get(reference.get("URI", "").removeprefix("#"))
    return reference.get("Type", "").endswith("#SignedProperties") or (
        target is not None and _local(target) == "SignedProperties"
    )


def _of_single_data(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> Imprint:
    """IndividualDataObjectsTimeStamp: what the references lead to that it includes, in its order."""
    by_id = {f"#{reference.get('Id')}": reference for reference in _references(signature) if reference.get("Id")}
    streams = []
    for child in _listed(node):
        reference = by_id.get(child.get("URI", ""))
        if reference is None or child.get("referencedData") not in {"true", "1"}:
            return UNKNOWN
        streams.append(stream_of(context, reference, signature, form))
    return Imprint(over=_over(context, streams)) if streams else UNKNOWN


def _references(signature: etree._Element) -> list[etree._Element]:
    return list(element_children(signature)[0].iterchildren(ds("Reference")))


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
) -> Callable[[Digest], bytes | None]:
    """Return what gives the imprint of an ArchiveTimeStamp (XAdES 1.4.1) that is to stand behind *before*."""
    over = _archive(context, signature, before, (canonical, ()), newer=True).over
    assert callable(over)  # noqa: S101 - it is for every archive timestamp
    return over
