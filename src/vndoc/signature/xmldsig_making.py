"""XML-DSig and XAdES, made: levels B and T, in one call or in two phases.

Not one octet of the caller's document outside the new signature is changed. The digests are computed by the very code
that verifies them, and the finished signature is read and verified before it is handed out.

Source: XML Signature 1.1 (W3C), RFC 9231, ETSI EN 319 132-1, clause 6 (baseline B and T).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final, Literal, get_args

import attrs
import pybase64
from lxml import etree

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import SignatureError, UsageError
from vndoc.errors._arguments import need, need_all, need_time
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.algorithms import DIGESTS, Digest, Family, SignatureAlgorithm, ecdsa_der_to_raw, key_bits
from vndoc.pki.outcome import Indication
from vndoc.signature import tsp
from vndoc.signature._xades_markup import Claims, ProductionPlace, element, properties
from vndoc.signature._xmldsig_names import BASE64, CANONICAL, DS, ENVELOPED, ds, uri_of
from vndoc.signature._xmldsig_references import MAX_REFERENCES, Context, made_digest
from vndoc.signature._xmldsig_selection import Selection
from vndoc.signature._xmldsig_sparing import all_of, spare_others
from vndoc.signature._xmldsig_splice import root_octets, splice
from vndoc.signature._xmldsig_tree import Ids, Refusal, XmlSource, element_children
from vndoc.signature.signing import Credential, Signer, SigningState, ToBeSigned, choose_algorithm, need_signer
from vndoc.signature.xades import SIGNED_PROPERTIES
from vndoc.signature.xmldsig import read_xml
from vndoc.xml import Canonical, canonicalize, parse_document

__all__ = [
    "Claims",
    "ProductionPlace",
    "XmlForm",
    "XmlReference",
    "complete_xml",
    "prepare_xml",
    "sign_xml",
]

XmlForm = Literal["enveloped", "enveloping", "enveloping-base64", "detached"]
"""Where the signature stands: in the document; around it; around its octets in base64; in a document of its own."""

XMLDSIG: Final = "xmldsig"
"""The format of states that wait for a value."""
_ROOT: Final = "{}-ROOT-"
_DIGEST: Final = "{}-DIGEST-{}-"
_VALUE: Final = "{}-VALUE-"
_UNSIGNED: Final = "{}-UNSIGNED-"
"""What stands in for parts that are not known yet; the Id in it is found nowhere in the caller's document."""


@attrs.frozen(kw_only=True)
class XmlReference:
    """One thing to be signed.

    ``uri`` is ``""`` for the document, ``#id`` for a part of it, or names something outside, whose octets are
    ``content``. ``transforms`` are URIs: enveloped-signature, the canonical forms, base64. ``mime_type`` goes into
    the signed properties of XAdES.
    """

    uri: str = ""
    transforms: tuple[str, ...] = ()
    type: str | None = None
    content: Octets | None = attrs.field(default=None, eq=False)
    mime_type: str | None = None


def sign_xml(
    data: bytes,
    *,
    signer: Signer,
    form: XmlForm = "enveloped",
    references: Sequence[XmlReference] | None = None,
    xades: bool = True,
    stamp: tsp.Stamp | None = None,
    nonce: int | None = None,
    signing_time: datetime.datetime | None = None,
    algorithm: SignatureAlgorithm | None = None,
    canonicalization: Canonical = Canonical.EXCLUSIVE,
    parent: str | None = None,
    claims: Claims = Claims(),  # noqa: B008 - a frozen value
    breaking: bool = False,
    limits: Limits = DEFAULT,
) -> bytes:
    """Return the signed document: :func:`prepare_xml`, the signer's value, :func:`complete_xml`.

    Raises what these do, and what the signer does.
    """
    need_signer(signer)
    prepared = prepare_xml(
        data,
        credential=signer,
        form=form,
        references=references,
        xades=xades,
        signing_time=signing_time,
        algorithm=algorithm,
        canonicalization=canonicalization,
        parent=parent,
        claims=claims,
        breaking=breaking,
        limits=limits,
    )
    value = signer.sign(prepared.octets, prepared.algorithm)
    return complete_xml(prepared.state, value, stamp=stamp, nonce=nonce, limits=limits)


def prepare_xml(
    data: bytes,
    *,
    credential: Credential,
    form: XmlForm = "enveloped",
    references: Sequence[XmlReference] | None = None,
    xades: bool = True,
    signing_time: datetime.datetime | None = None,
    algorithm: SignatureAlgorithm | None = None,
    canonicalization: Canonical = Canonical.EXCLUSIVE,
    parent: str | None = None,
    claims: Claims = Claims(),  # noqa: B008 - a frozen value
    breaking: bool = False,
    limits: Limits = DEFAULT,
) -> ToBeSigned:
    """Return what has to be signed: the canonical SignedInfo, its digest, and the state for :func:`complete_xml`.

    *form* ``enveloped`` puts the signature into the document *data*, as the last child of *parent* (a path such as
    ``/edXML/edXMLEnvelope/edXMLHeader``; the root without it), and signs the whole document unless *references* say
    otherwise. ``enveloping`` puts the root of *data* into the signature, ``enveloping-base64`` any octets.
    ``detached`` makes a document of its own; *references* name what is signed, one without ``content`` is over *data*.

    With *xades* the signature has the signed properties of XAdES-B: *signing_time* (needed then, with a zone), the
    certificate, *claims*. *algorithm* is the first that *credential* offers unless it is given. *canonicalization*
    is the form of SignedInfo, and of the references that are made here. A signature that the new one would break, as
    it stands in what that one has signed, is not broken unless *breaking* says so. Whether the certificate may
    sign, and now, is not asked here: that is :func:`~vndoc.signature.signing.check_signing_certificate`.

    Raises :class:`~vndoc.errors.UsageError` (``option-invalid``, ``time-zone-missing``, ``source-type``),
    :class:`~vndoc.errors.SignatureError` (``signing-algorithm``, ``signing-encoding``, ``signing-data``,
    ``signing-breaks-another``: counter-sign that one instead, or sign other elements),
    :class:`~vndoc.errors.ReadError` for a document that cannot be read, :class:`~vndoc.errors.WriteError`
    ``text-not-xml``.
    """
    for name, value in {"xades": xades, "breaking": breaking}.items():
        need(name, value, bool)
    need("canonicalization", canonicalization, Canonical)
    need("parent", parent, str, type(None))
    need("claims", claims, Claims)
    need("limits", limits, Limits)
    things = None if references is None else need_all("references", references, XmlReference)
    scheme = choose_algorithm(credential, algorithm)
    plan = _Plan(
        credential=credential,
        algorithm=scheme,
        uri=_uri(scheme),
        digest=_digest(scheme),
        form=canonicalization,
        data=_octets(data),
        limits=limits,
    )
    if xades and signing_time is None:
        raise UsageError("option-invalid", detail="signing_time")
    if signing_time is not None:
        need_time("signing_time", signing_time)
    plan.lay_out(form, things, parent, signing_time if xades else None, claims)
    if form == "enveloped" and not breaking:
        spare_others(plan.data, plan.document, limits)
    return plan.prepared()


def complete_xml(
    state: bytes,
    signature: bytes,
    *,
    stamp: tsp.Stamp | None = None,
    nonce: int | None = None,
    limits: Limits = DEFAULT,
) -> bytes:
    """Return the signed document for the *state* of :func:`prepare_xml` and the *signature* value that came back.

    With *stamp* the signature gets a timestamp (XAdES-T; *nonce* is its random number). ECDSA values may be DER or r
    and s. The value is verified first, and the document is read as everybody will read it.

    Raises :class:`~vndoc.errors.SignatureError`: ``signing-state``, ``signature-value``; ``timestamp-refused`` and
    ``timestamp-unfit`` from the time-stamping authority; :class:`~vndoc.errors.UsageError` ``option-invalid`` for a
    timestamp without XAdES.
    """
    need("limits", limits, Limits)
    waiting = SigningState.load(state, format=XMLDSIG)
    value = waiting.accept(signature)
    if waiting.algorithm.family is Family.ECDSA:
        value = ecdsa_der_to_raw(value, key_bits(waiting.certificate.public_key))
    name = waiting.text_of("id")
    text = waiting.octets_of("document").replace(_VALUE.format(name).encode(), pybase64.b64encode(value), 1)
    before, hole, after = text.rpartition(_UNSIGNED.format(name).encode())
    if stamp is None:
        return _checked(before + after, waiting, limits)
    if not hole:
        raise UsageError("option-invalid", detail="stamp: xades=False")
    form = CANONICAL.get(waiting.text_of("canonicalization"))
    if form is None:
        raise SignatureError("signing-state", detail="canonicalization")
    token = tsp.stamped(_stamped_octets(before + after, waiting, form, limits), stamp, nonce=nonce)
    return _checked(before + _unsigned(token.octets, form).encode("ascii") + after, waiting, limits)


def _octets(data: bytes | bytearray | memoryview) -> bytes:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise UsageError("source-type", found=type(data).__name__)
    return bytes(data)


def _uri(algorithm: SignatureAlgorithm) -> str:
    uri = uri_of(algorithm)
    if uri is None:
        raise SignatureError("signing-algorithm", found=str(algorithm))
    return uri


def _digest(algorithm: SignatureAlgorithm) -> Digest:
    """Return the digest of the references: that of the signature, SHA-512 for EdDSA, which has none."""
    return DIGESTS[algorithm.digest or "sha512"]


# -- the first phase -----------------------------------------------------------------------------------


@attrs.define(eq=False, kw_only=True)
class _Plan:
    """A signature while it is prepared."""

    credential: Credential
    algorithm: SignatureAlgorithm
    uri: str
    digest: Digest
    form: Canonical
    data: bytes
    limits: Limits
    id: str = ""
    references: list[XmlReference] = attrs.field(factory=list)
    document: bytes = b""

    def lay_out(
        self,
        form: XmlForm,
        references: Sequence[XmlReference] | None,
        parent: str | None,
        signing_time: datetime.datetime | None,
        claims: Claims,
    ) -> None:
        """Set ``document``: everything but the digests, the value and the timestamp."""
        if form not in get_args(XmlForm):
            raise UsageError("option-invalid", detail=f"form={form!r}")
        root = parse_document(self.data, limits=self.limits) if form in {"enveloped", "enveloping"} else None
        taken = b"" if root is None else etree.tostring(root.getroottree())
        number = 1
        while f"vndoc-{number}".encode() in taken:
            number += 1
        self.id = f"vndoc-{number}"
        self.references = self._things(form, references)
        names = [*range(len(self.references))]
        objects = self._object(form)
        if signing_time is not None:
            formats = [
                (f"{self.id}-r{n}", r.mime_type) for n, r in zip(names, self.references, strict=True) if r.mime_type
            ]
            objects += element(
                "ds:Object",
                properties(
                    self.id,
                    self.credential.certificate,
                    digest=self.digest.name if self.digest.name != "sha1" else "sha256",
                    signing_time=signing_time,
                    claims=claims,
                    formats=formats,
                    unsigned=_UNSIGNED.format(self.id),
                ),
            )
            self.references.append(
                XmlReference(uri=f"#{self.id}-properties", transforms=(self.form.value,), type=SIGNED_PROPERTIES)
            )
        signature = self._signature(objects).encode("ascii", "xmlcharrefreplace")
        if root is None or form == "enveloping":
            inner = root_octets(self.data) if form == "enveloping" else b""
            self.document = signature.replace(_ROOT.format(self.id).encode(), inner, 1)
        else:
            self.document = splice(self.data, root, parent, signature)

    def _things(self, form: XmlForm, references: Sequence[XmlReference] | None) -> list[XmlReference]:
        own = XmlReference(uri=f"#{self.id}-object", transforms=(self.form.value,), mime_type="text/xml")
        if form == "enveloping":
            return [own]
        if form == "enveloping-base64":
            return [attrs.evolve(own, transforms=(BASE64,), mime_type="application/octet-stream")]
        if references is None and form == "enveloped":
            return [XmlReference(uri="", transforms=(ENVELOPED, self.form.value), mime_type="text/xml")]
        found = list(references or ())
        if form == "detached":
            found = [r if r.content is not None else attrs.evolve(r, content=MemoryOctets(self.data)) for r in found]
        if not 1 <= len(found) < MAX_REFERENCES or len({r.uri for r in found if r.content is not None}) != len(
            [r for r in found if r.content is not None]
        ):
            raise UsageError("option-invalid", detail="references")
        return found

    def _object(self, form: XmlForm) -> str:
        if form == "enveloping":
            return element("ds:Object", _ROOT.format(self.id), Id=f"{self.id}-object")
        if form == "enveloping-base64":
            return element(
                "ds:Object", pybase64.b64encode(self.data).decode("ascii"), Id=f"{self.id}-object", Encoding=BASE64
            )
        return ""

    def _signature(self, objects: str) -> str:
        certificates = "".join(
            element("ds:X509Certificate", pybase64.b64encode(c.der).decode("ascii"))
            for c in (self.credential.certificate, *self.credential.chain)
        )
        signed_info = (
            element("ds:CanonicalizationMethod", "", Algorithm=self.form.value)
            + element("ds:SignatureMethod", "", Algorithm=self.uri)
            + "".join(self._reference(number, reference) for number, reference in enumerate(self.references))
        )
        return element(
            "ds:Signature",
            element("ds:SignedInfo", signed_info)
            + element("ds:SignatureValue", _VALUE.format(self.id), Id=f"{self.id}-value")
            + element("ds:KeyInfo", element("ds:X509Data", certificates))
            + objects,
            **{"xmlns:ds": DS, "Id": self.id},
        )

    def _reference(self, number: int, reference: XmlReference) -> str:
        steps = "".join(element("ds:Transform", "", Algorithm=name) for name in reference.transforms)
        return element(
            "ds:Reference",
            (element("ds:Transforms", steps) if steps else "")
            + element("ds:DigestMethod", "", Algorithm=self.digest.uris[0])
            + element("ds:DigestValue", _DIGEST.format(self.id, number)),
            Id=f"{self.id}-r{number}",
            Type=reference.type,
            URI=reference.uri,
        )

    def prepared(self) -> ToBeSigned:
        """Return what has to be signed, the digests filled in."""
        source = XmlSource.of(self.document, self.limits)
        signature = _signature_of(source.root, self.id)
        held = {r.uri: r.content for r in self.references if r.content is not None}
        context = Context(source=source, ids=Ids(source.root), resolver=held.get, limits=self.limits)
        if context.ids.duplicates:
            raise SignatureError("signing-data", detail=f"Id {next(iter(context.ids.duplicates))}")
        signed_info, document = element_children(signature)[0], self.document
        for number, node in enumerate(signed_info.iterchildren(ds("Reference"))):
            try:
                digest = made_digest(context, node, signature, self.digest)
            except Refusal as refusal:
                raise SignatureError("signing-data", detail=refusal.reason.code) from None
            except OSError as error:
                raise SignatureError("signing-data", detail=getattr(error, "code", "OSError")) from None
            text = pybase64.b64encode(digest)
            element_children(node)[-1].text = text.decode("ascii")
            document = document.replace(_DIGEST.format(self.id, number).encode(), text, 1)
        state = SigningState(
            format=XMLDSIG,
            certificate=self.credential.certificate,
            chain=self.credential.chain,
            algorithm=self.algorithm,
            octets=canonicalize(signed_info, self.form),
            fields={"document": document, "id": self.id, "canonicalization": self.form.value},
        )
        return state.to_be_signed()


def _signature_of(root: etree._Element, name: str) -> etree._Element:
    for node in root.iter(ds("Signature")):
        if node.get("Id") == name:
            return node
    raise SignatureError("signing-state", detail="Signature")


# -- the second phase ----------------------------------------------------------------------------------


def _stamped_octets(document: bytes, waiting: SigningState, form: Canonical, limits: Limits) -> bytes:
    """Return what a signature timestamp is over: the canonical SignatureValue (EN 319 132-1, 5.3)."""
    source = XmlSource.of(document, limits)
    value = element_children(_signature_of(source.root, waiting.text_of("id")))[1]
    return b"".join(bytes(piece) for piece in Selection(source, value, comments=True).canonical(form).pieces())


def _unsigned(token: bytes, form: Canonical) -> str:
    stamp = element("ds:CanonicalizationMethod", "", Algorithm=form.value) + element(
        "xades:EncapsulatedTimeStamp", pybase64.b64encode(token).decode("ascii")
    )
    inner = element("xades:UnsignedSignatureProperties", element("xades:SignatureTimeStamp", stamp))
    return element("xades:UnsignedProperties", inner)


def _checked(document: bytes, waiting: SigningState, limits: Limits) -> bytes:
    """Return *document* if its new signature reads as what was prepared and verifies."""
    name = waiting.text_of("id")
    for facts in all_of(read_xml(document, limits=limits)):
        if facts.signature_id == name:
            broken = [r.code for r in facts.reasons if r.kind.indication is Indication.FAILED]
            if facts.signed_octets == waiting.octets and facts.verify(waiting.certificate) and not broken:
                return document
            raise SignatureError("signing-state", detail=", ".join(broken) or "SignedInfo")
    raise SignatureError("signing-state", detail="Signature")
