"""What the tests of CMS share: a small PKI, oracles, and signatures taken apart and put together again."""

from __future__ import annotations

import datetime
import functools
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from vndoc.pki import Certificate, der
from vndoc.pki.algorithms import Family, SignatureAlgorithm
from vndoc.signature import SignatureFacts, cms
from vndoc.signature._cms_encode import attribute, set_of
from vndoc.signature._cms_make import Container, content_digest, opened
from vndoc.signature._cms_structure import children
from vndoc.signers.keys import sign_with
from vndoc.testing.pki import Authority, Identity, TimestampAuthority

AT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
CONTENT = "Nội dung công văn số 12/UBND-VP\n".encode() * 40

PSS = SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha256", 32)
RSA = SignatureAlgorithm(Family.RSA_PKCS1, "sha256")
RSA512 = SignatureAlgorithm(Family.RSA_PKCS1, "sha512")
P256 = SignatureAlgorithm(Family.ECDSA, "sha256")
P384 = SignatureAlgorithm(Family.ECDSA, "sha384")
P521 = SignatureAlgorithm(Family.ECDSA, "sha512")
ED25519 = SignatureAlgorithm(Family.ED25519)
ED448 = SignatureAlgorithm(Family.ED448)

SCHEMES = {
    "rsa-v15": ("rsa-2048", RSA),
    "rsa-v15-sha512": ("rsa-2048", RSA512),
    "rsa-pss": ("rsa-2048", PSS),
    "p256": ("p256", P256),
    "p384": ("p384", P384),
    "p521": ("p521", P521),
    "ed25519": ("ed25519", ED25519),
    "ed448": ("ed448", ED448),
}
"""What can be made, by name: the kind of key and the algorithm."""


@functools.cache
def authority() -> Authority:
    return Authority.root("Root of CMS", key="p256").subordinate("CA of CMS", key="p256")


@functools.cache
def person(key: str = "p256", name: str = "Nguyễn Văn An") -> Identity:
    return authority().person(name, cccd="001099000001", key=key)


@functools.cache
def other(key: str = "p256") -> Identity:
    return authority().organisation("Ủy ban nhân dân xã Bình Minh", mst="0100000001", key=key)


@functools.cache
def root() -> Certificate:
    return authority().chain[-1]


@functools.cache
def tsa() -> Identity:
    return authority().tsa(key="p256")


def stamp(**how: object) -> TimestampAuthority:
    return TimestampAuthority(identity=tsa(), time=AT, **how)  # type: ignore[arg-type]


def signed(content: bytes = CONTENT, who: Identity | None = None, **how: object) -> bytes:
    who = person() if who is None else who
    algorithm = how.pop("algorithm", None)
    return cms.sign_cms(content, signer=who.signer(algorithm), **how)  # type: ignore[arg-type]


def codes(facts: SignatureFacts) -> set[str]:
    return {one.code for one in facts.reasons}


def decided(facts: SignatureFacts) -> set[str]:
    return {one.code for one in facts.reasons if one.decides}


def good(facts: SignatureFacts) -> bool:
    """Return whether content, attributes and signature value hold together under the first candidate."""
    return (
        not decided(facts)
        and all(covered.intact for covered in facts.covered)
        and bool(facts.candidates)
        and facts.verify(facts.candidates[0])
    )


def read(data: bytes, content: bytes | None = CONTENT) -> SignatureFacts:
    [facts] = cms.read_cms(data, content=content)
    return facts


# -- signatures put together at will -------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Recipe:
    """A SignerInfo field by field; ``None`` leaves the field to what is right."""

    who: Identity
    algorithm: SignatureAlgorithm
    attributes: bytes | None  # what is signed, tag 0x31
    signed: bytes | None = None  # what stands in the SignerInfo, if it is another encoding
    over: bytes | None = None  # what the value is over, if it is something else
    sid: bytes | None = None
    digest: bytes | None = None
    identifier: bytes | None = None
    unsigned: bytes = b""
    value: bytes | None = None


def info_of(recipe: Recipe) -> bytes:
    from vndoc.pki.algorithms import identifier_of  # noqa: PLC0415
    from vndoc.signature._cms_encode import digest_identifier, integer, octet_string  # noqa: PLC0415

    certificate = recipe.who.certificate
    over = recipe.over if recipe.over is not None else recipe.attributes or b""
    value = sign_with(recipe.who.key, recipe.algorithm, over) if recipe.value is None else recipe.value
    sid = recipe.sid or der.encode(der.SEQUENCE, certificate.issuer, integer(certificate.serial))
    carried = b""
    if recipe.signed is not None:
        carried = recipe.signed
    elif recipe.attributes is not None:
        carried = b"\xa0" + recipe.attributes[1:]
    return der.encode(
        der.SEQUENCE,
        integer(1),
        sid,
        recipe.digest or digest_identifier(content_digest(recipe.algorithm)),
        carried,
        recipe.identifier or identifier_of(recipe.algorithm),
        octet_string(value),
        recipe.unsigned,
    )


def container(*infos: bytes, content_type: str = "1.2.840.113549.1.7.1", content: bytes | None = None) -> bytes:
    """Return a SignedData with the SignerInfos *infos* and the certificates of the two identities."""
    from vndoc.envelope.octets import MemoryOctets  # noqa: PLC0415

    made = Container.new(content_type, None if content is None else MemoryOctets(content))
    for info in infos:
        made = made.with_signer(info, "sha256", [person().certificate])
    return made.octets()


def rows(content: bytes = CONTENT, who: Identity | None = None, **other: bytes | None) -> dict[str, bytes]:
    """Return the usual signed attributes by OID: value octets. *other* replaces them by short name, ``None`` drops."""
    from vndoc.pki.algorithms import DIGESTS  # noqa: PLC0415
    from vndoc.signature._cms_make import certificate_attribute  # noqa: PLC0415

    certificate = (who or person()).certificate
    found = {
        "1.2.840.113549.1.9.3": der.encode_oid("1.2.840.113549.1.7.1"),
        "1.2.840.113549.1.9.4": der.encode(der.OCTET_STRING, DIGESTS["sha256"].of(content)),
        **dict([certificate_attribute(certificate)]),
    }
    short = {
        "content_type": "1.2.840.113549.1.9.3",
        "message_digest": "1.2.840.113549.1.9.4",
        "certificate": "1.2.840.113549.1.9.16.2.47",
    }
    for name, value in other.items():
        if value is None:
            del found[short[name]]
        else:
            found[short[name]] = value
    return found


def attributes_of(values: dict[str, bytes], *more: bytes) -> bytes:
    return set_of([*(attribute(oid, value) for oid, value in values.items()), *more])


def made(attributes: bytes | None, *, who: Identity | None = None, **how: object) -> bytes:
    who = who or person()
    recipe = Recipe(who=who, algorithm=how.pop("algorithm", P256), attributes=attributes, **how)  # type: ignore[arg-type]
    return container(info_of(recipe))


def changed(data: bytes, change: Callable[[bytes], bytes], index: int = 0) -> bytes:
    """Return the CMS signature *data* with SignerInfo *index* changed."""
    parts, held = opened(data)
    return held.with_changed(index, change(parts.signers[index].octets), ()).octets()


def replaced(info: bytes, field: int, octets: bytes) -> bytes:
    """Return the SignerInfo *info* with its part number *field* replaced."""
    parts = [part.octets for part in children(der.read(info))]
    parts[field] = octets
    return der.encode(der.SEQUENCE, *parts)


# -- openssl -------------------------------------------------------------------------------------


@attrs.frozen
class OpenSsl:
    """The program, and a folder for its files."""

    program: str
    folder: Path

    def file(self, name: str, octets: bytes) -> str:
        path = self.folder / name
        path.write_bytes(octets)
        return str(path)

    def identity(self, who: Identity) -> str:
        return self.file(f"{who.certificate.serial:x}.pem", who.pem())

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([self.program, *arguments], capture_output=True, check=False)

    def sign(self, who: Iterable[Identity], *options: str, content: bytes = CONTENT) -> bytes:
        signers = [part for one in who for part in ("-signer", self.identity(one))]
        source, target = self.file("content.bin", content), str(self.folder / "made.der")
        done = self.run("cms", "-sign", "-binary", "-in", source, "-outform", "DER", "-out", target, *signers, *options)
        assert done.returncode == 0, done.stderr.decode()
        return Path(target).read_bytes()

    def verifies(self, data: bytes, content: bytes | None = CONTENT) -> str:
        """Return ``ok``, or what openssl complains about."""
        anchors = self.file("root.pem", _pem(root()))
        arguments = ["cms", "-verify", "-binary", "-inform", "DER", "-in", self.file("given.der", data)]
        if content is not None:
            arguments += ["-content", self.file("given.bin", content)]
        target = str(self.folder / "out.bin")
        done = self.run(*arguments, "-CAfile", anchors, "-purpose", "any", "-out", target)
        if done.returncode:
            return done.stderr.decode()
        assert content is None or Path(target).read_bytes() == content
        return "ok"

    def verifies_token(self, token: bytes, data: bytes) -> str:
        anchors = self.file("root.pem", _pem(root()))
        files = ["-in", self.file("token.der", token), "-token_in", "-data", self.file("stamped.bin", data)]
        done = self.run("ts", "-verify", *files, "-CAfile", anchors)
        return "ok" if done.returncode == 0 else (done.stdout + done.stderr).decode()


def _pem(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415

    return load_der_x509_certificate(certificate.der).public_bytes(Encoding.PEM)
