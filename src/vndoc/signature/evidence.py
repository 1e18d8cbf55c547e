"""Evidence records: one value, one file, that says years later what was signed and why it was believed (V7).

Verifying software keeps with a message the signer's certificate, the revocation data as of signing and the result of
the check (Circular 15/2025/TT-BKHCN). ``make_evidence`` verifies a document and keeps all of that: digests of what
was signed, signature values with what they are over, timestamps, the certificates and revocation data that decided,
the report. :func:`~vndoc.signature.evidence_check.check_evidence` verifies the same document again, offline, with
what the record holds::

    record = make_evidence(functools.partial(verify_cms, data), data, kind="cms", policy=..., trust=..., at=now)
    later = EvidenceRecord.load(record.to_bytes())
    check = check_evidence(later, functools.partial(verify_cms, data), data, trust=..., at=years_later)

A record is protected by its digest against accidents, not against forgers: nothing in it is believed that the document
and the caller's anchors do not confirm. It holds whole certificates, and with them the citizen numbers in those; keep
it as you keep the document.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, Protocol, cast, get_args

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors import CertificateError, SignatureError, UsageError
from vndoc.errors._arguments import need, need_call
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.algorithms import identifier_of
from vndoc.pki.bundle import Bundle, Collector
from vndoc.pki.certificate import Certificate
from vndoc.pki.fetching import Fetcher
from vndoc.pki.paths import validate_path
from vndoc.pki.revocation import RevocationChecker
from vndoc.pki.revocation_facts import RevocationSource
from vndoc.pki.revocation_sources import Recorder, joined
from vndoc.pki.trust import Purpose, TrustStore
from vndoc.signature import _evidence_form as form
from vndoc.signature import tsp
from vndoc.signature._cms_content import digests_of, given
from vndoc.signature.evaluation import context_of
from vndoc.signature.export import verdict_to_dict
from vndoc.signature.facts import RevocationMaterial
from vndoc.signature.policy import Policy, policy_of
from vndoc.signature.report import SignatureReport, Verdict
from vndoc.signature.trusting import Context

__all__ = [
    "RECORD_SCHEMA",
    "RECORD_VERSION",
    "EvidenceKind",
    "EvidenceRecord",
    "FileDigest",
    "RecordStamp",
    "SignatureCore",
    "Verifier",
    "make_evidence",
]

RECORD_VERSION: Final = form.VERSION
"""Of the file."""
RECORD_SCHEMA: Final = form.SCHEMA
"""The JSON Schema (2020-12) of the file; a record is held to it when it is read."""

EvidenceKind = Literal["cms", "xml", "packet"]
"""What the document is: a CMS signature, an XML document, an edXML packet."""


_ALL: Final = frozenset(Purpose)


class Verifier(Protocol):
    """Verifies the document of a record: ``verify_cms``, ``verify_xml`` or :func:`vndoc.verify` bound to it."""

    def __call__(
        self,
        *,
        policy: Policy,
        trust: TrustStore,
        at: datetime.datetime,
        revocation: RevocationSource | None,
        fetch: Fetcher | None = None,
        proofs: Mapping[bytes, datetime.datetime] | None = None,
    ) -> Verdict:
        """Return the verdict."""
        ...


@attrs.frozen
class FileDigest:
    """A file by its size in octets and its SHA-256 (hexadecimal)."""

    size: int
    sha256: str

    @classmethod
    def of(cls, data: bytes | Octets) -> FileDigest:
        """Return that of *data*, which is read once, in pieces."""
        octets = given(data)
        return cls(octets.size, digests_of(octets, ["sha256"])["sha256"].hex())


@attrs.frozen(kw_only=True, repr=False)
class SignatureCore:
    """What one signature is made of: value, what it is over, DER AlgorithmIdentifier, timestamp tokens.

    ``algorithm`` is ``None`` where the algorithm has no identifier here, ``signed_octets`` empty where a CMS signature
    is over the bare content.
    """

    value: bytes
    signed_octets: bytes
    algorithm: bytes | None
    timestamps: tuple[bytes, ...] = ()
    counter_signatures: tuple[SignatureCore, ...] = ()

    @classmethod
    def of(cls, report: SignatureReport) -> SignatureCore:
        """Return that of the signature which *report* is about."""
        algorithm = None
        if report.algorithm is not None:
            try:
                algorithm = identifier_of(report.algorithm)
            except CertificateError:
                algorithm = None  # one that is refused by name, and never verified
        return cls(
            value=report.signature_value,
            signed_octets=report.signed_octets,
            algorithm=algorithm,
            timestamps=tuple(t.octets for t in report.timestamps if t.octets),
            counter_signatures=tuple(cls.of(counter) for counter in report.counter_signatures),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, octets in base64."""
        return {
            "value": form.encoded(self.value),
            "signed_octets": form.encoded(self.signed_octets),
            "algorithm": None if self.algorithm is None else form.encoded(self.algorithm),
            "timestamps": [form.encoded(token) for token in self.timestamps],
            "counter_signatures": [counter.to_dict() for counter in self.counter_signatures],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], place: str) -> SignatureCore:
        """Return what *values*, found at *place*, stand for. Raises as :meth:`EvidenceRecord.load`."""
        algorithm = values["algorithm"]
        return cls(
            value=form.decoded(values["value"], f"{place}/value"),
            signed_octets=form.decoded(values["signed_octets"], f"{place}/signed_octets"),
            algorithm=None if algorithm is None else form.decoded(algorithm, f"{place}/algorithm"),
            timestamps=form.read_at(values["timestamps"], f"{place}/timestamps", lambda octets, _: octets),
            counter_signatures=tuple(
                cls.from_dict(one, f"{place}/counter_signatures/{n}")
                for n, one in enumerate(values["counter_signatures"])
            ),
        )

    def __repr__(self) -> str:
        return f"SignatureCore({len(self.value)} octets, timestamps={len(self.timestamps)})"


@attrs.frozen(kw_only=True, repr=False)
class RecordStamp:
    """A timestamp over a record: the token, and what was known then of the authorities of those before it."""

    token: bytes
    certificates: tuple[Certificate, ...] = ()
    material: RevocationMaterial = RevocationMaterial()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, octets in base64."""
        return {
            "token": form.encoded(self.token),
            "certificates": [form.encoded(c.der) for c in self.certificates],
            "crls": [form.encoded(octets) for octets in self.material.crls],
            "ocsps": [form.encoded(octets) for octets in self.material.ocsps],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], place: str) -> RecordStamp:
        """Return what *values*, found at *place*, stand for. Raises as :meth:`EvidenceRecord.load`."""
        return cls(
            token=form.decoded(values["token"], f"{place}/token"),
            certificates=form.read_at(values["certificates"], f"{place}/certificates", _certificate),
            material=_material_of(values, place),
        )

    def __repr__(self) -> str:
        return f"RecordStamp({len(self.token)} octets)"


@attrs.frozen(kw_only=True, repr=False)
class EvidenceRecord:
    """What is kept of one verification; immutable, and equal if everything in it is.

    ``made`` is the time of the evaluation, ``policy`` the name of the policy, ``document`` the file that was verified
    and ``content`` what a detached signature in it is over. ``signatures`` go with those of :attr:`report`.
    ``timestamps`` are over the record, each over those before it, too.
    """

    kind: EvidenceKind
    made: datetime.datetime
    policy: str
    document: FileDigest
    content: FileDigest | None = None
    signatures: tuple[SignatureCore, ...]
    certificates: tuple[Certificate, ...]
    material: RevocationMaterial
    report_text: str
    """The verdict as JSON, by :data:`vndoc.signature.export.SCHEMA`."""
    timestamps: tuple[RecordStamp, ...] = ()

    @property
    def report(self) -> dict[str, Any]:
        """Return the verdict as plain values, a new copy each time."""
        return cast("dict[str, Any]", json.loads(self.report_text))

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the record, as it stands in the file."""
        return form.digest_of(self._values())

    @property
    def revocation(self) -> RevocationChecker:
        """Return who answers about revocation from what the record holds, and from nothing else."""
        return RevocationChecker.of(self.material.crls, self.material.ocsps)

    def stamped(
        self,
        stamp: tsp.Stamp,
        *,
        certificates: Iterable[Certificate] = (),
        material: RevocationMaterial = RevocationMaterial(),  # noqa: B008 - a frozen value
        digest: str = "sha256",
        nonce: int | None = None,
    ) -> EvidenceRecord:
        """Return the record with a timestamp over it: it proves since when everything in the record exists.

        So a signature without a timestamp of its own is proven to be as old as the record. A further one renews the
        first, before the certificate of its authority ends; *certificates* and *material* are then what is known of
        that authority. *digest* and *nonce* are as in :func:`~vndoc.signature.tsp.stamped`; raises as it does, and
        ``evidence-too-many`` for the 31st and for more certificates or revocation data than a record holds.
        """
        if len(self.timestamps) >= form.MOST_STAMPS:
            raise SignatureError("evidence-too-many", limit=form.MOST_STAMPS, what="timestamps")
        given = tuple(_limited(certificates, "certificates"))
        _limited(material.crls, "crls")
        _limited(material.ocsps, "ocsps")
        entry = RecordStamp(token=b"", certificates=given, material=material)
        waiting = attrs.evolve(self, timestamps=(*self.timestamps, entry))
        token = tsp.stamped(waiting.stamped_octets(len(self.timestamps)), stamp, digest=digest, nonce=nonce)
        return attrs.evolve(self, timestamps=(*self.timestamps, attrs.evolve(entry, token=token.octets)))

    def stamped_octets(self, number: int) -> bytes:
        """Return what the timestamp *number* (from 0) is over: the record as it was then, that token left empty."""
        entries = (*self.timestamps[:number], attrs.evolve(self.timestamps[number], token=b""))
        return form.text_of(attrs.evolve(self, timestamps=entries)._values()).encode()  # noqa: SLF001 - its own kind

    def _values(self) -> dict[str, Any]:
        return {
            "format": form.FORMAT,
            "version": RECORD_VERSION,
            "kind": self.kind,
            "made": self.made.isoformat(),
            "policy": self.policy,
            "document": attrs.asdict(self.document),
            "content": None if self.content is None else attrs.asdict(self.content),
            "report": self.report,
            "signatures": [core.to_dict() for core in self.signatures],
            "certificates": [form.encoded(c.der) for c in self.certificates],
            "crls": [form.encoded(octets) for octets in self.material.crls],
            "ocsps": [form.encoded(octets) for octets in self.material.ocsps],
            "timestamps": [stamp.to_dict() for stamp in self.timestamps],
        }

    def to_bytes(self, *, limits: Limits = DEFAULT) -> bytes:
        """Return the file: JSON by :data:`RECORD_SCHEMA`, in UTF-8; the same record gives the same octets.

        Raises :class:`~vndoc.errors.SignatureError` ``evidence-too-large`` for one that could not be read again.
        """
        need("limits", limits, Limits)
        data = form.written(self._values())
        if len(data) > limits.evidence_bytes:
            raise SignatureError("evidence-too-large", size=len(data), limit=limits.evidence_bytes)
        return data

    @classmethod
    def load(cls, data: bytes, *, limits: Limits = DEFAULT) -> EvidenceRecord:
        """Return the record in the file *data*.

        Raises :class:`~vndoc.errors.SignatureError`: ``evidence-malformed`` with the place, ``evidence-version``,
        ``evidence-digest`` for a file that was changed, ``evidence-too-large`` beyond *limits*.
        """
        need("data", data, bytes, bytearray)
        need("limits", limits, Limits)
        values = form.parsed(data, limits.evidence_bytes)
        content = values["content"]
        return cls(
            kind=values["kind"],
            made=_time(values["made"], "/made"),
            policy=values["policy"],
            document=FileDigest(**values["document"]),
            content=None if content is None else FileDigest(**content),
            signatures=tuple(
                SignatureCore.from_dict(one, f"/signatures/{n}") for n, one in enumerate(values["signatures"])
            ),
            certificates=form.read_at(values["certificates"], "/certificates", _certificate),
            material=_material_of(values, ""),
            report_text=form.text_of(values["report"]),
            timestamps=tuple(
                RecordStamp.from_dict(one, f"/timestamps/{n}") for n, one in enumerate(values["timestamps"])
            ),
        )

    def __repr__(self) -> str:
        return f"EvidenceRecord({self.kind}, {self.made.isoformat()}, signatures={len(self.signatures)})"


def _time(text: str, place: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise form.malformed(place) from None
    if found.tzinfo is None:
        raise form.malformed(place)
    return found


def _material_of(values: Mapping[str, Any], place: str) -> RevocationMaterial:
    return RevocationMaterial(
        crls=form.read_at(values["crls"], f"{place}/crls", lambda octets, _: octets),
        ocsps=form.read_at(values["ocsps"], f"{place}/ocsps", lambda octets, _: octets),
    )


def _certificate(octets: bytes, place: str) -> Certificate:
    try:
        return Certificate.load(octets)
    except CertificateError:
        raise form.malformed(place) from None


# -- making ----------------------------------------------------------------------------------------------


def make_evidence(
    verify: Verifier,
    document: bytes | Octets,
    *,
    kind: EvidenceKind,
    policy: str | Policy,
    trust: TrustStore,
    at: datetime.datetime,
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    content: bytes | Octets | None = None,
) -> EvidenceRecord:
    """Verify a document and return the record of it.

    *verify* is ``verify_cms``, ``verify_xml`` or :func:`vndoc.verify`, bound to the document; *document* and *content*
    (of a detached signature) are what it reads, and are digested here. *policy*, *trust*, *at* and *revocation* are
    handed to it. What *fetch* gives is collected by a verification of its own and handed to the one that is recorded,
    so that all that decides is in the record. A verdict that is not *passed* is recorded as it is.

    Raises what *verify* raises, and :class:`~vndoc.errors.SignatureError` ``evidence-nothing`` for a document without
    signatures, ``evidence-too-many`` for more certificates or revocation data than a record holds;
    :class:`~vndoc.errors.UsageError` ``option-invalid`` for another *kind*.
    """
    if kind not in get_args(EvidenceKind):
        raise UsageError("option-invalid", detail=f"kind={kind!r}")
    need_call("verify", verify)
    chosen = context_of(policy_of(policy), trust, at, revocation, fetch, None).policy
    files = FileDigest.of(document), None if content is None else FileDigest.of(content)
    if fetch is not None:
        collector = Collector(fetch)
        verify(policy=chosen, trust=trust, at=at, revocation=revocation, fetch=collector)
        bundle = Bundle.of(collector.items, created=at)
        trust = trust.with_pool(bundle.certificates)
        fetched = bundle.revocation()
        revocation = fetched if revocation is None else joined(revocation, fetched)
    recorder = None if revocation is None else Recorder(revocation)
    verdict = verify(policy=chosen, trust=trust, at=at, revocation=recorder)
    if not verdict.signatures:
        raise SignatureError("evidence-nothing")
    told = Recorder(RevocationChecker()) if recorder is None else recorder
    material = _material(verdict.signatures, told)
    signers = signers_with_chains(told.signers, Context(policy=chosen, trust=trust, at=at))
    certificates = _limited((*_certificates(verdict.signatures), *signers), "certificates")
    return EvidenceRecord(
        kind=kind,
        made=at,
        policy=chosen.name,
        document=files[0],
        content=files[1],
        signatures=tuple(SignatureCore.of(report) for report in verdict.signatures),
        certificates=tuple(certificates),
        material=material,
        report_text=form.text_of(verdict_to_dict(verdict)),
    )


def _reports(reports: Iterable[SignatureReport]) -> Iterator[SignatureReport]:
    """Yield *reports*, each followed by those of its counter-signatures."""
    for report in reports:
        yield report
        yield from _reports(report.counter_signatures)


def _certificates(reports: Iterable[SignatureReport]) -> Iterator[Certificate]:
    for report in _reports(reports):
        yield from report.evidence.certificates
        for stamp in report.timestamps:
            yield from () if stamp.certificate is None else (stamp.certificate,)
            yield from () if stamp.path is None else stamp.path.chain


def _material(reports: Iterable[SignatureReport], told: Recorder) -> RevocationMaterial:
    """Return all that decided: what *told* has heard, and what stands in the *reports*, which *told* hears of, too."""
    crls: dict[bytes, None] = {}
    ocsps: dict[bytes, None] = {}
    for report in _reports(reports):
        crls.update(dict.fromkeys(report.evidence.material.crls))
        ocsps.update(dict.fromkeys(report.evidence.material.ocsps))
        for fact in (*report.evidence.statuses, *(f for t in report.timestamps if t.path for f in t.path.revocation)):
            told.add(fact)
    return RevocationMaterial(
        crls=tuple(_limited({**crls, **told.crls}, "crls")), ocsps=tuple(_limited({**ocsps, **told.ocsps}, "ocsps"))
    )


def signers_with_chains(signers: Iterable[Certificate], context: Context) -> Iterator[Certificate]:
    """Yield the *signers* of revocation data, each with the certificates above it up to an anchor of *context*."""
    trust, crypto = context.trust, context.policy.crypto
    for signer in signers:
        yield signer
        yield from validate_path(signer, trust=trust, at=context.at, purpose=_ALL, crypto=crypto).chain


def _limited(items: Iterable[Any], what: str) -> list[Any]:
    found = list(dict.fromkeys(items))
    if len(found) > form.MOST:
        raise SignatureError("evidence-too-many", limit=form.MOST, what=what)
    return found
