"""Making CMS signatures: two phases that survive a restart, and what comes back wrong."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from cms_support import (
    AT,
    CONTENT,
    PSS,
    RSA,
    SCHEMES,
    attributes_of,
    authority,
    good,
    made,
    other,
    person,
    read,
    rows,
    signed,
    stamp,
)
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import CertificateError, SignatureError, UsageError, VndocError
from vndoc.pki import Family, SignatureAlgorithm, der
from vndoc.signature import Form, Level, cms, tsp
from vndoc.signature._cms_encode import generalized, integer
from vndoc.signature._cms_encode import time as encoded_time
from vndoc.signature._cms_make import content_digest, opened, with_unsigned
from vndoc.signature.signing import PublicCredential
from vndoc.signers.keys import sign_with
from vndoc.testing.pki import Identity


def public(who: Identity) -> PublicCredential:
    return PublicCredential(who.certificate, who.chain)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(VndocError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_two_phases(scheme: str, detached: bool) -> None:
    key, algorithm = SCHEMES[scheme]
    who = person(key)
    waiting = cms.prepare_cms(CONTENT, credential=public(who), algorithm=algorithm, detached=detached, signing_time=AT)
    assert waiting.algorithm == algorithm
    assert json.loads(waiting.state)
    value = sign_with(who.key, algorithm, waiting.octets)
    data = cms.complete_cms(waiting.state, value, content=None if detached else MemoryOctets(CONTENT))
    facts = read(data, CONTENT if detached else None)
    assert good(facts)
    assert facts.signed_octets == waiting.octets
    assert (facts.form, facts.level) == (Form.CADES, Level.B)
    assert facts.certificates[0] in (who.certificate, *who.chain)
    changed = value[:-1] + bytes([value[-1] ^ 1])
    assert code_of(lambda: cms.complete_cms(waiting.state, changed, content=CONTENT)) == "signature-value"
    assert code_of(lambda: cms.complete_cms(waiting.state, b"", content=CONTENT)) == "signature-value"


def test_large_content_is_in_the_signature_once() -> None:
    content = bytes(3_000_000)
    data = signed(content, detached=False)
    assert data.count(content) == 1
    assert good(read(data, None))


def test_what_completes_has_to_be_what_was_prepared() -> None:
    who = person()
    waiting = cms.prepare_cms(CONTENT, credential=public(who), detached=False)
    value = sign_with(who.key, waiting.algorithm, waiting.octets)
    assert code_of(lambda: cms.complete_cms(waiting.state, value)) == "cms-content-needed"
    assert code_of(lambda: cms.complete_cms(waiting.state, value, content=b"other")) == "cms-content-differs"
    base = signed(who=other())
    waiting = cms.prepare_cms(CONTENT, credential=public(who), existing=base)
    value = sign_with(who.key, waiting.algorithm, waiting.octets)
    assert code_of(lambda: cms.complete_cms(waiting.state, value)) == "cms-content-needed"
    changed = signed(who=other("p384"))
    assert code_of(lambda: cms.complete_cms(waiting.state, value, existing=changed)) == "cms-content-differs"
    assert [good(one) for one in cms.read_cms(cms.complete_cms(waiting.state, value, existing=base), content=CONTENT)]


def test_what_is_prepared_needs_content() -> None:
    assert code_of(lambda: cms.prepare_cms(None, credential=public(person()))) == "cms-content-needed"
    detached = signed()
    call = lambda: cms.prepare_cms(None, credential=public(person()), existing=detached)  # noqa: E731
    assert code_of(call) == "cms-content-needed"
    inside = signed(detached=False)
    call = lambda: cms.prepare_cms(b"other", credential=public(person()), existing=inside)  # noqa: E731
    assert code_of(call) == "cms-content-differs"
    assert good(cms.read_cms(signed(CONTENT, who=other(), existing=inside))[0])
    call = lambda: cms.prepare_cms(b"", credential=public(person()), existing=b"no signature")  # noqa: E731
    assert code_of(call) == "cms-malformed"


def test_states_are_not_believed() -> None:
    waiting = cms.prepare_cms(CONTENT, credential=public(person()))
    value = sign_with(person().key, waiting.algorithm, waiting.octets)
    for state in (b"", b"{}", b"[" * 10**5, waiting.state[:-1], waiting.state.replace(b"sha256", b"sha384")):
        assert code_of(lambda state=state: cms.complete_cms(state, value)) == "signing-state"  # type: ignore[misc]
    counter = cms.prepare_counter_signature(signed(), credential=public(person()))
    assert code_of(lambda: cms.complete_cms(counter.state, value)) == "signing-state"
    assert code_of(lambda: cms.complete_counter_signature(waiting.state, value, existing=b"")) == "signing-state"


def test_counter_signature_in_two_phases() -> None:
    base = signed()
    who = other("rsa-2048")
    waiting = cms.prepare_counter_signature(base, credential=public(who), algorithm=RSA, signing_time=AT)
    value = sign_with(who.key, RSA, waiting.octets)
    facts = read(cms.complete_counter_signature(waiting.state, value, existing=base))
    assert [good(one) for one in facts.counter_signatures] == [True]
    wrong = signed(b"other")
    assert (
        code_of(lambda: cms.complete_counter_signature(waiting.state, value, existing=wrong)) == "cms-content-differs"
    )
    for index in (1, -1):
        call = lambda index=index: cms.prepare_counter_signature(base, credential=public(who), index=index)  # noqa: E731
        assert code_of(call) == "option-invalid"
    from vndoc.signature.signing import SigningState  # noqa: PLC0415

    state = SigningState.load(waiting.state, format="cades-countersignature")
    for index in ("x", "7"):
        bad = attrs.evolve(state, fields={**state.fields, "index": index}).dump()
        call = lambda bad=bad: cms.complete_counter_signature(bad, value, existing=base)  # noqa: E731
        assert code_of(call) in {"signing-state", "option-invalid"}


def test_several_counter_signatures() -> None:
    data = signed()
    for who in (other("p256"), other("p384"), person("rsa-2048")):
        data = cms.counter_sign(data, signer=who.signer())
    facts = read(data)
    assert [good(one) for one in facts.counter_signatures] == [True] * 3


def test_algorithms() -> None:
    who = person("rsa-2048")
    assert read(signed(who=who)).algorithm == PSS
    assert str(read(signed(who=who, digest="sha384")).algorithm) == "rsa-pss-sha384"
    assert code_of(lambda: signed(who=who, digest="md5")) == "signing-algorithm"
    no_digest = SignatureAlgorithm(Family.ECDSA)
    with pytest.raises(CertificateError, match="algorithm-unsupported"):
        content_digest(no_digest)


def test_a_timestamp_is_added_later() -> None:
    data = signed(who=other(), existing=signed())
    stamped = cms.add_timestamp(data, stamp(), index=1, digest="sha512", nonce=5)
    facts = cms.read_cms(stamped, content=CONTENT)
    assert sorted(one.level for one in facts) == [Level.B, Level.T]
    [timestamp] = [found for one in facts for found in one.timestamps]
    assert timestamp.intact
    assert timestamp.token is not None
    assert timestamp.token.imprint_digest == "sha512"
    assert timestamp.token.nonce == 5
    assert code_of(lambda: cms.add_timestamp(data, stamp(), index=2)) == "option-invalid"


@pytest.mark.parametrize(
    ("key", "algorithm", "imprint"),
    [
        ("rsa-2048", RSA, "sha256"),
        ("p384", SCHEMES["p384"][1], "sha384"),
        ("ed25519", SCHEMES["ed25519"][1], "sha512"),
        ("ed448", SCHEMES["ed448"][1], "sha512"),  # its own is SHAKE256
        ("p256", SignatureAlgorithm(Family.ECDSA, "sha3-256"), "sha512"),
    ],
)
def test_an_authority_is_asked_for_an_imprint_that_it_knows(key, algorithm, imprint) -> None:
    facts = read(signed(who=person(key), algorithm=algorithm, stamp=stamp()))
    assert facts.level is Level.T
    [timestamp] = facts.timestamps
    assert timestamp.token is not None
    assert (timestamp.intact, timestamp.token.imprint_digest) == (True, imprint)


def test_a_bad_timestamp_is_not_put_in() -> None:
    wrong = authority().person("Không phải TSA", key="p256")
    for service, code in (
        (stamp(failure="timeNotAvailable"), "timestamp-refused"),
        (attrs.evolve(stamp(), identity=wrong), "timestamp-unfit"),
        (stamp(ess=None), "timestamp-unfit"),
        (lambda _: b"", "timestamp-malformed"),
    ):
        assert code_of(lambda service=service: signed(stamp=service)) == code  # type: ignore[misc]

    def forged(request: bytes) -> bytes:
        response = stamp()(request)
        token = tsp.read_response(response, request=request)
        value = token.signature.signature_value
        return response.replace(value, value[:-2] + bytes((value[-2] ^ 1, value[-1])))

    assert code_of(lambda: signed(stamp=forged)) == "timestamp-unfit"


def test_unsigned_attributes_keep_their_order() -> None:
    data = signed(stamp=stamp())
    parts, _ = opened(data)
    info = der.read(with_unsigned(parts.signers[0], b"\x30\x06\x06\x02\x2a\x03\x31\x00"))
    before = der.children(der.children(parts.signers[0])[-1])
    after = der.children(der.children(info)[-1])
    assert [one.octets for one in after][:-1] == [one.octets for one in before]


def test_damaged_signers_cannot_be_added_to() -> None:
    parts, held = opened(signed())
    assert parts.signers
    broken = attrs.evolve(held, signers=(b"\x30\x00",)).octets()
    assert code_of(lambda: cms.add_timestamp(broken, stamp())) == "cms-malformed"
    wrong = attrs.evolve(held, digest_algorithms=(b"\x30\x05",)).octets()
    assert code_of(lambda: cms.counter_sign(wrong, signer=other().signer())) == "cms-malformed"


def test_times() -> None:
    utc = datetime.UTC
    assert encoded_time(datetime.datetime(2049, 12, 31, tzinfo=utc)) == b"\x17\x0d491231000000Z"
    assert encoded_time(datetime.datetime(2050, 1, 1, tzinfo=utc)) == b"\x18\x0f20500101000000Z"
    assert encoded_time(datetime.datetime(1949, 1, 1, tzinfo=utc)) == b"\x18\x0f19490101000000Z"
    assert generalized(datetime.datetime(987, 1, 2, 3, 4, 5, 120_000, tzinfo=utc)) == b"\x18\x1209870102030405.12Z"
    hanoi = datetime.timezone(datetime.timedelta(hours=7))
    assert encoded_time(datetime.datetime(2026, 1, 1, 6, tzinfo=hanoi)) == b"\x17\x0d251231230000Z"
    with pytest.raises(UsageError, match="time-zone-missing"):
        signed(signing_time=datetime.datetime(2026, 1, 1))  # noqa: DTZ001
    for number in (0, 1, 127, 128, -1, -128, -129, 2**64):
        assert der.integer(der.read(integer(number))) == number


def test_errors_are_of_the_declared_kind() -> None:
    with pytest.raises(SignatureError):
        cms.prepare_cms(None, credential=public(person()))


@pytest.mark.parametrize("oid", ["", "1", "1.-2", "3.1", "1.2.x", "1.2.", "1.02", "1.2.\u0663", "1." + "9" * 40])
def test_what_is_no_oid_is_not_signed(oid: str) -> None:
    policy = cms.SignaturePolicyId(oid, "sha256", b"")
    for how in ({"commitment": oid}, {"policy": policy}, {"content_type": oid}):
        assert code_of(lambda how=how: signed(**how)) == "option-invalid"  # type: ignore[misc]
    assert code_of(lambda: tsp.make_request(bytes(32), policy=oid)) == "option-invalid"


def test_what_is_no_digest_is_not_used() -> None:
    policy = cms.SignaturePolicyId("1.2.3", "sha257", b"")
    assert code_of(lambda: signed(policy=policy)) == "option-invalid"
    for digest in ("sha257", "md5"):
        call = lambda digest=digest: cms.add_timestamp(signed(), stamp(), digest=digest)  # noqa: E731
        assert code_of(call) == "option-invalid"


def test_a_state_that_was_changed_with_care() -> None:
    """Whoever can write the shelf can write a checksum; what is signed must still fit to what it goes into."""
    from vndoc.signature.signing import SigningState  # noqa: PLC0415

    who = person()

    def completed(fields: dict[str, bytes | str], octets: bytes, **how: bytes) -> Callable[[], bytes]:
        waiting = cms.prepare_cms(CONTENT, credential=public(who), detached=False, existing=how.get("existing"))
        state = SigningState.load(waiting.state, format="cades")
        changed = attrs.evolve(state, fields={**state.fields, **fields}, octets=octets or state.octets)
        value = sign_with(who.key, changed.algorithm, changed.octets)
        return lambda: cms.complete_cms(changed.dump(), value, **how)  # type: ignore[arg-type]

    def prepared(content: bytes, content_type: str = "1.2.840.113549.1.7.1") -> bytes:
        return cms.prepare_cms(content, credential=public(who), content_type=content_type).octets

    assert read(completed({}, b"", content=CONTENT)(), None)
    assert code_of(completed({"digest": "sha257"}, b"", content=CONTENT)) == "signing-state"
    assert code_of(completed({"digest": "sha512"}, b"", content=CONTENT)) == "signing-state"
    assert code_of(completed({}, b"\x31\x00", content=CONTENT)) == "signing-state"
    assert code_of(completed({}, b"text", content=CONTENT)) == "signing-state"
    assert code_of(completed({}, prepared(b"other"), content=CONTENT)) == "cms-content-differs"
    inside = signed(who=other(), detached=False)
    assert code_of(completed({}, prepared(b"other"), existing=inside)) == "cms-content-differs"
    assert code_of(completed({}, prepared(CONTENT, "1.2.3"), existing=inside)) == "cms-content-differs"


def test_content_given_again_for_a_detached_signature_is_compared() -> None:
    who = person()
    waiting = cms.prepare_cms(CONTENT, credential=public(who))
    value = sign_with(who.key, waiting.algorithm, waiting.octets)
    assert good(read(cms.complete_cms(waiting.state, value, content=CONTENT)))
    assert code_of(lambda: cms.complete_cms(waiting.state, value, content=b"other")) == "cms-content-differs"


@pytest.mark.parametrize("direct", [False, True])
def test_one_more_signer_of_a_detached_signature_signs_what_the_others_did(direct: bool) -> None:
    existing = made(None if direct else attributes_of(rows()), over=CONTENT if direct else None)
    both = cms.sign_cms(CONTENT, signer=other().signer(), existing=existing)
    assert len(cms.read_cms(both, content=CONTENT)) == 2
    if not direct:  # without signed attributes, nothing says what was signed
        assert (
            code_of(lambda: cms.sign_cms(b"else", signer=other().signer(), existing=existing)) == "cms-content-differs"
        )


def test_a_path_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(CONTENT)
    assert code_of(lambda: cms.sign_cms(path, signer=person().signer())) == "source-type"
    assert code_of(lambda: cms.read_cms(path)) == "source-type"
    assert code_of(lambda: cms.read_cms(signed(), content=path)) == "source-type"


def test_a_time_beyond_the_calendar_is_not_signed() -> None:
    early = datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=7)))
    assert code_of(lambda: cms.sign_cms(CONTENT, signer=person().signer(), signing_time=early)) == "option-invalid"
