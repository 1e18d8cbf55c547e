"""The seal of a packet: a signature that survives an axis which writes packets anew.

Only the unpacked content of attachments and the header's business key arrive as they were sent (protocol, 4.9). So
the seal is an ASiCManifest (ETSI EN 319 162-1, annex A) over the SHA-256 of each unpacked attachment, with the
business key in an extension, and a detached CAdES signature over that manifest. Both travel as two ordinary
attachments. It proves attachments and business key, nothing else of the header.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable, Iterator
from typing import Final, Literal
from urllib.parse import quote, unquote

import attrs
from lxml import etree

from vndoc.envelope import Attachment, BusinessKey, DocumentPacket, business_key
from vndoc.errors import EnvelopeError, ReadError, SignatureError, VndocError
from vndoc.errors._arguments import need_call, need_packet
from vndoc.identifiers import OrganCode
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.algorithms import DIGESTS, SignatureAlgorithm, digest_of_uri
from vndoc.pki.outcome import Reason
from vndoc.pki.revocation_facts import RevocationSource
from vndoc.pki.trust import TrustStore
from vndoc.signature import tsp
from vndoc.signature._cms_content import digests_of
from vndoc.signature.cms import complete_cms, prepare_cms, read_cms
from vndoc.signature.evaluation import verdict_of
from vndoc.signature.facts import Covered, SignatureFacts
from vndoc.signature.policy import Policy
from vndoc.signature.reasons import SIGNATURE_REASONS
from vndoc.signature.report import Verdict
from vndoc.signature.signing import Credential, Signer, ToBeSigned, need_signer
from vndoc.text import nfc
from vndoc.xml import parse_document

__all__ = [
    "MANIFEST_NAME",
    "SIGNATURE_NAME",
    "complete_seal",
    "of_seal",
    "prepare_seal",
    "read_seal",
    "seal",
    "seal_state",
    "verify_seal",
]

MANIFEST_NAME: Final = "ASiCManifest.xml"
"""File name of the attachment that is the manifest."""
SIGNATURE_NAME: Final = "ASiCManifest.p7s"
"""File name of the attachment that is the signature over it."""

_ASIC: Final = "http://uri.etsi.org/02918/v1.2.1#"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_KEY: Final = "urn:vndoc:seal:1"
_SHA256: Final = DIGESTS["sha256"].uris[0]
_MAX_MANIFEST: Final = 4 * 1024 * 1024
"""Octets of a manifest or a signature that are read: the manifest of a thousand files has 300 000."""

Normalise = Callable[[OrganCode], str]
"""Maps an organ code to the one form under which an agency is known; see :func:`vndoc.envelope.business_key`."""


def _folded(attachment: Attachment) -> str:
    return nfc(attachment.name or "").strip().casefold()


_MANIFEST: Final = MANIFEST_NAME.casefold()
_SIGNATURE: Final = SIGNATURE_NAME.casefold()


def of_seal(attachment: Attachment) -> bool:
    """Return whether the attachment has the name of one of the two files of a seal."""
    return _folded(attachment) in (_MANIFEST, _SIGNATURE)


def _uri(name: str) -> str:
    return quote(nfc(name).strip(), safe="")


# -- making --------------------------------------------------------------------------------------------


def _manifest(packet: DocumentPacket) -> bytes:
    """Return the ASiCManifest of *packet*; the same packet gives the same octets."""
    need_packet(packet, DocumentPacket)
    if any(of_seal(a) for a in packet.attachments):
        raise SignatureError("seal-present")
    key = business_key(packet)
    root = etree.Element(f"{{{_ASIC}}}ASiCManifest", nsmap={"asic": _ASIC, "ds": _DS})
    where = {"URI": _uri(SIGNATURE_NAME), "MimeType": "application/pkcs7-signature"}
    etree.SubElement(root, f"{{{_ASIC}}}SigReference", where)
    for attachment in packet.attachments:
        name = (attachment.name or "").strip()
        if not name:
            raise SignatureError("seal-name-missing")
        reference = etree.SubElement(root, f"{{{_ASIC}}}DataObjectReference", {"URI": _uri(name)})
        etree.SubElement(reference, f"{{{_DS}}}DigestMethod", {"Algorithm": _SHA256})
        value = etree.SubElement(reference, f"{{{_DS}}}DigestValue")
        value.text = base64.b64encode(attachment.digest()).decode("ascii")
    extensions = etree.SubElement(root, f"{{{_ASIC}}}ASiCManifestExtensions")
    extension = etree.SubElement(extensions, f"{{{_ASIC}}}Extension", {"Critical": "true"})
    fields = {"issuer": key.issuer, "year": str(key.year), "number": key.number, "notation": key.notation}
    etree.SubElement(extension, f"{{{_KEY}}}BusinessKey", fields)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def prepare_seal(
    packet: DocumentPacket,
    *,
    credential: Credential,
    algorithm: SignatureAlgorithm | None = None,
    signing_time: datetime.datetime | None = None,
) -> ToBeSigned:
    """Return what has to be signed to seal *packet*; the packet must have its final attachments.

    Raises :class:`~vndoc.errors.EnvelopeError` ``business-key-incomplete``, :class:`~vndoc.errors.SignatureError`
    ``seal-present`` for a packet that has a seal and ``seal-name-missing`` for an attachment without a name, the
    errors of :meth:`vndoc.envelope.Attachment.digest`, and those of :func:`vndoc.signature.cms.prepare_cms`.
    """
    return prepare_cms(_manifest(packet), credential=credential, algorithm=algorithm, signing_time=signing_time)


def complete_seal(
    packet: DocumentPacket, state: bytes, signature: bytes, *, stamp: tsp.Stamp | None = None, nonce: int | None = None
) -> DocumentPacket:
    """Return *packet* with its seal as two more attachments, for the *state* of :func:`prepare_seal`.

    Raises as :func:`vndoc.signature.cms.complete_cms`; ``cms-content-differs`` if *packet* is not the prepared one.
    """
    manifest = _manifest(packet)
    made = complete_cms(state, signature, stamp=stamp, nonce=nonce)
    [facts] = read_cms(made, content=manifest)
    if not all(covered.intact for covered in facts.covered):
        raise SignatureError("cms-content-differs")
    files = (
        Attachment.of(manifest, name=MANIFEST_NAME, description="ASiCManifest (EN 319 162-1)"),
        Attachment.of(made, name=SIGNATURE_NAME, description="CAdES (EN 319 122-1)"),
    )
    return packet.evolve(attachments=(*packet.attachments, *files))


def seal(
    packet: DocumentPacket,
    signer: Signer,
    *,
    algorithm: SignatureAlgorithm | None = None,
    signing_time: datetime.datetime | None = None,
    stamp: tsp.Stamp | None = None,
    nonce: int | None = None,
) -> DocumentPacket:
    """Return *packet* sealed by *signer*: both phases at once.

    With *stamp* the seal has a timestamp. Raises as :func:`prepare_seal` and :func:`complete_seal`.
    """
    need_signer(signer)
    waiting = prepare_seal(packet, credential=signer, algorithm=algorithm, signing_time=signing_time)
    value = signer.sign(waiting.octets, waiting.algorithm)
    return complete_seal(packet, waiting.state, value, stamp=stamp, nonce=nonce)


# -- reading and verifying -----------------------------------------------------------------------------


def seal_state(packet: DocumentPacket) -> Literal["none", "whole", "broken"]:
    """Return whether *packet* has a seal: both files once, or something else under their names."""
    need_packet(packet, DocumentPacket)
    names = [_folded(attachment) for attachment in packet.attachments]
    found = names.count(_MANIFEST), names.count(_SIGNATURE)
    if found == (0, 0):
        return "none"
    return "whole" if found == (1, 1) else "broken"


def read_seal(
    packet: DocumentPacket, *, normalise: Normalise = str, limits: Limits = DEFAULT
) -> tuple[SignatureFacts, ...]:
    """Return the facts of each signature of the seal, with what it says of attachments and header among them.

    *normalise* is as in :func:`~vndoc.envelope.business_key`: both the key that was signed and that of the header are
    made with it. Raises :class:`~vndoc.errors.SignatureError` ``seal-incomplete`` unless :func:`seal_state` is
    ``whole``, ``cms-malformed`` where its signature is none, and the errors of opening the two attachments.
    """
    need_call("normalise", normalise)
    if seal_state(packet) != "whole":
        raise SignatureError("seal-incomplete")
    manifest = _octets(next(a for a in packet.attachments if _folded(a) == _MANIFEST))
    signature = _octets(next(a for a in packet.attachments if _folded(a) == _SIGNATURE))
    facts = read_cms(signature, content=manifest, limits=limits)
    try:
        said = _Said.read(manifest, limits)
    except (ReadError, ValueError):
        covered: tuple[Covered, ...] = ()
        reasons: tuple[Reason, ...] = (_reason("seal-manifest-malformed"),)
    else:
        covered, uncovered = said.compared(packet)
        reasons = (*_changed(covered), *uncovered, *said.key_reasons(packet, normalise))
    return tuple(
        attrs.evolve(
            f, covered=(*f.covered, *covered), reasons=(*f.reasons, *reasons), place=f"{SIGNATURE_NAME}/{f.place}"
        )
        for f in facts
    )


def verify_seal(
    packet: DocumentPacket,
    *,
    policy: str | Policy,
    trust: TrustStore,
    at: datetime.datetime,
    revocation: RevocationSource | None = None,
    normalise: Normalise = str,
    limits: Limits = DEFAULT,
) -> Verdict:
    """Verify the seal of *packet*. What it covers is handed out in ``covers`` of each report.

    A packet without seal has a verdict without signatures, which is indeterminate. Raises as :func:`read_seal`.
    """
    facts = () if seal_state(packet) == "none" else read_seal(packet, normalise=normalise, limits=limits)
    return verdict_of(facts, policy=policy, trust=trust, at=at, revocation=revocation)


def _reason(code: str, place: str | None = None, /, **values: object) -> Reason:
    return Reason.of(SIGNATURE_REASONS[code], place=place or MANIFEST_NAME, **values)


def _octets(attachment: Attachment) -> bytes:
    with attachment.open() as file:
        data = file.read(_MAX_MANIFEST + 1)
    if len(data) > _MAX_MANIFEST:
        raise SignatureError("cms-too-large", limit=_MAX_MANIFEST)
    return data


@attrs.frozen
class _Said:
    """What a manifest says: names with digests, and the business key."""

    files: tuple[tuple[str, str, bytes], ...]
    key: BusinessKey | None

    @classmethod
    def read(cls, manifest: bytes, limits: Limits) -> _Said:
        """Return what *manifest* says; :class:`ReadError` or :class:`ValueError` if it is none."""
        root = parse_document(manifest, limits=limits)
        if root.tag != f"{{{_ASIC}}}ASiCManifest":
            raise ValueError
        files = tuple(_file(node) for node in root.iterchildren(f"{{{_ASIC}}}DataObjectReference"))
        keys = [_key(node) for node in root.iter(f"{{{_KEY}}}BusinessKey")]
        if len(keys) > 1:
            raise ValueError
        return cls(files, keys[0] if keys else None)

    def compared(self, packet: DocumentPacket) -> tuple[tuple[Covered, ...], list[Reason]]:
        """Return each file that is covered, and what is said of attachments that are not."""
        files = [a for a in packet.attachments if not of_seal(a)]
        left: dict[str, list[int]] = {}
        for number, attachment in enumerate(files):
            left.setdefault(nfc(attachment.name or "").strip(), []).append(number)
        known: dict[tuple[int, str], bytes | None] = {}  # a manifest may ask for files of one name again and again
        covered = []
        for name, algorithm, value in self.files:
            same = left.get(name, [])
            for number in same:
                if (number, algorithm) not in known:
                    known[number, algorithm] = _digest(files[number], algorithm)
            right = [number for number in same if known[number, algorithm] == value]
            found = next(iter(right or same), None)
            if found is not None:
                same.remove(found)
            covered.append(
                Covered(
                    what="attachment",
                    name=name,
                    intact=None if found is None else bool(right),
                    digest=algorithm,
                    value=value,
                    octets=None if found is None else files[found].content,
                )
            )
        over = sorted(number for numbers in left.values() for number in numbers)
        return tuple(covered), [_reason("seal-attachment-uncovered", name=files[number].name or "?") for number in over]

    def key_reasons(self, packet: DocumentPacket, normalise: Normalise) -> Iterator[Reason]:
        """Yield what is wrong between the key that was signed and that of the header."""
        if self.key is None:
            yield _reason("seal-key-missing")
            return
        try:
            own = business_key(packet, normalise=normalise)
        except EnvelopeError:
            yield _reason("seal-header-incomplete")
            return
        issuer = normalise(OrganCode(self.key.issuer)).strip()
        if attrs.evolve(self.key, issuer=issuer) != own:
            yield _reason("seal-other-document", signed=str(self.key), found=str(own))


def _file(node: etree._Element) -> tuple[str, str, bytes]:
    method, value = node.find(f"{{{_DS}}}DigestMethod"), node.findtext(f"{{{_DS}}}DigestValue")
    digest = None if method is None else digest_of_uri(method.get("Algorithm", ""))
    uri = node.get("URI")
    if digest is None or digest.hashlib is None or value is None or not uri:
        raise ValueError
    return (
        nfc(unquote(uri, errors="strict")).strip(),
        digest.name,
        base64.b64decode("".join(value.split()), validate=True),
    )


def _key(node: etree._Element) -> BusinessKey:
    fields = {name: node.get(name, "") for name in ("issuer", "number", "notation")}
    return BusinessKey(year=int(node.get("year", "")), **fields)


def _digest(attachment: Attachment, algorithm: str) -> bytes | None:
    """Return the digest of the unpacked file, ``None`` where it cannot be opened."""
    try:
        return attachment.digest() if algorithm == "sha256" else digests_of(attachment.content, [algorithm])[algorithm]
    except VndocError:
        return None


def _changed(covered: tuple[Covered, ...]) -> Iterator[Reason]:
    for file in covered:
        if file.intact is None:
            yield _reason("seal-attachment-missing", name=file.name)
        elif not file.intact:
            yield _reason("seal-attachment-changed", name=file.name)
