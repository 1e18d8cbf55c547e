"""Remote signing in the manner of the CSC, against a service that is played by the test."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from hypothesis import given
from hypothesis import strategies as st

from vndoc.errors import CertificateError, SignatureError, UsageError, VndocError
from vndoc.pki import Family, SignatureAlgorithm
from vndoc.pki.algorithms import DIGESTS, ecdsa_der_to_raw, verify
from vndoc.signature.signing import Signer, SigningState, plain_pss
from vndoc.signers.remote import MAX_ANSWER, Authorisation, AuthorisationObject, CscSigner
from vndoc.testing.pki import Authority, Identity

ROOT = Authority.root("Root", key="p256")
BELOW = ROOT.subordinate("CA of agencies", key="p256")
RSA = BELOW.person("Remote RSA", cccd="001099000001")
EC = BELOW.person("Remote EC", cccd="001099000001", key="p256")
PIN, OTP, SAD = "bí-mật-4711", "998877", "sad-of-the-service"
OIDS = {
    "rsa": "1.2.840.113549.1.1.1",
    "pss": "1.2.840.113549.1.1.10",
    "rsa-sha256": "1.2.840.113549.1.1.11",
    "ec": "1.2.840.10045.2.1",
    "ecdsa-sha256": "1.2.840.10045.4.3.2",
}


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


class Service:
    """A signing service: it keeps the keys, asks for PIN and OTP, and signs hashes that were authorised."""

    def __init__(self, person: Identity = RSA, *algo: str, mode: str = "explicit", **changes: Any) -> None:
        self.person, self.raw = person, False
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.authorised: list[str] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        objects = [{"id": "pin", "type": "Password", "label": "PIN"}, {"id": "otp", "type": "TOTP"}]
        self.info: dict[str, Any] = {
            "key": {"status": "enabled", "algo": [OIDS[name] for name in algo or ("pss", "rsa")], "len": 2048},
            "cert": {
                "status": "valid",
                "certificates": [b64(c.der) for c in (person.certificate, *reversed(person.chain))],
            },
            "auth": {"mode": mode, "objects": objects if mode == "explicit" else []},
            "multisign": 3,
        }
        for path, value in changes.items():
            *parents, last = path.split("__")
            place = self.info
            for name in parents:
                place = place[name]
            place[last] = value

    def __call__(self, method: str, body: bytes) -> tuple[int, bytes]:
        asked = json.loads(body)
        self.calls.append((method, asked))
        if method in self.answers:
            return self.answers[method]
        answer = {
            "credentials/info": self.describe,
            "credentials/authorize": self.authorize,
            "signatures/signHash": self.sign,
        }[method](asked)
        return (400 if "error" in answer else 200), json.dumps(answer).encode()

    def describe(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["certificates"] == "chain"
        return copy.deepcopy(self.info)

    def authorize(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["numSignatures"] == len(asked["hashes"])
        if self.info["auth"]["mode"] == "explicit":
            values = {row["id"]: row["value"] for row in asked["authData"]}
            if values != {"pin": PIN, "otp": OTP}:
                return {"error": "invalid_otp", "error_description": f"wrong: {values['pin']}/{values['otp']}"}
        self.authorised += asked["hashes"]
        return {"SAD": SAD, "expiresIn": 300}

    def sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["operationMode"] == "S"
        if self.info["auth"]["mode"] != "oauth2code":
            assert asked["SAD"] == SAD
            assert set(asked["hashes"]) <= set(self.authorised)
        digest = next(row for row in DIGESTS.values() if row.oid == asked["hashAlgorithmOID"])
        values = [self.value(base64.b64decode(one), digest, asked) for one in asked["hashes"]]
        return {"signatures": [b64(value) for value in values]}

    def value(self, one: bytes, digest: Any, asked: dict[str, Any]) -> bytes:
        kind = Prehashed(digest.hash)
        if self.person is EC:
            value = EC.key.sign(one, ec.ECDSA(kind))
            return ecdsa_der_to_raw(value, 256) if self.raw else value
        if asked["signAlgo"] == OIDS["pss"]:
            assert len(base64.b64decode(asked["signAlgoParams"])) > 40
            return RSA.key.sign(one, padding.PSS(padding.MGF1(digest.hash), digest.hash.digest_size), kind)
        assert "signAlgoParams" not in asked
        return RSA.key.sign(one, padding.PKCS1v15(), kind)


def ask(_: Authorisation) -> dict[str, str]:
    return {"pin": PIN, "otp": OTP, "more": ""}


def connect(service: Service, authorise: Any = ask) -> CscSigner:
    return CscSigner.connect(service, "credential-1", authorise=authorise)


def failure(call: Callable[[], object], kind: type[VndocError] = SignatureError) -> VndocError:
    """Return the error of *call*, after a look at everything that a log could hold of it."""
    with pytest.raises(kind) as caught:
        call()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.values) + caught.value.text("vi")
    for secret in (PIN, OTP, SAD):
        assert secret not in shown
    return caught.value


# -- signing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "algo", "names"),
    [
        (RSA, ["pss"], "rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512"),
        (RSA, ["rsa"], "rsa-pkcs1-sha256 rsa-pkcs1-sha384 rsa-pkcs1-sha512"),
        (RSA, ["rsa-sha256"], "rsa-pkcs1-sha256"),
        (RSA, ["rsa-sha256", "pss"], "rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 rsa-pkcs1-sha256"),
        (EC, ["ec"], "ecdsa-sha256 ecdsa-sha384 ecdsa-sha512"),
        (EC, ["ecdsa-sha256"], "ecdsa-sha256"),
    ],
)
def test_a_service_signs_in_every_way_it_offers(person: Identity, algo: list[str], names: str) -> None:
    for raw in (False, True):
        service = Service(person, *algo)
        service.raw = raw
        signer = connect(service)
        assert isinstance(signer, Signer)
        assert (signer.certificate, signer.chain) == (person.certificate, person.chain)
        assert [str(algorithm) for algorithm in signer.algorithms] == names.split()
        for algorithm in signer.algorithms:
            value = signer.sign(b"text", algorithm)
            assert verify(person.certificate.public_key, algorithm, value, data=b"text")


def test_what_is_authorised_is_what_is_signed() -> None:
    seen: list[Authorisation] = []

    def authorise(request: Authorisation) -> dict[str, str]:
        seen.append(request)
        return ask(request)

    connect(Service(), authorise).sign(b"text", plain_pss("sha256"))
    assert seen == [
        Authorisation(
            credential="credential-1",
            hashes=(hashlib.sha256(b"text").digest(),),
            objects=(AuthorisationObject("pin", "Password", "PIN"), AuthorisationObject("otp", "TOTP")),
        )
    ]


@pytest.mark.parametrize("mode", ["implicit", "oauth2code"])
def test_other_modes_ask_for_nothing(mode: str) -> None:
    service = Service(mode=mode)
    signer = connect(service, None)
    assert signer.sign(b"text", signer.algorithms[0])
    methods = [method for method, _ in service.calls]
    assert ("credentials/authorize" in methods) is (mode == "implicit")
    assert ("SAD" in service.calls[-1][1]) is (mode == "implicit")


def prepared(octets: bytes, algorithm: SignatureAlgorithm) -> Any:
    return SigningState(format="test", certificate=RSA.certificate, algorithm=algorithm, octets=octets).to_be_signed()


def test_several_prepared_signatures_need_one_authorisation() -> None:
    service = Service()
    signer = connect(service)
    asked = [prepared(b"%d" % i, plain_pss("sha256")) for i in range(3)]
    values = signer.sign_all(asked)
    for one, value in zip(asked, values, strict=True):
        assert SigningState.load(one.state, format="test").accept(value) == value
    assert [method for method, _ in service.calls].count("credentials/authorize") == 1
    assert signer.sign_all([]) == ()
    failure(lambda: signer.sign_all([*asked, asked[0]]), UsageError)
    failure(lambda: signer.sign_all([asked[0], prepared(b"", plain_pss("sha384"))]), UsageError)


def test_neither_person_nor_secret_is_shown() -> None:
    signer = connect(Service())
    assert "001099000001" not in repr(signer)
    assert repr(signer).startswith("CscSigner(Certificate(")


# -- what can be wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": None}, "remote-answer"),
        ({"cert": []}, "remote-answer"),
        ({"auth": "x"}, "remote-answer"),
        ({"key__status": "disabled"}, "remote-key-disabled"),
        ({"key__status": None}, "remote-key-disabled"),
        ({"cert__status": "suspended"}, "signer-certificate-status"),
        ({"cert__certificates": []}, "signer-certificate-missing"),
        ({"cert__certificates": None}, "signer-certificate-missing"),
        ({"cert__certificates": ["!"]}, "remote-answer"),
        ({"cert__certificates": [5]}, "remote-answer"),
        ({"auth__mode": "telepathy"}, "remote-answer"),
        ({"auth__objects": None}, "remote-answer"),
        ({"auth__objects": [{}]}, "remote-answer"),
        ({"auth__objects": ["x"]}, "remote-answer"),
        ({"multisign": 0}, "remote-answer"),
        ({"multisign": True}, "remote-answer"),
        ({"multisign": "3"}, "remote-answer"),
        ({"key__algo": []}, "remote-answer"),
        ({"key__algo": None}, "remote-answer"),
        ({"key__algo": [5]}, "remote-answer"),
        ({"key__algo": ["1.2.3"]}, "remote-answer"),
        ({"key__algo": [OIDS["ec"]]}, "remote-answer"),
    ],
)
def test_a_credential_that_cannot_be_used(changes: dict[str, Any], code: str) -> None:
    assert failure(lambda: connect(Service(**changes)), VndocError).code == code


def test_a_credential_with_a_damaged_certificate() -> None:
    damaged = RSA.certificate.der[:-5]
    failure(lambda: connect(Service(cert__certificates=[b64(damaged)])), CertificateError)


def test_what_a_service_may_leave_out() -> None:
    service = Service()
    del service.info["multisign"], service.info["cert"]["status"], service.info["auth"]["objects"]
    service.info["auth"]["mode"] = "implicit"
    signer = connect(service)
    assert signer.sign(b"text", plain_pss("sha256"))
    failure(lambda: signer.sign_all([prepared(b"1", plain_pss("sha256"))] * 2), UsageError)


def test_an_edwards_key_is_not_offered() -> None:
    person = BELOW.person("Remote Ed", key="ed25519")
    assert failure(lambda: connect(Service(person, "ec"))).code == "remote-answer"


def test_what_the_key_cannot_do_is_refused() -> None:
    signer = connect(Service(RSA, "rsa"))
    assert failure(lambda: signer.sign(b"text", plain_pss("sha256"))).code == "signing-algorithm"


@pytest.mark.parametrize("authorise", [None, lambda _: {}, lambda _: {"pin": PIN, "otp": ""}])
def test_without_authorisation_nothing_is_signed(authorise: Any) -> None:
    service = Service()
    signer = connect(service, authorise)
    error = failure(lambda: signer.sign(b"text", plain_pss("sha256")))
    assert error.code == "remote-authorisation-missing"
    assert "otp (TOTP)" in error.text()
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CscSigner.connect(None, "credential-1"),
        lambda: CscSigner.connect(Service(), 7),
        lambda: CscSigner.connect(Service(), "credential-1", authorise={"pin": PIN}),
        lambda: connect(Service(), lambda _: None).sign(b"text", plain_pss("sha256")),
        lambda: connect(Service(), lambda _: {"pin": 4711, "otp": 815}).sign(b"text", plain_pss("sha256")),
        lambda: connect(Service()).sign("text", plain_pss("sha256")),
        lambda: connect(Service()).sign_all([b"text"]),
        lambda: connect(Service()).sign_all(None),
    ],
)
def test_arguments_of_the_wrong_kind(wrong: Callable[[], object]) -> None:
    error = failure(wrong, UsageError)
    assert error.code == "option-invalid"
    assert "4711" not in error.text("vi") + repr(error)


def test_a_refusal_is_told_without_the_secret_that_it_repeats() -> None:
    signer = connect(Service(), lambda _: {"pin": PIN, "otp": "111111"})
    error = failure(lambda: signer.sign(b"text", plain_pss("sha256")))
    assert (error.code, error.values["status"]) == ("remote-refused", 400)
    assert error.values["detail"] == "invalid_otp wrong: ***/***"


@pytest.mark.parametrize(
    ("method", "answer", "code"),
    [
        ("credentials/info", (200, b""), "remote-answer"),
        ("credentials/info", (200, b"[]"), "remote-answer"),
        ("credentials/info", (200, b"[" * 100_000), "remote-answer"),
        ("credentials/info", (200, b" " * (MAX_ANSWER + 1)), "remote-answer"),
        ("credentials/info", (500, b"<html>"), "remote-refused"),
        ("credentials/info", (401, b"{}"), "remote-refused"),
        ("credentials/info", (200, b'{"error": "invalid_request"}'), "remote-refused"),
        ("credentials/authorize", (200, b"{}"), "remote-answer"),
        ("credentials/authorize", (200, b'{"SAD": ""}'), "remote-answer"),
        ("signatures/signHash", (200, b"{}"), "remote-answer"),
        ("signatures/signHash", (200, b'{"responseID": "later"}'), "remote-answer"),
        ("signatures/signHash", (200, b'{"signatures": []}'), "remote-answer"),
        ("signatures/signHash", (200, b'{"signatures": ["!"]}'), "remote-answer"),
        ("signatures/signHash", (200, b'{"signatures": [null]}'), "remote-answer"),
        ("signatures/signHash", (200, b'{"signatures": ["MAA="]}'), "signature-value"),
        ("signatures/signHash", (400, b'{"error": "invalid_sad: sad-of-the-service"}'), "remote-refused"),
    ],
)
def test_an_answer_that_is_none(method: str, answer: tuple[int, bytes], code: str) -> None:
    service = Service()
    service.answers[method] = answer
    assert failure(lambda: connect(service).sign(b"text", plain_pss("sha256"))).code == code


def test_an_answer_of_the_greatest_size_is_read() -> None:
    service = Service()
    body = json.dumps(service.info).encode()
    service.answers["credentials/info"] = (200, body + b" " * (MAX_ANSWER - len(body)))
    assert connect(service).certificate == RSA.certificate


def test_the_signature_of_another_key_is_noticed() -> None:
    service = Service(EC, "ec")
    service.info["cert"]["certificates"] = [b64(BELOW.person("Somebody", key="p256").certificate.der)]
    signer = connect(service)
    assert failure(lambda: signer.sign(b"text", signer.algorithms[0])).code == "signature-value"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["key", "cert", "auth", "status", "algo", "mode", "objects", "id", "certificates", "multisign"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.binary(max_size=20))
def test_any_answer_gives_a_signer_or_an_error(answer: object, octets: bytes) -> None:
    for body in (json.dumps(answer).encode(), octets):
        with pytest.raises(VndocError):
            CscSigner.connect(lambda _method, _body, body=body: (200, body), "x")


def test_what_the_call_raises_is_its_own() -> None:
    def broken(_method: str, _body: bytes) -> tuple[int, bytes]:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        CscSigner.connect(broken, "x")


def test_families_are_named_as_the_service_names_them() -> None:
    service = Service(RSA, "rsa")
    connect(service).sign(b"text", SignatureAlgorithm(Family.RSA_PKCS1, "sha384"))
    last = service.calls[-1][1]
    assert (last["signAlgo"], last["hashAlgorithmOID"]) == ("1.2.840.113549.1.1.12", "2.16.840.1.101.3.4.2.2")
