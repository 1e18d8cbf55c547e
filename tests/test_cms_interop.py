"""CMS both ways: what vndoc makes, others verify; what others make, vndoc verifies. The matrix is printed."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from pyhanko.sign import signers as hanko
from pyhanko.sign.general import CMSExtractionError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.status import StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from cms_support import AT, CONTENT, SCHEMES, OpenSsl, authority, good, other, person, read, root, signed, stamp
from vndoc.signature import Form, Level, cms, tsp
from vndoc.signature._cms_make import opened
from vndoc.testing.pki import Identity

MATRIX: dict[tuple[str, str], str] = {}
NO_ORACLE = {
    "openssl": "no oracle (openssl verifies no such signature)",
    "pyHanko": "no oracle (pyHanko verifies no such signature)",
    "cryptography": "no oracle (cryptography makes CMS, and verifies none)",
}


@pytest.fixture
def openssl(program: Callable[[str], str], tmp_path: Path) -> OpenSsl:
    return OpenSsl(program("openssl"), tmp_path)


def hanko_verdict(data: bytes, content: bytes) -> tuple[bool, bool, bool | None]:
    """Return whether pyHanko finds digest and value right, and the same of a timestamp, if there is one."""
    anchor = asn1_x509.Certificate.load(root().der)
    context = ValidationContext(trust_roots=[anchor], moment=AT, allow_fetching=False, revocation_mode="soft-fail")
    content_info = asn1_cms.ContentInfo.load(data)["content"]
    if content_info["encap_content_info"]["content"].native is not None:
        encapsulated = asyncio.run(
            generic_cms.async_validate_cms_signature(
                content_info, status_cls=StandardCMSSignatureStatus, validation_context=context
            )
        )
        return encapsulated.intact, encapsulated.valid, None
    status = asyncio.run(
        generic_cms.async_validate_detached_cms(
            io.BytesIO(content), content_info, signer_validation_context=context, ts_validation_context=context
        )
    )
    token = status.timestamp_validity
    return status.intact, status.valid, None if token is None else token.intact and token.valid


def hanko_signer(who: Identity, *, pss: bool = False) -> hanko.SimpleSigner:
    store = SimpleCertificateStore()
    store.register_multiple([asn1_x509.Certificate.load(one.der) for one in who.chain])
    key = who.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return hanko.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(who.certificate.der),
        signing_key=asn1_keys.PrivateKeyInfo.load(key),
        cert_registry=store,
        prefer_pss=pss,
    )


NO_OPENSSL = {"ed25519": "eddsa_digest_signverify_init:invalid digest", "ed448": "unknown digest algorithm"}


@pytest.mark.parametrize("detached", [True, False], ids=["detached", "encapsulated"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_ours_verifies_with_others(scheme: str, detached: bool, openssl: OpenSsl) -> None:
    key, algorithm = SCHEMES[scheme]
    data = signed(who=person(key), algorithm=algorithm, detached=detached, signing_time=AT)
    what = f"ours, {scheme}, {'detached' if detached else 'encapsulated'}"
    assert good(read(data, CONTENT if detached else None))
    said = openssl.verifies(data, CONTENT if detached else None)
    if scheme in NO_OPENSSL:
        assert NO_OPENSSL[scheme] in said
        MATRIX[what, "openssl"] = "no oracle (openssl 3.0 has no EdDSA in CMS)"
    else:
        assert said == "ok"
        MATRIX[what, "openssl"] = "verifies"
    assert hanko_verdict(data, CONTENT)[:2] == (True, True)
    MATRIX[what, "pyHanko"] = "verifies"


@pytest.mark.parametrize("scheme", ["rsa-v15", "rsa-pss", "p256"])
def test_our_timestamped_signature_verifies_with_others(scheme: str, openssl: OpenSsl) -> None:
    key, algorithm = SCHEMES[scheme]
    data = signed(who=person(key), algorithm=algorithm, stamp=stamp(), nonce=2**64 + 1, signing_time=AT)
    facts = read(data)
    assert (facts.form, facts.level) == (Form.CADES, Level.T)
    assert openssl.verifies(data) == "ok"
    [timestamp] = facts.timestamps
    assert timestamp.token is not None
    assert openssl.verifies_token(timestamp.token.octets, facts.signature_value) == "ok"
    MATRIX[f"ours, {scheme}, CAdES-T", "openssl"] = "verifies (cms, ts)"
    assert hanko_verdict(data, CONTENT) == (True, True, True)
    MATRIX[f"ours, {scheme}, CAdES-T", "pyHanko"] = "verifies"


def test_our_several_signers_verify_with_openssl(openssl: OpenSsl) -> None:
    data = signed(who=person("rsa-2048"), signing_time=AT)
    data = signed(who=other("p384"), existing=data)
    data = cms.counter_sign(data, signer=other("p384").signer(), index=0)
    assert openssl.verifies(data) == "ok"
    MATRIX["ours, two signers, one countersigned", "openssl"] = "verifies (not the counter-signature)"
    with pytest.raises(CMSExtractionError):
        hanko_verdict(data, CONTENT)
    MATRIX["ours, two signers, one countersigned", "pyHanko"] = "no oracle (pyHanko takes one signer)"
    facts = cms.read_cms(data, content=CONTENT)
    assert [good(one) for one in facts] == [True, True]
    assert [good(one) for signer in facts for one in signer.counter_signatures] == [True]


@pytest.mark.parametrize("scheme", ["rsa-v15", "p256"])
def test_our_counter_signature_holds_by_hand(scheme: str) -> None:
    """No program at hand verifies one: asn1crypto takes it apart, and cryptography verifies the value."""
    kind, algorithm = SCHEMES[scheme]
    data = cms.counter_sign(signed(who=other("p384")), signer=person(kind).signer(algorithm), index=0)
    [info] = asn1_cms.ContentInfo.load(data)["content"]["signer_infos"]
    [held] = [a for a in info["unsigned_attrs"] if a["type"].native == "counter_signature"]
    [counter] = held["values"]
    attributes = {a["type"].native: a["values"][0].native for a in counter["signed_attrs"]}
    assert attributes["message_digest"] == hashlib.sha256(info["signature"].native).digest()
    assert "content_type" not in attributes
    key = x509.load_der_x509_certificate(person(kind).certificate.der).public_key()
    over = counter["signed_attrs"].untag().dump()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(counter["signature"].native, over, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(counter["signature"].native, over, ec.ECDSA(hashes.SHA256()))
    MATRIX[f"ours, {scheme}, counter-signature", "cryptography"] = "verifies (taken apart by asn1crypto)"


def test_openssl_agrees_that_it_is_broken(openssl: OpenSsl) -> None:
    data = signed(who=person("p256"))
    assert "verification failure" in openssl.verifies(data, CONTENT + b"!").lower()
    assert not good(read(data, CONTENT + b"!"))


OPENSSL_OPTIONS: dict[str, tuple[str, list[str], str]] = {
    "detached": ("rsa-2048", [], "cms"),
    "encapsulated": ("rsa-2048", ["-nodetach"], "cms"),
    "without signed attributes": ("rsa-2048", ["-noattr"], "cms"),
    "encapsulated, without signed attributes": ("rsa-2048", ["-noattr", "-nodetach"], "cms"),
    "CAdES": ("rsa-2048", ["-cades"], "cades"),
    "RSA-PSS": ("rsa-2048", ["-keyopt", "rsa_padding_mode:pss"], "cms"),
    "RSA-PSS, SHA-384": ("rsa-2048", ["-md", "sha384", "-keyopt", "rsa_padding_mode:pss"], "cms"),
    "key identifier": ("p256", ["-keyid"], "cms"),
    "BER, streamed": ("p256", ["-nodetach", "-stream", "-indef"], "cms"),
    "BER, streamed, without signed attributes": ("p256", ["-nodetach", "-stream", "-indef", "-noattr"], "cms"),
    "ECDSA P-384": ("p384", ["-md", "sha384"], "cms"),
    "ECDSA P-521": ("p521", ["-md", "sha512"], "cms"),
    "SHA-1": ("rsa-2048", ["-md", "sha1"], "cms"),
    "no S/MIME capabilities": ("p256", ["-nosmimecap"], "cms"),
}


@pytest.mark.parametrize("what", OPENSSL_OPTIONS)
def test_openssls_verifies_with_ours(what: str, openssl: OpenSsl) -> None:
    key, options, form = OPENSSL_OPTIONS[what]
    content = CONTENT * 2000 if "streamed" in what else CONTENT
    data = openssl.sign([person(key)], *options, content=content)
    inside = "-nodetach" in options
    [facts] = cms.read_cms(data, content=None if inside else content)
    assert good(facts), facts
    assert facts.form.value == form
    assert facts.candidates[0] == person(key).certificate
    octets = facts.covered[0].octets
    assert octets is not None
    with octets.open() as file:
        assert file.read() == content
    [wrong] = cms.read_cms(data, content=content + b"!")
    assert not good(wrong)
    if "-indef" in options:
        assert data[1] == 0x80
    MATRIX[f"theirs, {what}", "openssl"] = "verifies here"


def test_openssls_several_signers_verify_with_ours(openssl: OpenSsl) -> None:
    data = openssl.sign([person("rsa-2048"), other("p256"), person("p384")], "-nodetach")
    facts = cms.read_cms(data)
    assert [good(one) for one in facts] == [True] * 3
    assert {one.candidates[0] for one in facts} == {
        person("rsa-2048").certificate,
        other("p256").certificate,
        person("p384").certificate,
    }
    MATRIX["theirs, three signers", "openssl"] = "verifies here"


def test_openssls_signature_without_certificates(openssl: OpenSsl) -> None:
    data = openssl.sign([person("p256")], "-nocerts")
    [facts] = cms.read_cms(data, content=CONTENT)
    assert facts.candidates == ()
    assert facts.verify(person("p256").certificate)
    [facts] = cms.read_cms(data, content=CONTENT, certificates=[other("p256").certificate, person("p256").certificate])
    assert facts.candidates == (person("p256").certificate,)
    assert good(facts)
    MATRIX["theirs, no certificates", "openssl"] = "verifies here"


def test_openssl_adds_a_signer_to_ours_and_we_to_theirs(openssl: OpenSsl) -> None:
    ours = openssl.file("ours.der", signed(who=person("p256"), detached=False))
    target = openssl.folder / "resigned.der"
    key = openssl.identity(other("rsa-2048"))
    done = openssl.run(
        "cms", "-resign", "-inform", "DER", "-in", ours, "-outform", "DER", "-out", str(target), "-signer", key
    )
    assert done.returncode == 0, done.stderr
    assert [good(one) for one in cms.read_cms(target.read_bytes())] == [True, True]
    theirs = openssl.sign([person("rsa-2048")], "-nodetach", "-stream", "-indef")
    both = signed(None, who=other("p256"), existing=theirs)  # type: ignore[arg-type]
    assert [good(one) for one in cms.read_cms(both)] == [True, True]
    assert openssl.verifies(both, None) == "ok"
    MATRIX["a signer added to the other's", "openssl"] = "verifies both ways"


@pytest.mark.parametrize("options", ["detached", "encapsulated", "binary", "no attributes", "no certificates", "pss"])
def test_cryptographys_verifies_with_ours(options: str) -> None:
    who = person("rsa-2048" if options == "pss" else "p256")
    certificate = x509.load_der_x509_certificate(who.certificate.der)
    how = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if options == "pss" else None
    builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT)
    builder = builder.add_signer(certificate, who.key, hashes.SHA256(), rsa_padding=how)  # type: ignore[arg-type]
    rows = {
        "detached": [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary],
        "encapsulated": [pkcs7.PKCS7Options.Binary],
        "binary": [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities],
        "no attributes": [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes],
        "no certificates": [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCerts],
        "pss": [pkcs7.PKCS7Options.Binary],
    }
    data = builder.sign(Encoding.DER, rows[options])
    outside = CONTENT if options == "detached" else None
    [facts] = cms.read_cms(data, content=outside, certificates=[who.certificate])
    assert good(facts), facts
    MATRIX[f"theirs, {options}", "cryptography"] = "verifies here"


@pytest.mark.parametrize("detached", [True, False], ids=["detached", "encapsulated"])
@pytest.mark.parametrize("scheme", ["rsa-v15", "rsa-pss", "p256", "p384", "ed25519", "ed448"])
def test_pyhankos_verifies_with_ours(scheme: str, detached: bool) -> None:
    who = person(SCHEMES[scheme][0])
    signer = hanko_signer(who, pss=scheme == "rsa-pss")
    digest = {"p384": "sha384", "ed25519": "sha512", "ed448": "shake256"}.get(scheme, "sha256")
    attributes = PdfCMSSignedAttributes(signing_time=AT)
    made = asyncio.run(
        signer.async_sign_general_data(
            CONTENT, digest, detached=detached, use_cades=True, signed_attr_settings=attributes
        )
    )
    facts = read(made.dump(), CONTENT if detached else None)
    assert good(facts), facts
    assert facts.form is Form.CADES
    assert facts.claimed_time == AT
    MATRIX[f"theirs, {scheme}, {'detached' if detached else 'encapsulated'}", "pyHanko"] = "verifies here"


@pytest.mark.parametrize("scheme", ["rsa-v15", "rsa-pss", "p256", "p384"])
def test_pyhankos_timestamped_signature_verifies_with_ours(scheme: str) -> None:
    tsa = authority().tsa(key="rsa-2048")
    store = SimpleCertificateStore()
    store.register_multiple([asn1_x509.Certificate.load(one.der) for one in tsa.chain])
    key = tsa.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stamper = DummyTimeStamper(
        tsa_cert=asn1_x509.Certificate.load(tsa.certificate.der),
        tsa_key=asn1_keys.PrivateKeyInfo.load(key),
        certs_to_embed=store,
        fixed_dt=AT,
    )
    who = person(SCHEMES[scheme][0])
    digest = "sha384" if scheme == "p384" else "sha256"
    made = asyncio.run(
        hanko_signer(who, pss=scheme == "rsa-pss").async_sign_general_data(
            CONTENT, digest, detached=True, use_cades=True, timestamper=stamper
        )
    )
    facts = read(made.dump())
    assert good(facts), facts
    assert (facts.form, facts.level) == (Form.CADES, Level.T)
    [timestamp] = facts.timestamps
    assert timestamp.token is not None
    assert (timestamp.intact, timestamp.token.time, good(timestamp.token.signature)) == (True, AT, True)
    MATRIX[f"theirs, {scheme}, CAdES-T", "pyHanko"] = "verifies here"


def test_openssl_answers_our_request_and_reads_our_token(openssl: OpenSsl) -> None:
    authority_ = authority().tsa(key="rsa-2048")
    config = openssl.file(
        "ts.cnf",
        b"[tsa]\ndefault_tsa=t\n[t]\nserial=%b\nsigner_cert=%b\nsigner_key=%b\ncerts=%b\nsigner_digest=sha256\n"
        b"default_policy=2.16.704.1.1.1.2\ndigests=sha256,sha384\naccuracy=secs:1,millisecs:500\nordering=no\n"
        b"tsa_name=yes\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n"
        % tuple(
            name.encode()
            for name in (
                openssl.file("serial", b"01\n"),
                openssl.identity(authority_),
                openssl.identity(authority_),
                openssl.identity(authority_),
            )
        ),
    )
    from vndoc.pki.algorithms import DIGESTS  # noqa: PLC0415

    request = tsp.make_request(DIGESTS["sha384"].of(CONTENT), digest="sha384", nonce=77)
    shown = openssl.run("ts", "-query", "-in", openssl.file("request.tsq", request), "-text")
    assert b"Hash Algorithm: sha384" in shown.stdout
    assert b"Nonce: 0x4D" in shown.stdout
    target = openssl.folder / "response.tsr"
    done = openssl.run(
        "ts", "-reply", "-config", config, "-queryfile", openssl.file("request.tsq", request), "-out", str(target)
    )
    assert done.returncode == 0, done.stderr
    token = tsp.read_response(target.read_bytes(), request=request)
    assert token.reasons == ()
    assert (token.nonce, token.imprint_digest, token.policy) == (77, "sha384", "2.16.704.1.1.1.2")
    assert token.accuracy is not None
    assert token.accuracy.total_seconds() == 1.5
    assert token.tsa_name is not None
    assert good(token.signature)
    MATRIX["their timestamp", "openssl"] = "verifies here"


def test_the_added_parts_stay_as_they_were() -> None:
    data = signed(who=person("p256"))
    parts, held = opened(data)
    assert held.octets() == data
    assert parts.content is None


def test_the_matrix_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What others make has one maker, so one cell; what is ours, everybody reads who can."""
    columns = ["openssl", "pyHanko", "cryptography"]
    lines = ["| what | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for row in dict.fromkeys(what for what, _ in MATRIX):
        theirs = not row.startswith("ours")
        cells = [MATRIX.get((row, column), "made by another" if theirs else NO_ORACLE[column]) for column in columns]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    with capsys.disabled():
        print("\nCMS signatures, who made them -> who reads them:", *lines, sep="\n")
    assert {column for _, column in MATRIX} <= set(columns), "a cell that nobody sees"
