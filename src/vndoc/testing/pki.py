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
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509 import load_der_x509_certificate

from vndoc.pki import Certificate, Extension, SignatureAlgorithm
from vndoc.signers.keys import KeySigner, PrivateKey
from vndoc.testing import _assembly, _profiles
from vndoc.testing._assembly import NameLike, Span
from vndoc.testing._profiles import (
    access,
    authority_key,
    basic_constraints,
    distribution_points,
    extended_usage,
    extension,
    key_usage,
    policies,
    subject_key,
)

__all__ = [
    "Authority",
    "Identity",
    "access",
    "authority_key",
    "basic_constraints",
    "distribution_points",
    "extended_usage",
    "extension",
    "key_usage",
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


@attrs.frozen(eq=False, repr=False)
class Identity:
    """A certificate with its key; ``chain`` holds the certificates above it, issuer first, root last."""

    certificate: Certificate
    key: PrivateKey
    chain: tuple[Certificate, ...]

    def signer(self, algorithm: SignatureAlgorithm | None = None) -> KeySigner:
        """Return a signer with this key; with *algorithm*, one that signs in no other way."""
        signer = KeySigner(self.key, self.certificate, self.chain)
        return signer if algorithm is None else attrs.evolve(signer, algorithms=(algorithm,))

    def pem(self, passphrase: bytes | None = None) -> bytes:
        """Return key (PKCS#8) and certificates as PEM, the key encrypted if there is a *passphrase*."""
        locked = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
        return key + b"".join(
            load_der_x509_certificate(c.der).public_bytes(Encoding.PEM) for c in (self.certificate, *self.chain)
        )

    def pkcs12(self, passphrase: bytes) -> bytes:
        """Return key and certificates as PKCS#12."""
        return pkcs12.serialize_key_and_certificates(
            b"vndoc",
            self.key,
            load_der_x509_certificate(self.certificate.der),
            [load_der_x509_certificate(c.der) for c in self.chain],
            BestAvailableEncryption(passphrase),
        )

    def __repr__(self) -> str:
        return f"Identity({self.certificate!r})"


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
            rows=_profiles.edited(rows, extra, without),
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
            extensions=_profiles.edited(
                self._with_ids(_key(key, _ca_name(name)), _ca_rows(path_length), style), extra, without
            ),
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
            extensions = self._with_ids(own, _profiles.signer_rows(self.style, None), self.style)
        certificate = _certificate(
            serial=_serial(self.certificate.subject, name, self._issued) if serial is None else serial,
            issuer=self.certificate.subject,
            subject=name,
            valid=valid,
            spki=_assembly.public_key_info(own),
            rows=_profiles.edited(extensions, extra, without),
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

    def _service(self, name: str, rows: list[Extension], how: dict[str, object]) -> Identity:
        subject = {"C": "VN", "O": "Authority of tests", "CN": name}
        return self._made(subject, rows, how)

    def _signer(self, subject: Mapping[str, object], email: str | None, how: dict[str, object]) -> Identity:
        return self._made(subject, _profiles.signer_rows(self.style, email), how)

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
