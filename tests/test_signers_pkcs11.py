"""Tokens over PKCS#11, with SoftHSM as the token; what a software token cannot show is shown by a stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pkcs11
import pytest
from cryptography.hazmat.primitives import serialization
from pkcs11 import Attribute, CertificateType, Mechanism, ObjectClass, TokenFlag

from conftest import missing
from vndoc.errors import SignatureError, UsageError
from vndoc.pki import Certificate, Family, SignatureAlgorithm
from vndoc.pki.algorithms import verify
from vndoc.signature.signing import Signer, plain_pss
from vndoc.signers import Pkcs11Signer
from vndoc.signers import pkcs11 as subject
from vndoc.testing.pki import Authority, Identity

PIN = "bí-mật-4711"
PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
ROOT = Authority.root("Root", key="p256")
BELOW = ROOT.subordinate("CA of agencies", key="p256")
KEYS = {"rsa": "rsa-2048", "ec256": "p256", "ec384": "p384", "ec521": "p521", "ed": "ed25519"}
PEOPLE = {name: BELOW.person(f"Token {name}", cccd="001099000001", key=kind) for name, kind in KEYS.items()}


class Tokens:
    """A folder of software tokens and the module that reads it."""

    def __init__(self, folder: Path, util: str, module: str) -> None:
        self.folder, self.util, self.module = folder, util, module
        (folder / "tokens").mkdir()
        self.conf = folder / "softhsm2.conf"
        self.configure("")

    def configure(self, more: str) -> None:
        self.conf.write_text(f"directories.tokendir = {self.folder / 'tokens'}\nlog.level = ERROR\n{more}\n")

    def run(self, *arguments: str) -> str:
        environment = {**os.environ, "SOFTHSM2_CONF": str(self.conf)}
        done = subprocess.run([self.util, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def create(self, label: str) -> None:
        self.run("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "87654321")
        pkcs11.lib(self.module).reinitialize()  # it looks for tokens only then

    def add_key(self, token: str, person: Identity, label: str, number: str) -> None:
        form = serialization.PrivateFormat.PKCS8
        key = person.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        (self.folder / "key.pem").write_bytes(key)
        file = str(self.folder / "key.pem")
        self.run("--import", file, "--token", token, "--label", label, "--id", number, "--pin", PIN)

    def session(self, token: str) -> pkcs11.Session:
        return pkcs11.lib(self.module).get_token(token_label=token).open(rw=True, user_pin=PIN)

    def add_certificate(self, token: str, value: bytes, label: str, number: bytes) -> None:
        attributes = {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
            Attribute.TOKEN: True,
            Attribute.VALUE: value,
            Attribute.SUBJECT: b"\x30\x00",
            Attribute.LABEL: label,
            Attribute.ID: number,
        }
        with self.session(token) as session:
            session.create_object(attributes)

    def serial(self, label: str) -> str:
        return {t.label: t.serial.decode() for t in pkcs11.lib(self.module).get_tokens()}[label]


@pytest.fixture(scope="module")
def tokens(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokens]:
    util = program("softhsm2-util")
    module = next((place for place in PLACES if Path(place).exists()), None)
    if module is None:
        missing("the module of SoftHSM is in none of its usual places", "VNDOC_REQUIRE_PROGRAMS")
    assert module is not None
    found = Tokens(tmp_path_factory.mktemp("softhsm"), util, module)
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(found.conf)
    try:
        for label in ("many", "single", "twin", "twin"):
            found.create(label)
        for i, (name, person) in enumerate(PEOPLE.items()):
            if name != "ed":
                found.add_key("many", person, name, f"0{i + 1}")
                found.add_certificate("many", person.certificate.der, f"cert {name}", bytes([i + 1]))
        for certificate in PEOPLE["rsa"].chain:
            found.add_certificate("many", certificate.der, "ca", b"")
        found.add_certificate("many", b"no certificate", "junk", b"\x77")
        found.add_key("single", PEOPLE["rsa"], "ký số", "aa01")
        found.add_certificate("single", PEOPLE["rsa"].certificate.der, "ký số", b"")
        yield found
    finally:
        pkcs11.unload(module)
        subject._modules.clear()
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture(autouse=True)
def _nothing_stays_logged_in() -> Iterator[None]:
    yield
    for module in subject._modules.values():
        assert not module.logins


def failure(call: Callable[[], object]) -> SignatureError:
    """Return the error of *call*, after a look at everything that a log could hold of it."""
    with pytest.raises(SignatureError) as caught:
        call()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.values) + caught.value.text("vi")
    assert PIN not in shown
    assert "?" not in caught.value.text("vi") + caught.value.text("en")
    return caught.value


# -- signing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rsa", "ec256", "ec384", "ec521"])
def test_a_token_signs_in_every_way_it_offers(tokens: Tokens, name: str) -> None:
    person = PEOPLE[name]
    with Pkcs11Signer.open(tokens.module, label="many", key_label=name, pin=PIN) as signer:
        assert isinstance(signer, Signer)
        assert signer.certificate == person.certificate
        assert signer.chain == person.chain
        assert signer.algorithms == person.signer().algorithms
        for algorithm in signer.algorithms:
            for data in (b"", b"text", bytes(100_000)):
                value = signer.sign(data, algorithm)
                assert verify(person.certificate.public_key, algorithm, value, data=data)
    assert len(value) == 256 or value[0] == 0x30


@pytest.mark.parametrize("how", ["label", "serial", "both"])
def test_a_token_is_named_by_label_or_serial(tokens: Tokens, how: str) -> None:
    names = {"label": "single", "serial": tokens.serial("single")}
    wanted = names if how == "both" else {how: names[how]}
    with Pkcs11Signer.open(tokens.module, **wanted, pin=lambda: PIN) as signer:
        assert signer.certificate == PEOPLE["rsa"].certificate  # found by its label, since its id is empty
        assert signer.chain == ()


def test_a_key_is_named_by_id_or_label(tokens: Tokens) -> None:
    for wanted in ({"key_id": b"\x02"}, {"key_label": "ec256"}, {"key_id": b"\x02", "key_label": "ec256"}):
        with Pkcs11Signer.open(tokens.module, label="many", pin=PIN, **wanted) as signer:
            assert signer.certificate == PEOPLE["ec256"].certificate


def test_certificate_and_chain_may_be_given(tokens: Tokens) -> None:
    person = PEOPLE["rsa"]
    with Pkcs11Signer.open(
        tokens.module, label="single", pin=PIN, certificate=person.certificate, chain=reversed(person.chain)
    ) as signer:
        assert (signer.certificate, signer.chain) == (person.certificate, person.chain)


def test_without_the_mechanisms_that_hash_we_hash(tokens: Tokens) -> None:
    off = ",".join(f"CKM_SHA{n}_RSA_PKCS{p}" for n in (256, 384, 512) for p in ("", "_PSS"))
    tokens.configure(f"slots.mechanisms = -CKM_MD5,{off}")  # SoftHSM 2.6 does not take the first one away
    module = pkcs11.lib(tokens.module)
    module.reinitialize()
    try:
        with Pkcs11Signer.open(tokens.module, label="many", key_label="rsa", pin=PIN) as signer:
            assert set(signer._ways.values()) <= {"RSA_PKCS", "RSA_PKCS_PSS"}
            assert {a.family for a in signer.algorithms} == {Family.RSA_PKCS1, Family.RSA_PSS}
            for algorithm in signer.algorithms:
                value = signer.sign(b"text", algorithm)
                assert verify(signer.certificate.public_key, algorithm, value, data=b"text")
    finally:
        tokens.configure("")
        module.reinitialize()


def test_a_token_without_a_fitting_mechanism(tokens: Tokens) -> None:
    tokens.configure("slots.mechanisms = CKM_AES_CBC")
    module = pkcs11.lib(tokens.module)
    module.reinitialize()
    try:
        error = failure(lambda: Pkcs11Signer.open(tokens.module, label="many", key_label="rsa", pin=PIN))
        assert error.code == "token-mechanism"
    finally:
        tokens.configure("")
        module.reinitialize()


def test_what_the_key_cannot_do_is_refused(tokens: Tokens) -> None:
    with Pkcs11Signer.open(tokens.module, label="single", pin=PIN) as signer:
        for algorithm in (SignatureAlgorithm(Family.ECDSA, "sha256"), SignatureAlgorithm(Family.RSA_PKCS1, "sha1")):
            assert failure(lambda a=algorithm: signer.sign(b"text", a)).code == "signing-algorithm"


def test_threads_share_a_token(tokens: Tokens) -> None:
    wrong: list[object] = []
    with (
        Pkcs11Signer.open(tokens.module, label="many", key_label="rsa", pin=PIN) as one,
        Pkcs11Signer.open(tokens.module, label="many", key_label="ec256", pin=PIN) as two,
    ):

        def work(signer: Pkcs11Signer, number: int) -> None:
            try:
                for i in range(20):
                    data = b"%d %d" % (number, i)
                    value = signer.sign(data, signer.algorithms[0])
                    assert verify(signer.certificate.public_key, signer.algorithms[0], value, data=data)
            except BaseException as error:  # noqa: BLE001 - shown by the test
                wrong.append(error)

        threads = [threading.Thread(target=work, args=((one, two)[i % 2], i)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_the_last_signer_logs_out(tokens: Tokens) -> None:
    one = Pkcs11Signer.open(tokens.module, label="single", pin=PIN)
    two = Pkcs11Signer.open(tokens.module, label="single", pin=PIN)
    one.close()
    one.close()
    assert two.sign(b"text", two.algorithms[0])
    assert failure(lambda: one.sign(b"text", one.algorithms[0])).code == "token-closed"
    two.close()
    with pkcs11.lib(tokens.module).get_token(token_label="single").open() as session:
        assert not list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))


@pytest.mark.parametrize("pin", [4711, b"4711", lambda: 4711])
def test_a_pin_is_a_text(tokens: Tokens, pin) -> None:
    with pytest.raises(UsageError) as caught:
        Pkcs11Signer.open(tokens.module, label="single", pin=pin)
    assert caught.value.code == "option-invalid"
    assert "4711" not in str(caught.value)


def test_whoever_joins_a_login_must_know_the_pin(tokens: Tokens) -> None:
    with Pkcs11Signer.open(tokens.module, label="single", pin=PIN):
        error = failure(lambda: Pkcs11Signer.open(tokens.module, label="single", pin="0000-wrong"))
        assert error.code == "token-pin-wrong"
        assert failure(lambda: Pkcs11Signer.open(tokens.module, label="single")).code == "token-pin-needed"
        with Pkcs11Signer.open(tokens.module, label="single", pin=lambda: PIN) as other:
            assert other.sign(b"text", other.algorithms[0])


def test_nobody_waits_while_a_person_is_asked_for_the_pin(tokens: Tokens) -> None:
    with Pkcs11Signer.open(tokens.module, label="many", key_label="rsa", pin=PIN) as signer:

        def ask() -> str:
            thread = threading.Thread(target=signer.sign, args=(b"text", signer.algorithms[0]))
            thread.start()
            thread.join(timeout=10)
            assert not thread.is_alive()
            return PIN

        Pkcs11Signer.open(tokens.module, label="single", pin=ask).close()


def test_a_login_of_another_part_of_the_process_is_used(tokens: Tokens) -> None:
    with tokens.session("single"), Pkcs11Signer.open(tokens.module, label="single", pin=PIN) as signer:
        assert signer.sign(b"text", signer.algorithms[0])


def test_a_key_that_wants_the_pin_each_time(tokens: Tokens) -> None:
    asked: list[str] = []

    def ask() -> str:
        asked.append("")
        return PIN

    tokens.create("always")
    with tokens.session("always") as session:
        public, _ = session.generate_keypair(
            pkcs11.KeyType.RSA,
            2048,
            store=True,
            id=b"\1",
            private_template={Attribute.ALWAYS_AUTHENTICATE: True},
        )
        numbers = public[Attribute.MODULUS]
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.RSAPublicNumbers(65537, int.from_bytes(numbers, "big")).public_key()
    certificate = issued_to(key)
    with Pkcs11Signer.open(tokens.module, label="always", pin=ask, certificate=certificate) as signer:
        assert len(asked) == 1
        for _ in range(2):
            assert verify(key, signer.algorithms[0], signer.sign(b"text", signer.algorithms[0]), data=b"text")
        assert len(asked) == 3


def issued_to(key) -> Certificate:
    """Return a certificate for a public key whose private half is elsewhere."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Token")])
    start = ROOT.certificate.not_before
    builder = x509.CertificateBuilder(name, name, key, 1, start, start.replace(year=2040))
    return Certificate.load(builder.sign(ROOT.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


# -- what can be wrong ----------------------------------------------------------------------------


def test_a_module_that_cannot_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("no library")
    for name in ("/no/such/module.so", str(tmp_path / "text.so")):
        error = failure(lambda name=name: Pkcs11Signer.open(name, pin=PIN))
        assert (error.code, error.values["name"]) == ("token-module", name)


def test_a_token_that_is_not_there_or_not_alone(tokens: Tokens) -> None:
    error = failure(lambda: Pkcs11Signer.open(tokens.module, label="none", pin=PIN))
    assert error.code == "token-not-found"
    assert f"single ({tokens.serial('single')})" in str(error.values["known"])
    error = failure(lambda: Pkcs11Signer.open(tokens.module, serial="0", label="single", pin=PIN))
    assert error.code == "token-not-found"
    error = failure(lambda: Pkcs11Signer.open(tokens.module, label="twin", pin=PIN))
    assert error.code == "token-ambiguous"
    assert str(error.values["known"]).count("twin") == 2
    assert failure(lambda: Pkcs11Signer.open(tokens.module, pin=PIN)).code == "token-ambiguous"


def test_no_token_at_all() -> None:
    module = subject._Module(SimpleNamespace(get_slots=lambda token_present: []))
    error = failure(lambda: subject._find_token(module, None, None))
    assert (error.code, error.values["known"]) == ("token-not-found", "-")


def test_a_pin_that_is_wrong_or_missing(tokens: Tokens) -> None:
    for pin in ("0000-wrong", "x", lambda: "0000-wrong"):
        assert failure(
            lambda pin=pin: Pkcs11Signer.open(tokens.module, label="twin", pin=pin, serial=twin(tokens))
        ).code == ("token-pin-wrong")
    for nothing in (None, "", lambda: ""):
        assert failure(lambda pin=nothing: Pkcs11Signer.open(tokens.module, label="single", pin=pin)).code == (
            "token-pin-needed"
        )


def twin(tokens: Tokens) -> str:
    return next(t.serial.decode() for t in pkcs11.lib(tokens.module).get_tokens() if t.label == "twin")


def test_a_key_that_is_not_there_or_not_alone(tokens: Tokens) -> None:
    def opened(**wanted: object) -> SignatureError:
        return failure(lambda: Pkcs11Signer.open(tokens.module, label="many", pin=PIN, **wanted))

    error = opened(key_label="none")
    assert (error.code, error.values["name"]) == ("token-key-not-found", "none")
    assert opened(key_id=b"\x7f").values["name"] == "7f"
    assert opened(key_id=b"\x01", key_label="ec256").code == "token-key-not-found"
    error = opened()
    assert (error.code, error.values["count"], error.values["name"]) == ("token-key-ambiguous", 4, "-")


def test_a_key_without_certificate_and_with_another_ones(tokens: Tokens) -> None:
    tokens.create("bare")
    tokens.add_key("bare", PEOPLE["rsa"], "rsa", "01")
    tokens.add_key("bare", PEOPLE["ec256"], "ec", "02")
    for label in ("rsa", "ec"):
        error = failure(lambda label=label: Pkcs11Signer.open(tokens.module, label="bare", key_label=label, pin=PIN))
        assert error.code == "signer-certificate-missing"
    other = BELOW.person("Other RSA").certificate
    for certificate in (other, PEOPLE["ec256"].certificate):  # the modulus tells at once
        error = failure(
            lambda c=certificate: Pkcs11Signer.open(
                tokens.module, label="bare", key_label="rsa", pin=PIN, certificate=c
            )
        )
        assert error.code == "signer-key-mismatch"
    other = BELOW.person("Other EC", key="p256").certificate  # an EC key shows it with its first signature
    with Pkcs11Signer.open(tokens.module, label="bare", key_label="ec", pin=PIN, certificate=other) as signer:
        assert failure(lambda: signer.sign(b"text", signer.algorithms[0])).code == "signer-key-mismatch"


def test_of_several_certificates_of_a_key_the_newest_is_taken(tokens: Tokens) -> None:
    tokens.create("renewed")
    old = PEOPLE["ec256"]
    span = (old.certificate.not_before.replace(year=2025), old.certificate.not_after)
    new = BELOW.person("Token ec256", cccd="001099000001", key="p256", valid=span)
    assert new.key is old.key
    tokens.add_key("renewed", old, "ec", "01")
    for certificate in (new.certificate, old.certificate):
        tokens.add_certificate("renewed", certificate.der, "ec", b"\1")
    with Pkcs11Signer.open(tokens.module, label="renewed", pin=PIN) as signer:
        assert signer.certificate == new.certificate
        assert signer.sign(b"text", signer.algorithms[0])


def test_neither_pin_nor_person_is_shown(tokens: Tokens) -> None:
    with Pkcs11Signer.open(tokens.module, label="single", pin=PIN) as signer:
        assert PIN not in repr(signer)
        assert "001099000001" not in repr(signer)
        assert repr(signer).startswith("Pkcs11Signer(Certificate(")


# -- what a software token cannot show ------------------------------------------------------------


class Key:
    """A key that answers as it is told."""

    def __init__(self, answer: object, **attributes: object) -> None:
        self.answer, self.attributes, self.calls = answer, attributes, []

    def __getitem__(self, name: Attribute) -> object:
        found = self.attributes.get(name.name)
        if found is None:
            raise pkcs11.AttributeTypeInvalid
        return found

    def sign(self, octets: bytes, **how: object) -> bytes:
        self.calls.append((octets, how))
        if isinstance(self.answer, type):
            raise self.answer(PIN)
        return self.answer(octets) if callable(self.answer) else self.answer


def signer_with(key: Key, person: Identity = PEOPLE["ec256"], way: str = "ECDSA", pin=None, asks=False) -> Pkcs11Signer:
    module = subject._Module(SimpleNamespace())
    login = module.logins[3] = subject._Login(3, SimpleNamespace(close=lambda: None), None, 1)
    algorithm = person.signer().algorithms[0]
    return Pkcs11Signer(
        person.certificate,
        (),
        (algorithm,),
        ways={algorithm: way},
        module=module,
        login=login,
        key=key,
        pin=pin,
        asks=asks,
    )


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (pkcs11.PinIncorrect, "token-pin-wrong"),
        (pkcs11.PinLocked, "token-pin-locked"),
        (pkcs11.PinExpired, "token-pin-unset"),
        (pkcs11.FunctionCancelled, "token-cancelled"),
        (pkcs11.MechanismInvalid, "token-mechanism"),
        (pkcs11.DeviceError, "token-failed"),
        (pkcs11.PKCS11Error, "token-failed"),
    ],
)
def test_errors_of_the_token_have_our_codes(raised: type, code: str) -> None:
    signer = signer_with(Key(raised))
    error = failure(lambda: signer.sign(b"text", signer.algorithms[0]))
    assert error.code == code
    assert signer._module.logins


def test_every_error_in_the_table_exists() -> None:
    for name in subject._CODES:
        assert issubclass(getattr(pkcs11, name), pkcs11.PKCS11Error)


@pytest.mark.parametrize("raised", [pkcs11.DeviceRemoved, pkcs11.TokenNotPresent, pkcs11.SessionHandleInvalid])
def test_a_token_that_was_removed_is_forgotten(raised: type) -> None:
    signer = signer_with(Key(raised))
    assert failure(lambda: signer.sign(b"text", signer.algorithms[0])).code == "token-removed"
    assert not signer._module.logins
    assert failure(lambda: signer.sign(b"text", signer.algorithms[0])).code == "token-closed"
    signer.close()


def test_a_login_after_the_removal_is_not_touched_by_the_signers_before_it() -> None:
    closed: list[str] = []
    one = signer_with(Key(pkcs11.DeviceRemoved))
    module, old = one._module, one._login
    old.session = SimpleNamespace(close=lambda: closed.append("old"))
    old.users = 2
    two = signer_with(Key(pkcs11.SessionHandleInvalid))
    two._module, two._login = module, old
    assert failure(lambda: one.sign(b"text", one.algorithms[0])).code == "token-removed"
    new = module.logins[3] = subject._Login(3, SimpleNamespace(close=lambda: closed.append("new")), None, 1)
    assert failure(lambda: two.sign(b"text", two.algorithms[0])).code == "token-removed"
    assert module.logins == {3: new}
    assert set(closed) == {"old"}


def test_a_session_that_does_not_close_is_left_behind() -> None:
    def close() -> None:
        raise pkcs11.DeviceRemoved

    signer = signer_with(Key(b""))
    signer._module.logins[3].session = SimpleNamespace(close=close)
    signer.close()
    assert not signer._module.logins


def test_a_value_that_is_none() -> None:
    for answer in (b"", b"123", b"\1" * 64):
        signer = signer_with(Key(answer))
        assert failure(lambda s=signer: s.sign(b"text", s.algorithms[0])).code == "signer-key-mismatch"


def test_an_edwards_key_signs_the_data_themselves() -> None:
    person = PEOPLE["ed"]
    key = Key(person.key.sign)
    signer = signer_with(key, person, "EDDSA")
    assert verify(
        person.certificate.public_key, signer.algorithms[0], signer.sign(b"text", signer.algorithms[0]), data=b"text"
    )
    assert key.calls == [(b"text", {"mechanism": Mechanism.EDDSA, "mechanism_param": None})]


def test_mechanisms_that_hash_get_the_data() -> None:
    public = PEOPLE["rsa"].certificate
    algorithm = plain_pss("sha384")
    call = subject._call("SHA384_RSA_PKCS_PSS", algorithm, b"text", public)
    assert call == (Mechanism.SHA384_RSA_PKCS_PSS, (Mechanism.SHA384, pkcs11.MGF.SHA384, 48), b"text")
    call = subject._call("ECDSA_SHA256", SignatureAlgorithm(Family.ECDSA, "sha256"), b"text", public)
    assert call == (Mechanism.ECDSA_SHA256, None, b"text")


def test_a_digest_longer_than_the_curve_is_cut() -> None:
    _, _, octets = subject._call(
        "ECDSA", SignatureAlgorithm(Family.ECDSA, "sha512"), b"text", PEOPLE["ec256"].certificate
    )
    assert len(octets) == 32


class Token:
    """A token as far as the login looks at it."""

    def __init__(self, flags: TokenFlag, raised: type | None = None, later: TokenFlag | None = None) -> None:
        self.flags, self.raised, self.later, self.opened = flags, raised, later, []

    def open(self, **how: object) -> str:
        self.opened.append(how)
        if self.raised is not None and how:
            raise self.raised(PIN)
        return "session"

    def get_token(self) -> Token:
        return Token(self.flags if self.later is None else self.later)


LOGIN = TokenFlag.LOGIN_REQUIRED
PAD = TokenFlag.PROTECTED_AUTHENTICATION_PATH


def opened(token: Token, pin=None) -> object:
    with subject._translated():
        wanted = subject._login_wanted(token, pin)
        return subject._open_session(token, token, wanted, pin)[0]


def test_a_token_that_needs_no_login() -> None:
    token = Token(TokenFlag(0))
    assert opened(token) == "session"
    assert token.opened == [{}]


def test_a_pin_pad_asks_itself_unless_a_pin_is_given() -> None:
    token = Token(LOGIN | PAD)
    opened(token)
    opened(token, PIN)
    assert token.opened == [{"user_pin": pkcs11.PROTECTED_AUTH}, {"user_pin": PIN}]


def test_a_locked_token_is_not_tried() -> None:
    token = Token(LOGIN | TokenFlag.USER_PIN_LOCKED)
    assert failure(lambda: opened(token, PIN)).code == "token-pin-locked"
    assert not token.opened


@pytest.mark.parametrize(
    ("later", "code", "hint"),
    [
        (LOGIN, "token-pin-wrong", False),
        (LOGIN | TokenFlag.USER_PIN_FINAL_TRY, "token-pin-wrong", True),
        (LOGIN | TokenFlag.USER_PIN_LOCKED, "token-pin-locked", False),
    ],
)
def test_a_wrong_pin_says_how_near_the_lock_is(later: TokenFlag, code: str, hint: bool) -> None:
    error = failure(lambda: opened(Token(LOGIN, pkcs11.PinIncorrect, later), PIN))
    assert error.code == code
    assert ("một lần thử" in error.text("vi")) is hint


def test_slots_without_a_usable_token_are_passed_over() -> None:
    class Slot:
        def __init__(self, answer: object) -> None:
            self.answer = answer

        def get_token(self) -> object:
            if isinstance(self.answer, type):
                raise self.answer
            return self.answer

    usable = SimpleNamespace(flags=TokenFlag.TOKEN_INITIALIZED, label="a", serial=b"12 \0")
    empty = SimpleNamespace(flags=TokenFlag(0), label="", serial=b"")
    slots = [Slot(pkcs11.TokenNotPresent), Slot(pkcs11.TokenNotRecognised), Slot(empty), Slot(usable)]
    module = subject._Module(SimpleNamespace(get_slots=lambda token_present: slots))
    assert subject._find_token(module, "12", None)[1] is usable


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(UsageError) as caught:
        Pkcs11Signer.open("/no/such/module.so", pin=PIN)
    assert caught.value.code == "extra-missing"
    assert "vndoc[pkcs11]" in caught.value.text("vi")
