"""A public-key infrastructure for tests: roots, subordinate CAs, signers, time-stamping authorities, status.

>>> root = Authority.root("Root G2", key="p256")
>>> agencies = root.subordinate("CA of agencies", key="p256")
>>> agencies.person("Nguyễn Văn An", cccd="001099000001", key="p256").certificate.not_after.year
2035

Keys are made once per process for each name and kind, so a second authority of the same name has the same key;
serial numbers and times depend on the arguments only. All names are fictional.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from vndoc.pki import Certificate, Extension, SignatureAlgorithm
from vndoc.signers.keys import PrivateKey
from vndoc.testing import _assembly, revocation
from vndoc.testing._assembly import NameLike, Span
from vndoc.testing.extensions import (
    GOVERNMENT_POLICY,
    access,
    authority_key,
    basic_constraints,
    distribution_points,
    edited,
    extended_usage,
    extension,
    key_usage,
    policies,
    signer_rows,
    subject_key,
)
from vndoc.testing.identity import Identity
from vndoc.testing.revocation import Revoked, Scope, ocsp_failure
from vndoc.testing.tsa import TIMESTAMP_POLICY, TimestampAuthority

__all__ = [
    "GOVERNMENT_POLICY",
    "TIMESTAMP_POLICY",
    "Authority",
    "Identity",
    "Scope",
    "TimestampAuthority",
    "access",
    "authority_key",
    "basic_constraints",
    "distribution_points",
    "extended_usage",
    "extension",
    "key_usage",
    "ocsp_failure",
    "policies",
    "subject_key",
]

TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"


def _day(year: int, month: int = 1, day: int = 1) -> datetime.datetime:
    return datetime.datetime(year, month, day, tzinfo=datetime.UTC)


_CA_VALID: Final = (_day(2018, 8, 22), _day(2048, 8, 14))
_VALID: Final = (_day(2024), _day(2035))

Key = str | PrivateKey
"""A key, or the kind of one: ``rsa-1024`` to ``rsa-4096``, ``p256``, ``p384``, ``p521``, ``ed25519``, ``ed448``."""
Digest = str | SignatureAlgorithm
"""What a certificate is signed with: ``sha256``, ``sha1``, ..., or a whole algorithm such as RSASSA-PSS."""


@attrs.define(eq=False, repr=False)
class Authority:
    """A certification authority. ``chain`` is what goes along with what it issues: its own certificate, up to the root.

    ``digest`` is what it signs with and ``style`` how its signers look (``public``, ``g2`` or ``g1``), unless a
    certificate is asked for otherwise.
    """

    certificate: Certificate
    key: PrivateKey
    chain: tuple[Certificate, ...]
    digest: Digest
    style: str
    _issued: int = 0

    @classmethod
    def root(
        cls,
        name: str | NameLike,
        *,
        key: Key = "rsa-2048",
        digest: Digest = "sha256",
        valid: Span = _CA_VALID,
        path_length: int | None = None,
        style: str = "g2",
        serial: int | None = None,
        extra: Iterable[Extension] = (),
        without: Iterable[str] = (),
    ) -> Authority:
        """Return a self-signed authority."""
        subject = _ca_name(name)
        own = _key(key, subject)
        spki = _assembly.public_key_info(own)
        rows = [*_ca_rows(path_length), subject_key(spki)]
        certificate = _certificate(
            serial=_serial(subject, subject, 0) if serial is None else serial,
            issuer=subject,
            subject=subject,
            valid=valid,
            spki=spki,
            rows=edited(rows, extra, without),
            key=own,
            digest=digest,
        )
        return cls(certificate, own, (certificate,), digest, style)

    def subordinate(
        self,
        name: str | NameLike,
        *,
        key: Key = "rsa-2048",
        digest: Digest | None = None,
        valid: Span = _CA_VALID,
        path_length: int | None = None,
        style: str | None = None,
        serial: int | None = None,
        extra: Iterable[Extension] = (),
        without: Iterable[str] = (),
    ) -> Authority:
        """Return an authority below this one; *digest* is of the signature on its certificate and of those it makes."""
        style = self.style if style is None else style
        found = self.issue(
            _ca_name(name),
            key=key,
            digest=digest,
            valid=valid,
            serial=serial,
            extensions=edited(self._with_ids(_key(key, _ca_name(name)), _ca_rows(path_length), style), extra, without),
        )
        chain = (found.certificate, *found.chain)
        return Authority(found.certificate, found.key, chain, self.digest if digest is None else digest, style)

    def issue(
        self,
        subject: NameLike,
        *,
        extensions: Sequence[Extension] | None = None,
        key: Key = "rsa-2048",
        digest: Digest | None = None,
        valid: Span = _VALID,
        serial: int | None = None,
        extra: Iterable[Extension] = (),
        without: Iterable[str] = (),
    ) -> Identity:
        """Return a certificate for *subject*, issued as asked for, right or wrong.

        Without *extensions* it has those of a signer in the style of the authority; *extra* replaces or adds some,
        *without* takes OIDs away. An empty sequence gives a certificate of version 1.
        """
        name = _assembly.name(subject)
        own = _key(key, name)
        self._issued += 1
        if extensions is None:
            extensions = self._with_ids(own, signer_rows(self.style, None), self.style)
        certificate = _certificate(
            serial=_serial(self.certificate.subject, name, self._issued) if serial is None else serial,
            issuer=self.certificate.subject,
            subject=name,
            valid=valid,
            spki=_assembly.public_key_info(own),
            rows=edited(extensions, extra, without),
            key=self.key,
            digest=self.digest if digest is None else digest,
        )
        return Identity(certificate, own, self.chain)

    def person(
        self,
        name: str,
        *,
        cccd: str | None = None,
        organisation: str | None = None,
        title: str | None = None,
        email: str | None = None,
        **how: object,
    ) -> Identity:
        """Return the certificate of a person; *how* is as in :meth:`issue`."""
        subject = {
            "C": "VN",
            "O": organisation,
            "T": title,
            "CN": name,
            "UID": None if cccd is None else f"CCCD:{cccd}",
            "emailAddress": email,
        }
        return self._signer(subject, email, how)

    def organisation(
        self,
        name: str,
        *,
        mst: str | None = None,
        mns: str | None = None,
        units: Sequence[str] = (),
        province: str | None = None,
        email: str | None = None,
        **how: object,
    ) -> Identity:
        """Return the certificate of an organisation, with its tax code or its budget-relations code in ``UID``."""
        numbers = [f"{kind}:{n}" for kind, n in (("MST", mst), ("MNS", mns)) if n is not None]
        subject = {"C": "VN", "L": province, "O": name, "OU": list(units), "CN": name, "UID": numbers}
        return self._signer({**subject, "emailAddress": email}, email, how)

    def tsa(self, name: str = "TSA 01", **how: object) -> Identity:
        """Return the certificate of a time-stamping authority: critical id-kp-timeStamping alone (RFC 3161, 2.3)."""
        return self._service(name, [key_usage("digital_signature"), extended_usage(TIME_STAMPING, critical=True)], how)

    def ocsp_responder(self, name: str = "OCSP 01", **how: object) -> Identity:
        """Return the certificate of a delegated OCSP responder with id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2)."""
        no_check = Extension("1.3.6.1.5.5.7.48.1.5", False, b"\x05\x00")
        return self._service(name, [key_usage("digital_signature"), extended_usage(OCSP_SIGNING), no_check], how)

    def crl(
        self,
        *,
        revoked: Revoked | None = None,
        this_update: datetime.datetime,
        next_update: datetime.datetime | None = None,
        number: int = 1,
        delta_base: int | None = None,
        scope: Scope | None = None,
        digest: Digest | None = None,
        extra: Iterable[Extension] = (),
        without: Iterable[str] = (),
    ) -> bytes:
        """Return a revocation list (RFC 5280, section 5), DER.

        *revoked* gives time and reason (``keyCompromise``, ``certificateHold``, ``removeFromCRL``, ... or ``None``) by
        serial number or by certificate; an indirect list needs certificates, since it names their issuers.
        *delta_base* is the number of the complete list that this one continues. *extra* and *without* edit the
        extensions of the list.
        """
        rows = [authority_key(self.certificate.spki), Extension("2.5.29.20", False, _assembly.integer(number))]
        if delta_base is not None:
            rows.append(Extension("2.5.29.27", True, _assembly.integer(delta_base)))
        if scope is not None:
            rows.append(scope.extension())
        return revocation.crl(
            issuer=self.certificate.subject,
            revoked=revoked or {},
            this_update=this_update,
            next_update=next_update,
            rows=edited(rows, extra, without),
            indirect=scope is not None and scope.indirect,
            key=self.key,
            algorithm=_assembly.scheme(self.key.public_key(), self.digest if digest is None else digest),
        )

    def ocsp(
        self,
        about: Identity | Certificate,
        status: str = "good",
        at: datetime.datetime = _VALID[0],
        *,
        revoked: tuple[datetime.datetime, str | None] | None = None,
        this_update: datetime.datetime | None = None,
        next_update: datetime.datetime | None = None,
        responder: Identity | None = None,
        nonce: bytes | None = None,
        id_digest: str = "sha1",
        digest: Digest | None = None,
        by_name: bool = False,
        certificates: Sequence[Certificate] | None = None,
        extra: Iterable[Extension] = (),
        single_extra: Iterable[Extension] = (),
    ) -> bytes:
        """Return an OCSP response about a certificate that this authority issued (RFC 6960, 4.2), DER.

        *status* is ``good``, ``revoked`` (with time and reason in *revoked*) or ``unknown``; *at* is when it was
        produced and, unless told otherwise, *this_update*. It is signed by the authority itself or by *responder*,
        whose certificate goes along unless *certificates* says otherwise.
        """
        certificate = about.certificate if isinstance(about, Identity) else about
        single = revocation.single_response(
            revocation.certificate_id(certificate, self.certificate, id_digest),
            status,
            revoked=revoked,
            this_update=at if this_update is None else this_update,
            next_update=next_update,
            rows=single_extra,
        )
        signer = self if responder is None else responder
        if certificates is None:
            certificates = () if responder is None else (responder.certificate,)
        rows = [] if nonce is None else [Extension("1.3.6.1.5.5.7.48.1.2", False, _assembly.octet_string(nonce))]
        return revocation.ocsp_response(
            [single],
            responder=signer.certificate,
            by_name=by_name,
            produced_at=at,
            rows=(*rows, *extra),
            certificates=certificates,
            key=signer.key,
            algorithm=_assembly.scheme(signer.key.public_key(), self.digest if digest is None else digest),
        )

    def _service(self, name: str, rows: list[Extension], how: dict[str, object]) -> Identity:
        subject = {"C": "VN", "O": "Authority of tests", "CN": name}
        return self._made(subject, rows, how)

    def _signer(self, subject: Mapping[str, object], email: str | None, how: dict[str, object]) -> Identity:
        return self._made(subject, signer_rows(self.style, email), how)

    def _made(self, subject: Mapping[str, object], rows: list[Extension], how: dict[str, object]) -> Identity:
        name = _assembly.name({k: v for k, v in subject.items() if v})  # type: ignore[misc] # only texts are left
        own = _key(how.pop("key", "rsa-2048"), name)  # type: ignore[arg-type] # as in "issue"
        how.setdefault("extensions", self._with_ids(own, rows, self.style))
        return self.issue(name, key=own, **how)  # type: ignore[arg-type] # as in "issue"

    def _with_ids(self, key: PrivateKey, rows: Sequence[Extension], style: str) -> tuple[Extension, ...]:
        """Return *rows* with the two key identifiers before them; the first generation names issuer and serial too."""
        issuer = self.certificate
        above = (
            authority_key(issuer.spki, issuer.issuer, issuer.serial) if style == "g1" else authority_key(issuer.spki)
        )
        return (subject_key(_assembly.public_key_info(key)), above, *rows)

    def __repr__(self) -> str:
        return f"Authority({self.certificate!r})"


def _ca_name(name: str | NameLike) -> bytes:
    return _assembly.name({"C": "VN", "O": "Authority of tests", "CN": name} if isinstance(name, str) else name)


def _ca_rows(path_length: int | None) -> list[Extension]:
    return [basic_constraints(path_length), key_usage("key_cert_sign", "crl_sign")]


def _key(key: Key, subject: bytes) -> PrivateKey:
    return _assembly.private_key(key, subject.hex()) if isinstance(key, str) else key


def _serial(issuer: bytes, subject: bytes, count: int) -> int:
    """Return a serial of eight octets that looks like real ones and depends on nothing but the arguments."""
    digest = hashlib.sha256(b"%d\0%b%b" % (count, issuer, subject)).digest()
    return int.from_bytes(digest[:8], "big") >> 1 | 1 << 62


def _certificate(
    *,
    serial: int,
    issuer: bytes,
    subject: bytes,
    valid: Span,
    spki: bytes,
    rows: Sequence[Extension],
    key: PrivateKey,
    digest: Digest,
) -> Certificate:
    algorithm = _assembly.scheme(key.public_key(), digest)
    tbs = _assembly.to_be_signed(
        serial=serial, algorithm=algorithm, issuer=issuer, valid=valid, subject=subject, spki=spki, rows=rows
    )
    return Certificate.load(_assembly.signed(tbs, key, algorithm))
