"""Credentials, the choice of an algorithm, the check of the signer's certificate, and the state between two phases."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from hypothesis import given
from hypothesis import strategies as st

from vndoc.errors import ERRORS, SignatureError, UsageError, VndocError
from vndoc.pki import Extension, Family, SignatureAlgorithm
from vndoc.pki.algorithms import ecdsa_der_to_raw, key_bits, verify
from vndoc.signature.signing import (
    Credential,
    PublicCredential,
    Signer,
    SigningState,
    check_signing_certificate,
    choose_algorithm,
    key_algorithms,
    plain_pss,
)
from vndoc.signers.keys import sign_with
from vndoc.testing.pki import Authority, Identity, key_usage

AT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
ROOT = Authority.root("Root", key="p256")
PERSON = ROOT.person("Nguyễn Văn An", cccd="001099000001", key="p256")
ECDSA = SignatureAlgorithm(Family.ECDSA, "sha256")


def code(call: Callable[[], object]) -> str:
    with pytest.raises(VndocError) as caught:
        call()
    assert caught.value.text("vi")
    return caught.value.code


# -- algorithms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("rsa-2048", "rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 rsa-pkcs1-sha256 rsa-pkcs1-sha384 rsa-pkcs1-sha512"),
        ("rsa-1024", "rsa-pss-sha256 rsa-pss-sha384 rsa-pkcs1-sha256 rsa-pkcs1-sha384 rsa-pkcs1-sha512"),
        ("p256", "ecdsa-sha256 ecdsa-sha384 ecdsa-sha512"),
        ("p384", "ecdsa-sha384 ecdsa-sha512 ecdsa-sha256"),
        ("p521", "ecdsa-sha512 ecdsa-sha384 ecdsa-sha256"),
        ("ed25519", "ed25519"),
        ("ed448", "ed448"),
    ],
)
def test_a_key_signs_in_these_ways_and_really_does(key: str, names: str) -> None:
    person = ROOT.person(f"Person {key}", key=key)
    algorithms = key_algorithms(person.certificate.public_key)
    assert [str(a) for a in algorithms] == names.split()
    for algorithm in algorithms:
        value = sign_with(person.key, algorithm, b"text")
        assert verify(person.certificate.public_key, algorithm, value, data=b"text")


def test_a_dsa_key_signs_nothing() -> None:
    numbers = dsa.DSAParameterNumbers(p=2**1024 - 109, q=2**160 - 47, g=2)
    key = dsa.DSAPublicNumbers(4, numbers).public_key()
    assert key_algorithms(key) == ()


def test_a_plain_pss_has_one_digest_and_a_salt_of_its_size() -> None:
    assert plain_pss("sha384") == SignatureAlgorithm(Family.RSA_PSS, "sha384", "sha384", 48)


def test_the_first_that_fits_is_chosen() -> None:
    rsa_signer = ROOT.person("An RSA").signer()
    assert choose_algorithm(rsa_signer) == plain_pss("sha256")
    assert choose_algorithm(rsa_signer, family=Family.RSA_PKCS1) == SignatureAlgorithm(Family.RSA_PKCS1, "sha256")
    assert choose_algorithm(rsa_signer, digest="sha512") == plain_pss("sha512")
    assert choose_algorithm(rsa_signer, plain_pss("sha384")) == plain_pss("sha384")
    assert choose_algorithm(PERSON.signer(), ECDSA, family=Family.ECDSA, digest="sha256") == ECDSA
    with pytest.raises(SignatureError) as caught:
        choose_algorithm(PERSON.signer(), family=Family.RSA_PSS, digest="sha256")
    assert (caught.value.code, caught.value.values["found"]) == ("signing-algorithm", "rsa-pss sha256")
    nothing = PublicCredential(PERSON.certificate, algorithms=())
    assert code(lambda: choose_algorithm(nothing)) == "signing-algorithm"


def test_signers_and_credentials_are_told_apart() -> None:
    public = PublicCredential(PERSON.certificate, PERSON.chain)
    assert public.algorithms == PERSON.signer().algorithms
    assert isinstance(public, Credential)
    assert not isinstance(public, Signer)
    assert isinstance(PERSON.signer(), Signer)


# -- the signer's certificate ---------------------------------------------------------------------


def test_a_certificate_that_may_sign(  # the style of each generation, and one without any extension
) -> None:
    for style in ("public", "g2", "g1"):
        root = Authority.root(f"Root {style}", key="p256", style=style)
        check_signing_certificate(root.person("An", key="p256").certificate, at=AT)
    check_signing_certificate(ROOT.issue({"CN": "A"}, key="p256", extensions=[]).certificate, at=AT)
    only = ROOT.issue({"CN": "A"}, key="p256", extra=[key_usage("content_commitment")])
    check_signing_certificate(only.certificate, at=AT)
    check_signing_certificate(PERSON.certificate, at=PERSON.certificate.not_before)
    check_signing_certificate(PERSON.certificate, at=PERSON.certificate.not_after)


def test_a_certificate_that_may_not_sign() -> None:
    second = datetime.timedelta(seconds=1)
    early, late = PERSON.certificate.not_before - second, PERSON.certificate.not_after + second
    assert code(lambda: check_signing_certificate(PERSON.certificate, at=early)) == "signer-not-yet-valid"
    assert code(lambda: check_signing_certificate(PERSON.certificate, at=late)) == "signer-expired"
    naive = AT.replace(tzinfo=None)
    with pytest.raises(UsageError):
        check_signing_certificate(PERSON.certificate, at=naive)
    rows = [
        key_usage("key_encipherment"),
        key_usage(),
        Extension("2.5.29.15", True, b"\x04\x00"),
        Extension("2.5.29.15", True, b"\x03\x01"),
    ]
    for row in rows:
        wrong = ROOT.issue({"CN": "A"}, key="p256", extra=[row]).certificate
        assert code(lambda wrong=wrong: check_signing_certificate(wrong, at=AT)) == "signer-key-usage"
    assert code(lambda: check_signing_certificate(ROOT.certificate, at=AT)) == "signer-key-usage"


def test_the_time_is_compared_across_zones() -> None:
    hanoi = datetime.timezone(datetime.timedelta(hours=7))
    person = ROOT.issue({"CN": "A"}, key="p256", valid=(AT, AT + datetime.timedelta(days=1)))
    check_signing_certificate(person.certificate, at=datetime.datetime(2026, 1, 1, 7, tzinfo=hanoi))
    early = datetime.datetime(2026, 1, 1, 6, 59, tzinfo=hanoi)
    assert code(lambda: check_signing_certificate(person.certificate, at=early)) == "signer-not-yet-valid"


# -- the state between the phases -----------------------------------------------------------------


def state_of(person: Identity = PERSON, algorithm: SignatureAlgorithm = ECDSA, **fields: bytes | str) -> SigningState:
    return SigningState(
        format="cades",
        certificate=person.certificate,
        chain=person.chain,
        algorithm=algorithm,
        octets=b"octets to be signed",
        fields=fields,
    )


@pytest.mark.parametrize("key", ["rsa-2048", "p256", "p384", "p521", "ed25519"])
def test_a_state_survives_and_accepts_the_right_value(key: str) -> None:
    person = ROOT.person(f"Person {key}", key=key)
    for algorithm in person.signer().algorithms:
        state = state_of(person, algorithm, content=b"\0\xff", name="Quyết định")
        asked = state.to_be_signed()
        digest = b"" if algorithm.digest is None else hashlib.new(algorithm.digest, state.octets).digest()
        assert (asked.octets, asked.algorithm, asked.digest) == (state.octets, algorithm, digest)
        held = SigningState.load(asked.state, format="cades")
        assert held == state
        assert held.dump() == asked.state
        assert held.octets_of("content") == b"\0\xff"
        assert held.text_of("name") == "Quyết định"
        value = person.signer().sign(asked.octets, algorithm)
        assert held.accept(value) == value
        assert code(lambda held=held, value=value: held.accept(value[:-1] + bytes([value[-1] ^ 1]))) == (
            "signature-value"
        )
        other = ROOT.person(f"Other {key}", key=key).signer().sign(asked.octets, algorithm)
        assert code(lambda held=held, other=other: held.accept(other)) == "signature-value"
        assert code(lambda held=held: held.accept(b"")) == "signature-value"


@pytest.mark.parametrize("key", ["p256", "p384", "p521"])
def test_an_ecdsa_value_may_come_back_as_r_and_s(key: str) -> None:
    person = ROOT.person(f"Person {key}", key=key)
    state = state_of(person, SignatureAlgorithm(Family.ECDSA, "sha256"))
    value = person.signer().sign(state.octets, state.algorithm)
    raw = ecdsa_der_to_raw(value, key_bits(person.certificate.public_key))
    assert len(raw) == {"p256": 64, "p384": 96, "p521": 132}[key]
    assert state.accept(raw) == value
    wrong = raw[:-1] + bytes([raw[-1] ^ 1])
    assert code(lambda: state.accept(wrong)) == "signature-value"


def test_a_field_is_had_as_what_it_is() -> None:
    state = state_of(content=b"octets", name="text")
    assert code(lambda: state.octets_of("name")) == "signing-state"
    assert code(lambda: state.text_of("content")) == "signing-state"
    assert code(lambda: state.text_of("missing")) == "signing-state"
    with pytest.raises(TypeError):
        state.fields["name"] = "other"  # type: ignore[index]


def test_nothing_of_the_signer_is_in_the_repr() -> None:
    assert "001099000001" not in repr(state_of(name="001099000001"))
    assert "cades" in repr(state_of())


def changed(**changes: object) -> bytes:
    """Return a state with *changes* whose checksum is right, as one would make who tampers."""
    body = {**json.loads(state_of(content=b"x").dump()), **changes}
    body.pop("sha256")
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return json.dumps({**body, "sha256": hashlib.sha256(text.encode()).hexdigest()}).encode()


def test_a_changed_state_with_a_right_checksum_is_read() -> None:
    assert SigningState.load(changed(), format="cades") == state_of(content=b"x")


RSA = {"family": "rsa-pss", "digest": "sha256", "mgf": "sha256"}


@pytest.mark.parametrize(
    ("state", "detail"),
    [
        (b"", "JSON"),
        (None, "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[]", "JSON"),
        (b"{}", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"kind": "vndoc-signing-state", "version": 2}', "version 2"),
        (b'{"kind": "vndoc-signing-state", "version": 1}', "sha256"),
        (b'{"kind": "vndoc-signing-state", "version": 1, "x": "\\ud800", "sha256": ""}', "sha256"),
        (state_of().dump().replace(b'"cades"', b'"cadet"'), "sha256"),
        (changed(format="xades"), "format"),
        (changed(certificate="MA=="), "JSON"),
        (changed(certificate="!"), "JSON"),
        (changed(certificate=5), "JSON"),
        (changed(chain=None), "JSON"),
        (changed(octets=None), "JSON"),
        (changed(octets="é"), "JSON"),
        (changed(fields=[]), "JSON"),
        (changed(fields={"a": 1}), "JSON"),
        (changed(fields={"a": {"base64": 1}}), "JSON"),
        (changed(algorithm=None), "JSON"),
        (changed(algorithm={}), "JSON"),
        (changed(algorithm={"family": "rot13"}), "JSON"),
        (changed(algorithm={"family": "ecdsa", "digest": "md5"}), "JSON"),
        (changed(algorithm={"family": "ecdsa", "digest": "sha257"}), "JSON"),
        (changed(algorithm={"family": "ecdsa"}), "JSON"),
        (changed(algorithm={"family": "ecdsa", "digest": "sha256", "name": "x"}), "JSON"),
        (changed(algorithm={"family": "ecdsa", "digest": "sha256", "extra": "x"}), "JSON"),
        (changed(algorithm={**RSA, "salt": 10**30}), "JSON"),
        (changed(algorithm={**RSA, "salt": "32"}), "JSON"),
        (changed(algorithm={"family": "dsa", "digest": "sha256"}), "JSON"),
        (changed(algorithm={**RSA, "salt": 32}), "JSON"),  # the key of the certificate is for ECDSA
        (changed(algorithm={"family": "ed25519"}), "JSON"),
    ],
)
def test_what_is_no_state_is_refused(state: bytes, detail: str) -> None:
    with pytest.raises(SignatureError) as caught:
        SigningState.load(state, format="cades")
    assert (caught.value.code, caught.value.values["detail"]) == ("signing-state", detail)


def test_an_rsa_state_without_its_parameters_is_refused() -> None:
    person = ROOT.person("An RSA")
    for broken in ({"mgf": None}, {"salt": None}):
        state = attrs.evolve(
            state_of(person, plain_pss("sha256")), algorithm=attrs.evolve(plain_pss("sha256"), **broken)
        )
        assert code(lambda state=state: SigningState.load(state.dump(), format="cades")) == "signing-state"


def test_a_state_nested_as_deep_as_json_can_be_is_refused() -> None:
    for depth in range(1, 2000, 37):
        inner = "[" * depth + "]" * depth
        with pytest.raises(SignatureError):
            SigningState.load(f'{{"kind": "vndoc-signing-state", "version": 1, "x": {inner}}}'.encode(), format="cades")


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_octets_give_a_state_or_an_error(octets: bytes) -> None:
    with pytest.raises(SignatureError):
        SigningState.load(octets, format="cades")


@given(st.data())
def test_a_damaged_state_is_refused(data: st.DataObject) -> None:
    whole = state_of(content=b"x").dump()
    at = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(1, 255))
    damaged = whole[:at] + bytes([whole[at] ^ other]) + whole[at + 1 :]
    with pytest.raises(SignatureError):
        SigningState.load(damaged, format="cades")


TEXT = st.text(st.characters(exclude_categories=()), max_size=9)  # halves of surrogate pairs as well


@given(st.dictionaries(TEXT, st.binary(max_size=20) | TEXT, max_size=4), st.binary())
def test_any_fields_survive(fields: dict[str, bytes | str], octets: bytes) -> None:
    state = attrs.evolve(state_of(), fields=fields, octets=octets)
    assert SigningState.load(state.dump(), format="cades") == state


def test_the_new_errors_are_in_both_languages() -> None:
    for name, text in ERRORS.items():
        if name.startswith(("signer-", "signing-", "signature-", "passphrase-", "private-key-")):
            assert text.vi != text.en
            assert text.vi.count("{") == text.en.count("{")
