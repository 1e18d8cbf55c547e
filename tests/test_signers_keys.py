"""Keys from PEM and PKCS#12, ours and those that ``openssl`` writes; secrets in no text."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from vndoc.errors import SignatureError, VndocError
from vndoc.pki import Family, SignatureAlgorithm, der
from vndoc.pki.algorithms import DIGESTS, verify
from vndoc.signature.signing import plain_pss
from vndoc.signers import KeySigner
from vndoc.signers._costs import MAX_ELEMENTS, MAX_ITERATIONS, MAX_SCRYPT, check_costs
from vndoc.signers.keys import MAX_KEY_FILE, order_chain, sign_with
from vndoc.testing._assembly import integer
from vndoc.testing.pki import Authority, Identity

ROOT = Authority.root("Root", key="p256")
BELOW = ROOT.subordinate("CA of agencies", key="p256")
PERSON = BELOW.person("Nguyễn Văn An", cccd="001099000001", key="p256")
SECRET = "mật khẩu bí mật"
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
PKCS8 = serialization.PrivateFormat.PKCS8
OLD = serialization.PrivateFormat.TraditionalOpenSSL
OPEN = serialization.NoEncryption()
LOCKED = serialization.BestAvailableEncryption(SECRET.encode())


def certificate_pem(*identities: Identity) -> bytes:
    return b"".join(load_der_x509_certificate(i.certificate.der).public_bytes(PEM) for i in identities)


def signs(signer: KeySigner) -> None:
    algorithm = signer.algorithms[0]
    assert verify(signer.certificate.public_key, algorithm, signer.sign(b"text", algorithm), data=b"text")


def failure(call: Callable[[], object]) -> SignatureError:
    """Return the error of *call*, after a look at everything that a log could hold of it."""
    with pytest.raises(SignatureError) as caught:
        call()
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + repr(error) + error.text("vi") + repr(error.values)
    assert SECRET not in shown
    assert error.__cause__ is None
    return error


# -- PEM ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["rsa-2048", "p256", "p384", "ed25519"])
@pytest.mark.parametrize("secret", [None, SECRET, SECRET.encode(), lambda: SECRET])
def test_a_signer_comes_from_pem(key: str, secret) -> None:
    person = BELOW.person(f"Person {key}", key=key)
    data = person.pem(None if secret is None else SECRET.encode())
    signer = KeySigner.from_pem(data, passphrase=secret)
    assert signer.certificate == person.certificate
    assert signer.chain == person.chain
    signs(signer)


@pytest.mark.parametrize("form", [PKCS8, OLD])
@pytest.mark.parametrize("encoding", [PEM, DER])
def test_key_and_certificates_may_be_apart(form, encoding) -> None:
    data = PERSON.key.private_bytes(encoding, form, OPEN)
    for certificates in (
        (PERSON.certificate, *PERSON.chain),
        (*reversed(PERSON.chain), PERSON.certificate),
        certificate_pem(PERSON) + PERSON.pem()[:0],
        PERSON.certificate.der,
    ):
        signer = KeySigner.from_pem(data, certificates)
        assert signer.certificate == PERSON.certificate
        assert set(signer.chain) <= set(PERSON.chain)
        signs(signer)


def test_an_encrypted_key_in_der_and_in_the_old_form() -> None:
    for encoding, form in ((DER, PKCS8), (PEM, OLD)):
        data = PERSON.key.private_bytes(encoding, form, LOCKED)
        signs(KeySigner.from_pem(data, PERSON.certificate.der, passphrase=SECRET))


def test_the_passphrase_is_asked_for_only_when_it_is_needed() -> None:
    def refuse() -> str:
        raise AssertionError

    signs(KeySigner.from_pem(PERSON.pem(), passphrase=refuse))


def test_openssl_writes_what_is_read(program: Callable[[str], str], tmp_path: Path) -> None:
    openssl = program("openssl")
    (tmp_path / "in.pem").write_bytes(PERSON.pem())
    run = lambda *a: subprocess.run([openssl, *a], cwd=tmp_path, check=True, capture_output=True)  # noqa: E731
    run("ecparam", "-name", "prime256v1", "-out", "parameters.pem")
    run("ec", "-in", "in.pem", "-out", "old.pem", "-aes256", "-passout", "pass:secret")
    run("pkcs8", "-topk8", "-in", "in.pem", "-out", "new.pem", "-passout", "pass:secret", "-scrypt")
    parameters = (tmp_path / "parameters.pem").read_bytes()
    for name in ("old.pem", "new.pem"):
        data = certificate_pem(PERSON) + parameters + (tmp_path / name).read_bytes()
        signs(KeySigner.from_pem(data, passphrase="secret"))
    for more in ((), ("-legacy",), ("-certfile", "in.pem"), ("-keypbe", "NONE", "-certpbe", "NONE", "-nomac")):
        run("pkcs12", "-export", "-in", "in.pem", "-out", "in.p12", "-passout", "pass:secret", *more)
        signer = KeySigner.from_pkcs12((tmp_path / "in.p12").read_bytes(), "secret")
        assert signer.certificate == PERSON.certificate
        signs(signer)


@pytest.mark.parametrize(
    ("data", "secret", "code"),
    [
        (b"", None, "private-key-unreadable"),
        (b"\x30", None, "private-key-unreadable"),
        (b"\x30\x03\x02\x01\x00", None, "private-key-unreadable"),
        (b"no key at all", None, "private-key-unreadable"),
        (certificate_pem(PERSON), None, "private-key-unreadable"),
        (PERSON.pem() + PERSON.pem(), None, "private-key-unreadable"),
        (PERSON.pem()[40:], None, "private-key-unreadable"),
        (PERSON.pem().replace(b"MI", b"MJ", 1), None, "private-key-unreadable"),
        (PERSON.pem(SECRET.encode()), None, "passphrase-needed"),
        (PERSON.pem(SECRET.encode()), "", "passphrase-needed"),
        (PERSON.pem(SECRET.encode()), lambda: b"", "passphrase-needed"),
        (PERSON.pem(SECRET.encode()), "wrong", "passphrase-wrong"),
        (x25519.X25519PrivateKey.generate().private_bytes(PEM, PKCS8, OPEN), None, "private-key-unreadable"),
        (PERSON.key.private_bytes(PEM, PKCS8, OPEN), None, "signer-certificate-missing"),
        (PERSON.key.private_bytes(PEM, PKCS8, OPEN) + certificate_pem(ROOT), None, "signer-certificate-missing"),
        (PERSON.pem() + b" " * MAX_KEY_FILE, None, "private-key-unreadable"),
    ],
)
def test_what_is_no_signer_is_refused(data: bytes, secret, code: str) -> None:
    error = failure(lambda: KeySigner.from_pem(data, passphrase=secret))
    assert error.code == code


def test_a_file_of_the_greatest_size_is_read() -> None:
    data = PERSON.pem()
    signs(KeySigner.from_pem(data + b"\n" * (MAX_KEY_FILE - len(data))))


# -- PKCS#12 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SECRET, SECRET.encode(), lambda: SECRET])
def test_a_signer_comes_from_pkcs12(secret) -> None:
    signer = KeySigner.from_pkcs12(PERSON.pkcs12(SECRET.encode()), secret)
    assert signer.certificate == PERSON.certificate
    assert signer.chain == PERSON.chain
    signs(signer)


def test_a_pkcs12_without_passphrase() -> None:
    data = serialization.pkcs12.serialize_key_and_certificates(
        None, PERSON.key, load_der_x509_certificate(PERSON.certificate.der), None, OPEN
    )
    signs(KeySigner.from_pkcs12(data))


EMPTY, NOT_AT_ALL, OLD_EMPTY, NO_MAC, MAC_ALONE = FORMS = {
    "the empty one": ("pass:",),
    "none": ("pass:", "-keypbe", "NONE", "-certpbe", "NONE", "-nomac"),
    "the empty one, as of old": ("pass:", "-legacy"),
    "one without MAC": ("pass:secret", "-nomac"),
    "one for the MAC alone": ("pass:secret", "-keypbe", "NONE", "-certpbe", "NONE"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("given", [None, "", "secret", "wrong", b"wrong"])
def test_a_passphrase_that_is_given_has_to_be_right(
    program: Callable[[str], str], tmp_path: Path, form: str, given
) -> None:
    """As ``openssl pkcs12`` has it: the empty passphrase is one, too; a file that has none opens with any."""
    openssl = program("openssl")
    (tmp_path / "in.pem").write_bytes(PERSON.pem())
    run = lambda *a: subprocess.run([openssl, "pkcs12", *a], cwd=tmp_path, check=False, capture_output=True)  # noqa: E731
    assert run("-export", "-in", "in.pem", "-out", "in.p12", "-passout", *FORMS[form]).returncode == 0
    data, protected = (tmp_path / "in.p12").read_bytes(), form not in (EMPTY, NOT_AT_ALL, OLD_EMPTY)
    right = form == NOT_AT_ALL or (given == "secret" if protected else not given)
    if given and (form, given) != (NO_MAC, "wrong"):
        text = given if isinstance(given, str) else given.decode()
        opened = run("-in", "in.p12", "-noout", "-passin", f"pass:{text}").returncode == 0
        assert opened is right or form == NO_MAC  # without MAC it looks at nothing
    for passphrase in (given, lambda: given) if protected else (given,):
        if right:
            signer = KeySigner.from_pkcs12(data, passphrase)
            assert signer.protected is protected
            signs(signer)
        else:
            error = failure(lambda p=passphrase: KeySigner.from_pkcs12(data, p))
            assert error.code == ("passphrase-wrong" if given else "passphrase-needed")
    if not protected:
        assert KeySigner.from_pkcs12(data, refuse).protected is False


def refuse() -> str:
    """Give no passphrase: nobody is to be asked."""
    raise AssertionError


def test_whether_a_key_file_is_protected() -> None:
    assert KeySigner(PERSON.key, PERSON.certificate).protected is None
    assert KeySigner.from_pem(PERSON.pem(), passphrase="wrong").protected is False
    assert KeySigner.from_pem(PERSON.pem(b"secret"), passphrase="secret").protected is True
    assert KeySigner.from_pkcs12(P12, SECRET).protected is True
    assert KeySigner.from_pkcs12(PLAIN, "").protected is False
    assert failure(lambda: KeySigner.from_pkcs12(PLAIN, SECRET)).code == "passphrase-wrong"


def pkcs12_of(key, certificate=None, others=None) -> bytes:
    return serialization.pkcs12.serialize_key_and_certificates(None, key, certificate, others, LOCKED)


P12 = PERSON.pkcs12(SECRET.encode())


@pytest.mark.parametrize(
    ("data", "secret", "code"),
    [
        (b"", SECRET, "private-key-unreadable"),
        (b"\x30\x00", SECRET, "private-key-unreadable"),
        (P12 + b"\0", SECRET, "private-key-unreadable"),
        (P12[:100], SECRET, "private-key-unreadable"),
        (PERSON.certificate.der, SECRET, "private-key-unreadable"),
        (P12, None, "passphrase-needed"),
        (P12, "", "passphrase-needed"),
        (P12, "wrong", "passphrase-wrong"),
        (P12, b"\xe9", "passphrase-wrong"),
        (b"\x30\x03\x02\x01\x03", SECRET, "passphrase-wrong"),
        (pkcs12_of(None, load_der_x509_certificate(PERSON.certificate.der)), SECRET, "private-key-unreadable"),
        (pkcs12_of(PERSON.key), SECRET, "signer-certificate-missing"),
    ],
)
def test_what_is_no_pkcs12_is_refused(data: bytes, secret, code: str) -> None:
    assert failure(lambda: KeySigner.from_pkcs12(data, secret)).code == code


def test_the_certificate_may_be_among_the_others() -> None:
    data = pkcs12_of(PERSON.key, None, [load_der_x509_certificate(c.der) for c in (*PERSON.chain, PERSON.certificate)])
    signer = KeySigner.from_pkcs12(data, SECRET)
    assert (signer.certificate, signer.chain) == (PERSON.certificate, PERSON.chain)


@given(st.binary(max_size=200))
def test_any_octets_give_a_signer_or_an_error(octets: bytes) -> None:
    for data in (octets, b"\x30" + octets, b"-----BEGIN PRIVATE KEY-----" + octets + b"-----END PRIVATE KEY-----"):
        for load in (KeySigner.from_pem, KeySigner.from_pkcs12):
            with pytest.raises(VndocError):
                load(data)


@given(st.data())
def test_a_damaged_pkcs12_gives_a_signer_or_an_error(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(PLAIN) - 1))
    damaged = PLAIN[:at] + bytes([PLAIN[at] ^ data.draw(st.integers(1, 255))]) + PLAIN[at + 1 :]
    with contextlib.suppress(VndocError):
        KeySigner.from_pkcs12(damaged)


def test_a_pkcs12_in_ber_is_read_without_a_warning() -> None:
    """Old exports use indefinite lengths. Here warnings are errors, so that one would come out as itself."""
    content = der.read(PLAIN).content
    for data in (b"\x30\x80" + content + b"\0\0", b"\x30\x84" + len(content).to_bytes(4, "big") + content):
        assert KeySigner.from_pkcs12(data).certificate == KeySigner.from_pkcs12(PLAIN).certificate
        with pytest.raises(VndocError):
            KeySigner.from_pkcs12(data[:-1])


PLAIN = serialization.pkcs12.serialize_key_and_certificates(
    None, PERSON.key, load_der_x509_certificate(PERSON.certificate.der), None, OPEN
)


# -- what it costs to open them -------------------------------------------------------------------

PBKDF2 = der.encode_oid("1.2.840.113549.1.5.12")
SCRYPT = der.encode_oid("1.3.6.1.4.1.11591.4.11")


def derivation(oid: bytes, *numbers: int) -> bytes:
    """Return PBES2 as an EncryptedPrivateKeyInfo has it, with such a derivation; the rest is as it should be."""
    salt = der.encode(der.OCTET_STRING, b"12345678")
    how = der.encode(der.SEQUENCE, oid, der.encode(der.SEQUENCE, salt, *map(integer, numbers)))
    cipher = der.encode(
        der.SEQUENCE, der.encode_oid("2.16.840.1.101.3.4.1.42"), der.encode(der.OCTET_STRING, bytes(16))
    )
    scheme = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.5.13"), der.encode(der.SEQUENCE, how, cipher))
    return der.encode(der.SEQUENCE, scheme, der.encode(der.OCTET_STRING, bytes(32)))


def pfx(rounds: int, content: bytes = b"") -> bytes:
    """Return the outside of a PKCS#12 file whose MAC takes so many rounds."""
    oid = der.encode_oid("1.2.840.113549.1.7.1")
    safe = der.encode(der.SEQUENCE, oid, der.encode(der.context(0), der.encode(der.OCTET_STRING, content)))
    kind = der.encode(der.SEQUENCE, der.encode_oid(DIGESTS["sha256"].oid), b"\x05\x00")
    digest = der.encode(der.SEQUENCE, kind, der.encode(der.OCTET_STRING, bytes(32)))
    mac = der.encode(der.SEQUENCE, digest, der.encode(der.OCTET_STRING, b"salt"), integer(rounds))
    return der.encode(der.SEQUENCE, integer(3), safe, mac)


def armoured(octets: bytes) -> bytes:
    text = base64.encodebytes(octets)
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + text + b"-----END ENCRYPTED PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "numbers",
    [(PBKDF2, MAX_ITERATIONS + 1), (PBKDF2, 2**1000), (SCRYPT, MAX_SCRYPT // 8 + 1, 8, 1), (SCRYPT, 2, 2**99)],
)
def test_a_key_that_is_too_dear_to_open_is_refused(numbers: tuple) -> None:
    octets = derivation(*numbers)
    for data in (octets, armoured(octets)):
        assert failure(lambda data=data: KeySigner.from_pem(data, passphrase="x")).code == "private-key-unreadable"
    for inside in (pfx(1, octets), pfx(1, der.encode(der.OCTET_STRING, octets))):
        assert failure(lambda data=inside: KeySigner.from_pkcs12(data, "x")).code == "private-key-unreadable"


def test_the_dearest_key_that_is_opened() -> None:
    for octets in (
        derivation(PBKDF2, MAX_ITERATIONS),
        derivation(SCRYPT, MAX_SCRYPT // 8, 8, 1),
        derivation(SCRYPT, 5),
    ):
        check_costs(octets)
    check_costs(pfx(MAX_ITERATIONS))
    assert failure(lambda: check_costs(pfx(MAX_ITERATIONS + 1))).code == "private-key-unreadable"
    assert failure(lambda: KeySigner.from_pkcs12(pfx(2**200), "x")).code == "private-key-unreadable"


def test_what_is_no_derivation_costs_nothing() -> None:
    own = der.encode(der.SEQUENCE, der.encode_oid("1.2.3"), der.encode(der.SEQUENCE, integer(2**90)))
    bad_oid = der.encode(der.SEQUENCE, b"\x06\x01\x80", der.encode(der.SEQUENCE, integer(2**90)))
    for octets in (b"", b"\x02\x01\x05", own, bad_oid, der.encode(der.SEQUENCE, b"\x04\x02\x30\x05")):
        check_costs(octets)


def test_how_much_is_looked_into_is_bounded() -> None:
    empty = der.encode(der.SEQUENCE)
    check_costs(der.encode(der.SEQUENCE, empty * (MAX_ELEMENTS - 1)))
    assert failure(lambda: check_costs(der.encode(der.SEQUENCE, empty * MAX_ELEMENTS))).code == (
        "private-key-unreadable"
    )
    nested = b""
    while len(nested) < 5_000:
        nested = der.encode(der.SEQUENCE, nested)
    check_costs(nested)


# -- the signer -----------------------------------------------------------------------------------


def test_key_and_certificate_must_belong_together() -> None:
    with pytest.raises(SignatureError) as caught:
        KeySigner(ROOT.key, PERSON.certificate)
    assert caught.value.code == "signer-key-mismatch"


def test_of_renewed_certificates_the_newest_is_taken() -> None:
    newer = BELOW.person(
        "Nguyễn Văn An",
        cccd="001099000001",
        key="p256",
        valid=(PERSON.certificate.not_before.replace(year=2025), PERSON.certificate.not_after),
    )
    assert newer.key is PERSON.key
    key = PERSON.key.private_bytes(PEM, PKCS8, OPEN)
    signer = KeySigner.from_pem(key, [newer.certificate, PERSON.certificate, *PERSON.chain])
    assert signer.certificate == newer.certificate
    assert signer.chain == PERSON.chain


def test_a_certificate_whose_key_cannot_be_used_is_passed_over() -> None:
    odd = BELOW.issue({"CN": "odd"}, key="p256").certificate
    broken = type(odd).load(odd.der.replace(odd.spki, odd.spki[:-1] + bytes([odd.spki[-1] ^ 1])))
    signer = KeySigner.from_pem(PERSON.key.private_bytes(PEM, PKCS8, OPEN), [broken, PERSON.certificate])
    assert signer.certificate == PERSON.certificate


def test_a_chain_is_put_in_order_and_strangers_are_left_out() -> None:
    stranger = Authority.root("Stranger", key="p256").certificate
    namesake = Authority.root("CA of agencies", key="ed25519").certificate
    mixed = (stranger, ROOT.certificate, namesake, PERSON.certificate, BELOW.certificate)
    assert order_chain(PERSON.certificate, mixed) == PERSON.chain
    assert order_chain(PERSON.certificate, (stranger, ROOT.certificate)) == ()
    assert order_chain(ROOT.certificate, mixed) == ()
    assert KeySigner(PERSON.key, PERSON.certificate, mixed).chain == PERSON.chain


def test_a_self_issued_certificate_of_a_new_key_has_its_issuer() -> None:
    name = ROOT.certificate.subject
    rolled = ROOT.subordinate(name, key=ec.generate_private_key(ec.SECP256R1()))
    assert order_chain(rolled.certificate, [ROOT.certificate]) == (ROOT.certificate,)


def test_a_circle_of_certificates_ends() -> None:
    a, b = Authority.root("A", key="p256"), Authority.root("B", key="p256")
    a_by_b, b_by_a = b.subordinate("A", key=a.key), a.subordinate("B", key=b.key)
    assert len(order_chain(a_by_b.certificate, [b_by_a.certificate, a_by_b.certificate])) == 1


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("p256", plain_pss("sha256")),
        ("p256", SignatureAlgorithm(Family.ECDSA, "md5")),
        ("p256", SignatureAlgorithm(Family.ECDSA)),
        ("rsa-2048", SignatureAlgorithm(Family.ECDSA, "sha256")),
        ("rsa-2048", SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha256")),
        ("rsa-2048", SignatureAlgorithm(Family.RSA_PSS, "sha256", None, 32)),
        ("rsa-2048", SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha256", 500)),
        ("rsa-1024", plain_pss("sha512")),
        ("ed25519", SignatureAlgorithm(Family.ED448)),
    ],
)
def test_what_the_key_cannot_do_is_refused(key: str, algorithm: SignatureAlgorithm) -> None:
    signer = BELOW.person(f"Person {key}", key=key).signer()
    with pytest.raises(SignatureError) as caught:
        signer.sign(b"text", algorithm)
    assert caught.value.code == "signing-algorithm"


@pytest.mark.parametrize("key", ["rsa-2048", "p256", "p384", "p521"])
def test_openssl_verifies_what_is_signed(program: Callable[[str], str], tmp_path: Path, key: str) -> None:
    person = BELOW.person(f"Person {key}", key=key)
    public = person.key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(public)
    (tmp_path / "text").write_bytes(b"text")
    for algorithm in person.signer().algorithms:
        (tmp_path / "value").write_bytes(person.signer().sign(b"text", algorithm))
        more = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", f"rsa_pss_saltlen:{algorithm.salt}"]
        command = [program("openssl"), "dgst", f"-{algorithm.digest}", "-verify", "key.pem", "-signature", "value"]
        command += more if algorithm.family is Family.RSA_PSS else []
        done = subprocess.run([*command, "text"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stdout == "Verified OK\n", (algorithm, done.stderr)


def test_a_signer_shows_neither_key_nor_person() -> None:
    shown = repr(PERSON.signer())
    assert "001099000001" not in shown
    assert shown.startswith("KeySigner(Certificate(")


def test_sha1_is_signed_where_it_is_asked_for() -> None:
    person = BELOW.person("Old", key="rsa-1024")
    algorithm = SignatureAlgorithm(Family.RSA_PKCS1, "sha1")
    value = sign_with(person.key, algorithm, b"text")
    assert verify(person.certificate.public_key, algorithm, value, data=b"text")
