"""Attacks on CMS signatures: each is refused, with its own reason, and would have succeeded without that reason."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from cms_support import (
    AT,
    CONTENT,
    P256,
    RSA,
    RSA512,
    Recipe,
    attributes_of,
    authority,
    changed,
    codes,
    container,
    decided,
    good,
    info_of,
    made,
    other,
    person,
    read,
    replaced,
    rows,
    signed,
    stamp,
)
from vndoc.pki import Family, Indication, SignatureAlgorithm, SubIndication, TrustStore, der
from vndoc.pki.algorithms import identifier_of
from vndoc.pki.outcome import outcome_of
from vndoc.signature import POLICIES, Binding, Form, Level, cms, tsp, verify_cms
from vndoc.signature._cms_encode import attribute, digest_identifier, octet_string
from vndoc.signature._cms_make import opened, with_unsigned
from vndoc.signature._cms_structure import children, signer_info
from vndoc.signature._reasons_cms import CMS_REASONS

SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
OTHER = b"other content"


def only(data: bytes, code: str, content: bytes | None = CONTENT) -> None:
    """Assert that the signature is refused for *code* alone, although its value verifies."""
    facts = read(data, content)
    assert decided(facts) == {code}, facts
    assert facts.verify(facts.candidates[0])
    assert not outcome_of(facts.reasons).passed


def test_what_is_right_has_nothing_to_say() -> None:
    facts = read(made(attributes_of(rows())))
    assert good(facts)
    assert facts.reasons == ()
    assert (facts.form, facts.level, facts.place) == (Form.CADES, Level.B, "SignerInfo[1]")


# -- A6, A10: keys and algorithms ------------------------------------------------------------------


def test_hmac_with_a_certificate_is_refused_by_name() -> None:
    hmac = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.2.9"))
    facts = read(made(attributes_of(rows()), identifier=hmac, value=b"\0" * 32))
    assert decided(facts) == {"signature-algorithm-unknown"}
    assert not facts.verify(facts.candidates[0])
    assert "1.2.840.113549.2.9" in facts.reasons[0].text()


def test_the_key_decides_the_algorithm() -> None:
    identifier = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.1.11"), b"\x05\x00")
    facts = read(made(attributes_of(rows()), identifier=identifier))
    assert decided(facts) == set()
    assert not facts.verify(facts.candidates[0])


@pytest.mark.parametrize("oid", ["1.2.840.113549.2.5", "1.3.36.3.2.1", "1.2.3.4"], ids=["md5", "ripemd", "unknown"])
def test_digests_that_are_not_computed_are_named(oid: str) -> None:
    facts = read(made(attributes_of(rows()), digest=der.encode(der.SEQUENCE, der.encode_oid(oid))))
    assert "digest-algorithm-unknown" in decided(facts)
    assert facts.covered[0].intact is None


@pytest.mark.parametrize("policy", list(POLICIES))
@pytest.mark.parametrize("digest", ["md5", "ripemd160"])
def test_pss_over_a_digest_that_is_only_named_is_refused_by_name(digest: str, policy: str) -> None:
    identifier = identifier_of(SignatureAlgorithm(Family.RSA_PSS, digest, digest, 16))
    data = made(attributes_of(rows()), identifier=identifier)
    verdict = verify_cms(data, content=CONTENT, policy=policy, trust=TrustStore(), at=AT)
    assert verdict.indication is Indication.INDETERMINATE
    told = {reason.code: reason.text() for reason in verdict.reasons}
    assert f"rsa-pss-{digest}" in told["algorithm-not-accepted"]


def test_damaged_algorithms_are_named() -> None:
    facts = read(made(attributes_of(rows()), digest=b"\x30\x00", identifier=b"\x30\x02\x05\x00"))
    assert decided(facts) == {"digest-algorithm-unknown", "signature-algorithm-unknown"}
    assert facts.algorithm is None
    assert not facts.verify(facts.candidates[0])


def test_sha1_is_read_and_left_to_the_policy() -> None:
    sha1 = attrs.evolve(RSA, digest="sha1")
    from vndoc.pki.algorithms import DIGESTS  # noqa: PLC0415

    who = person("rsa-2048")
    values = rows(who=who, message_digest=octet_string(DIGESTS["sha1"].of(CONTENT)))
    facts = cms.read_cms(
        made(attributes_of(values), who=who, algorithm=sha1), content=CONTENT, certificates=[who.certificate]
    )[0]
    assert str(facts.algorithm) == "rsa-pkcs1-sha1"
    assert good(facts)


def test_digest_and_signature_algorithm_have_to_agree() -> None:
    who = person("rsa-2048")
    facts = cms.read_cms(
        made(attributes_of(rows(who=who)), who=who, algorithm=RSA512, digest=digest_identifier("sha256")),
        content=CONTENT,
        certificates=[who.certificate],
    )[0]
    assert decided(facts) == {"digest-algorithms-differ"}
    assert facts.verify(who.certificate)


def protection(digest: str, signature: str) -> bytes:
    value = der.encode(
        der.SEQUENCE,
        digest_identifier(digest),
        der.encode(der.context(1), der.encode_oid(signature)),
    )
    return attribute("1.2.840.113549.1.9.52", value)


def test_protected_algorithms_have_to_be_those_of_the_signer_info() -> None:
    assert good(read(made(attributes_of(rows(), protection("sha256", "1.2.840.10045.4.3.2")))))
    only(made(attributes_of(rows(), protection("sha256", "1.2.840.10045.4.3.3"))), "algorithm-protection-differs")
    only(made(attributes_of(rows(), protection("sha384", "1.2.840.10045.4.3.2"))), "algorithm-protection-differs")


def test_protected_algorithms_may_be_encoded_in_another_way() -> None:
    """RFC 6211, 3: they are compared, not their octets; and no parameters are as good as NULL."""
    oid = der.encode_oid("2.16.840.1.101.3.4.2.1")
    bare, null = der.encode(der.SEQUENCE, oid), der.encode(der.SEQUENCE, oid, b"\x05\x00")
    forms = (bare, null, b"\x30\x80" + oid + b"\0\0", b"\x30\x81\x0b" + oid, b"\x30\x80" + oid + b"\x05\x81\x00\0\0")
    signature = der.encode(der.context(1), der.encode_oid("1.2.840.10045.4.3.2"))
    for protected in (bare, null):
        attributes = attributes_of(
            rows(), attribute("1.2.840.113549.1.9.52", der.encode(der.SEQUENCE, protected, signature))
        )
        for form in forms:
            assert good(read(made(attributes, digest=form)))
    attributes = attributes_of(rows(), attribute("1.2.840.113549.1.9.52", der.encode(der.SEQUENCE, bare, signature)))
    for wrong in (
        der.encode(der.SEQUENCE, oid, b"\x02\x01\x00"),
        der.encode(der.SEQUENCE, oid, b"\x05\x00", b"\x05\x00"),
    ):
        assert "algorithm-protection-differs" in decided(read(made(attributes, digest=wrong)))


# -- A12: attributes and content confused ----------------------------------------------------------


def test_signed_attributes_replayed_as_content() -> None:
    victim = made(attributes_of(rows()))
    facts = read(victim)
    value, attributes = facts.signature_value, facts.signed_octets
    forged = container(info_of(Recipe(who=person(), algorithm=P256, attributes=None, value=value)), content=attributes)
    only(forged, "content-is-attributes", None)
    only(forged, "content-is-attributes", attributes)


@pytest.mark.parametrize("tag", [0x30, 0xA0], ids=["sequence", "context"])
def test_other_tags_of_the_same_trick(tag: int) -> None:
    attributes = bytes([tag]) + attributes_of(rows())[1:]
    forged = container(
        info_of(Recipe(who=person(), algorithm=P256, attributes=None, over=attributes)), content=attributes
    )
    only(forged, "content-is-attributes", None)


def test_signed_attributes_of_a_counter_signature_replayed_as_content() -> None:
    """They name no content type, and are signed attributes all the same."""
    [counter] = read(cms.counter_sign(signed(who=other()), signer=person().signer())).counter_signatures
    recipe = Recipe(who=person(), algorithm=P256, attributes=None, value=counter.signature_value)
    forged = container(info_of(recipe), content=counter.signed_octets)
    only(forged, "content-is-attributes", None)


def test_ordinary_content_that_begins_alike_is_no_attack() -> None:
    for content in (b"1 + 1 = 2", b"\x31\x00", b"\x30\x80\x00\x00", attributes_of(rows(message_digest=None)), b""):
        direct = container(
            info_of(Recipe(who=person(), algorithm=P256, attributes=None, over=content)), content=content
        )
        facts = read(direct, None)
        assert good(facts), content
        assert codes(facts) == {"signed-attributes-absent"}


def test_content_replayed_as_signed_attributes() -> None:
    direct = container(info_of(Recipe(who=person(), algorithm=P256, attributes=None, over=CONTENT)), content=CONTENT)
    value = read(direct, None).signature_value
    facts = read(made(None, signed=b"\xa0" + CONTENT[1:], value=value))
    assert decided(facts) == {"signer-info-malformed"}
    assert not facts.verify(person().certificate)


def test_without_attributes_only_plain_data() -> None:
    info = info_of(Recipe(who=person(), algorithm=P256, attributes=None, over=CONTENT))
    only(container(info, content_type="1.2.840.113549.1.9.16.1.4", content=CONTENT), "content-type-unsigned", None)


@pytest.mark.parametrize(
    ("name", "code"),
    [("content_type", "signed-attribute-missing"), ("message_digest", "signed-attribute-missing")],
)
def test_mandatory_attributes(name: str, code: str) -> None:
    facts = read(made(attributes_of(rows(**{name: None}))))
    assert decided(facts) == {code}
    assert facts.verify(facts.candidates[0])


@pytest.mark.parametrize("oid", ["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.16.2.47"])
def test_attributes_that_stand_twice_or_have_two_values(oid: str) -> None:
    value = rows()[oid]
    twice = made(attributes_of(rows(), attribute(oid, value)))
    values = rows()
    del values[oid]
    two = der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.SET, value, value))
    none = der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.SET))
    for data in (twice, made(attributes_of(values, two)), made(attributes_of(values, none))):
        facts = read(data)
        assert "signed-attribute-repeated" in decided(facts)
        assert facts.verify(person().certificate)


def test_content_type_has_to_be_that_of_the_content() -> None:
    only(made(attributes_of(rows(content_type=der.encode_oid("1.2.840.113549.1.7.2")))), "content-type-differs")


@pytest.mark.parametrize(
    ("name", "value"),
    [("content_type", b"\x04\x01x"), ("message_digest", b"\x06\x01\x01"), ("certificate", b"\x30\x00")],
)
def test_malformed_attributes(name: str, value: bytes) -> None:
    facts = read(made(attributes_of(rows(**{name: value}))))
    assert "signed-attribute-malformed" in decided(facts)


def test_changed_content() -> None:
    only(made(attributes_of(rows())), "message-digest-differs", CONTENT + b" ")


def test_the_given_content_has_to_be_the_one_inside() -> None:
    data = signed(detached=False)
    assert good(read(data, CONTENT))
    assert good(read(data, None))
    only(data, "content-differs", CONTENT + b" ")
    only(data, "content-differs", bytes(len(CONTENT)))


def test_no_content_at_all() -> None:
    only(signed(), "content-missing", None)
    assert read(signed(), None).covered[0].intact is None


# -- the encoding of the attributes ----------------------------------------------------------------


def test_attributes_out_of_order_are_judged_as_received_and_as_der() -> None:
    items = sorted((attribute(oid, value) for oid, value in rows().items()), reverse=True)
    unsorted_ = der.encode(der.SET, *items)
    received = read(made(unsorted_))
    assert codes(received) == {"signed-attributes-not-der"}
    assert good(received)
    encoded_again = read(made(unsorted_, over=attributes_of(rows())))
    assert codes(encoded_again) == {"signed-attributes-not-der"}
    assert good(encoded_again)
    assert not good(read(made(unsorted_, over=der.encode(der.SET, *items[1:], items[0]))))


def test_attributes_in_ber() -> None:
    right = attributes_of(rows())
    indefinite = b"\xa0\x80" + der.read(right).content + b"\0\0"
    long_length = b"\xa0\x82" + len(der.read(right).content).to_bytes(2, "big") + der.read(right).content
    digest = rows()["1.2.840.113549.1.9.4"]
    in_pieces = b"\x24\x80" + octet_string(digest[2:12]) + octet_string(digest[12:]) + b"\0\0"
    pieces = der.encode(der.context(0), der.read(attributes_of(rows(message_digest=in_pieces))).content)
    for signed_ in (indefinite, long_length, pieces):
        facts = read(made(right, signed=signed_))
        assert codes(facts) == {"signed-attributes-not-der"}
        assert good(facts), signed_


NESTED: dict[str, Callable[[bytes], bytes]] = {
    "indefinite": lambda digest: b"\x30\x80\x30\x80\x30\x80\x04\x20" + digest + b"\0\0" * 3,
    "indefinite inside": lambda digest: b"\x30\x28\x30\x26\x30\x80\x04\x20" + digest + b"\0\0",
    "long": lambda digest: b"\x30\x27\x30\x25\x30\x81\x22\x04\x20" + digest,
    "long string": lambda digest: b"\x30\x27\x30\x25\x30\x23\x04\x81\x20" + digest,
    "very long": lambda digest: b"\x30\x28\x30\x26\x30\x82\x00\x22\x04\x20" + digest,
    "pieces": lambda digest: b"\x30\x2a\x30\x28\x30\x26\x24\x24\x04\x10" + digest[:16] + b"\x04\x10" + digest[16:],
}
"""How signing-certificate-v2 looks that is not DER deep inside."""


@pytest.mark.parametrize("what", NESTED)
def test_attributes_in_ber_deep_inside(what: str) -> None:
    """RFC 5652, 5.4: what is signed is the DER of the attributes, whatever was sent."""
    value = NESTED[what](person().certificate.fingerprint)
    right, sent = attributes_of(rows()), attributes_of(rows(certificate=value))
    for over in (right, sent):
        facts = read(made(right, over=over, signed=b"\xa0" + sent[1:]))
        assert codes(facts) == {"signed-attributes-not-der"}
        assert good(facts)
        assert facts.binding(person().certificate) is Binding.MATCHES
    other_content = attributes_of(rows(b"?"))
    assert not good(read(made(right, over=other_content, signed=b"\xa0" + sent[1:])))


# -- A13: another certificate ----------------------------------------------------------------------


def test_a_certificate_that_the_signed_attribute_does_not_name_is_refused() -> None:
    who = person()
    twin = authority().person("Trần Văn Bình", cccd="001099000002", key=who.key)
    swapped = Recipe(
        who=attrs.evolve(who, certificate=twin.certificate), algorithm=P256, attributes=attributes_of(rows())
    )
    parts, held = opened(container(info_of(swapped)))
    assert parts.signers
    data = attrs.evolve(held, certificates=(twin.certificate.der,)).octets()
    facts = read(data)
    assert decided(facts) == {"signing-certificate-differs"}
    assert facts.candidates == ()
    assert facts.verify(twin.certificate), "the key is the same: only the attribute keeps the names apart"
    assert facts.binding(twin.certificate) is Binding.DIFFERS
    both = read(attrs.evolve(held, certificates=(twin.certificate.der, who.certificate.der)).octets())
    assert both.candidates == (who.certificate,)
    assert codes(both) == {"signer-identifier-differs"}


def test_a_substitution_without_the_attribute_is_shown() -> None:
    who = person()
    twin = authority().person("Trần Văn Bình", cccd="001099000002", key=who.key)
    parts, held = opened(made(attributes_of(rows(certificate=None))))
    data = attrs.evolve(held, certificates=(twin.certificate.der, who.certificate.der)).octets()
    facts = read(data)
    assert codes(facts) == {"same-key-certificates"}
    assert facts.candidates == (who.certificate, twin.certificate)
    assert facts.binding(twin.certificate) is Binding.ABSENT
    assert facts.form is Form.CMS
    assert facts.level is Level.NONE
    assert len(parts.signers) == 1


def test_both_versions_of_the_attribute_have_to_match() -> None:
    from vndoc.pki.algorithms import DIGESTS  # noqa: PLC0415

    def old(value: bytes) -> bytes:
        entry = der.encode(der.SEQUENCE, octet_string(value))
        return attribute("1.2.840.113549.1.9.16.2.12", der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, entry)))

    right = old(DIGESTS["sha1"].of(person().certificate.der))
    assert good(read(made(attributes_of(rows(), right))))
    assert good(read(made(attributes_of(rows(certificate=None), right))))
    wrong = read(made(attributes_of(rows(), old(b"\0" * 20))))
    assert decided(wrong) == {"signing-certificate-differs"}


def ess(digest: bytes, value: bytes, issuer_serial: bytes = b"") -> bytes:
    entry = der.encode(der.SEQUENCE, digest, octet_string(value), issuer_serial)
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, entry))


def test_the_hash_and_the_serial_number_of_the_attribute() -> None:
    from vndoc.pki.algorithms import DIGESTS  # noqa: PLC0415

    certificate = person().certificate
    names = der.encode(der.SEQUENCE, der.encode(der.context(4), certificate.issuer))
    serial = der.encode(der.INTEGER, certificate.serial.to_bytes(9, "big").lstrip(b"\0"))
    sha512 = DIGESTS["sha512"].of(certificate.der)
    right = ess(digest_identifier("sha512"), sha512, der.encode(der.SEQUENCE, names, serial))
    assert good(read(made(attributes_of(rows(certificate=right)))))
    for wrong in (
        ess(digest_identifier("sha512"), sha512, der.encode(der.SEQUENCE, names, b"\x02\x01\x07")),
        ess(digest_identifier("sha512"), sha512[:32]),
        ess(digest_identifier("md5"), sha512[:16]),
        ess(der.encode(der.SEQUENCE, der.encode_oid("1.2.3.4")), sha512),
    ):
        assert decided(read(made(attributes_of(rows(certificate=wrong))))) == {"signing-certificate-differs"}
    damaged = (
        ess(b"\x30\x00", sha512),
        ess(b"", sha512, der.encode(der.SEQUENCE, serial)),
        ess(b"", sha512, serial),
        ess(b"", sha512, serial + serial),
        der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, b"\x30\x00")),
        b"\x31\x00",
    )
    for wrong in damaged:
        facts = read(made(attributes_of(rows(certificate=wrong))))
        assert "signed-attribute-malformed" in decided(facts), wrong
        assert facts.candidates == ()
        assert facts.binding(certificate) is Binding.DIFFERS


def test_a_signer_identifier_that_names_nobody() -> None:
    certificate = person().certificate
    wrong_issuer = der.encode(der.SEQUENCE, b"\x30\x00", der.encode(der.INTEGER, certificate.serial.to_bytes(8, "big")))
    plain = attributes_of(rows(certificate=None))
    near = read(made(plain, sid=wrong_issuer))
    assert codes(near) == {"signer-identifier-differs"}
    assert near.candidates == (certificate,)
    assert read(made(plain, sid=der.encode(0x80, b"nobody"))).candidates == ()
    for damaged in (b"\x30\x00", b"\x30\x04\x30\x00\x04\x00", der.encode(0xA0, b"\x02\x01\x01")):
        assert "signer-info-malformed" in decided(read(made(plain, sid=damaged)))


def test_signer_identifiers_by_key() -> None:
    certificate = person().certificate
    assert certificate.subject_key_id is not None
    for sid in (
        der.encode(0x80, certificate.subject_key_id),
        der.encode(0xA0, octet_string(certificate.subject_key_id[:5]), octet_string(certificate.subject_key_id[5:])),
    ):
        facts = read(made(attributes_of(rows(certificate=None)), sid=sid))
        assert facts.candidates == (certificate,)
        assert good(facts)


# -- A19: timestamps put to another use ------------------------------------------------------------


def test_a_timestamp_of_another_signature() -> None:
    theirs = read(signed(OTHER, who=other(), stamp=stamp()), OTHER)
    assert theirs.timestamps[0].intact is True
    token = theirs.timestamps[0].token
    assert token is not None
    stolen = changed(signed(), lambda info: with_unsigned(der.read(info), attribute(SIGNATURE_TIMESTAMP, token.octets)))
    facts = read(stolen)
    [timestamp] = facts.timestamps
    assert timestamp.intact is False
    assert [one.code for one in timestamp.reasons] == ["timestamp-imprint-differs"]
    assert outcome_of(timestamp.reasons).sub_indication is SubIndication.HASH_FAILURE
    assert timestamp.token is not None
    assert timestamp.token.reasons == ()
    assert good(timestamp.token.signature)
    assert good(facts), "the signature itself is what it was"


def test_a_token_of_another_request_is_not_accepted() -> None:
    old = stamp()(tsp.make_request(bytes(32), nonce=1))
    for request, detail in (
        (tsp.make_request(bytes(32), nonce=2), "nonce"),
        (tsp.make_request(bytes(32)), "nonce"),
        (tsp.make_request(b"\1" * 32, nonce=1), "messageImprint"),
        (tsp.make_request(bytes(32), nonce=1, policy="1.2.3"), "policy"),
    ):
        with pytest.raises(Exception, match=detail) as caught:
            tsp.read_response(old, request=request)
        assert caught.value.code == "timestamp-unfit"  # type: ignore[attr-defined]


# -- other things that are wrong -------------------------------------------------------------------


def test_signature_value_of_other_octets() -> None:
    facts = read(made(attributes_of(rows()), over=b"something else"))
    assert decided(facts) == set()
    assert not facts.verify(facts.candidates[0])


def test_counter_signatures_are_over_the_signature_value() -> None:
    first = cms.counter_sign(signed(), signer=other().signer(), signing_time=AT)
    facts = read(first)
    [counter] = facts.counter_signatures
    assert good(counter)
    assert counter.place == "SignerInfo[1]/countersignature[1]"
    assert counter.covered[0].what == "signature"
    assert counter.content_type is None
    assert counter.claimed_time == AT
    parts, _ = opened(first)
    stolen = signer_info(parts.signers[0]).unsigned_attributes["1.2.840.113549.1.9.6"][0][0].octets
    second = changed(
        signed(b"other"), lambda info: with_unsigned(der.read(info), attribute("1.2.840.113549.1.9.6", stolen))
    )
    [counter] = read(second, b"other").counter_signatures
    assert decided(counter) == {"message-digest-differs"}
    assert counter.verify(other().certificate)


def test_content_type_in_a_counter_signature() -> None:
    value = read(signed()).signature_value
    for content_type, expected in (
        ("1.2.840.113549.1.7.1", set()),
        ("1.2.840.113549.1.7.2", {"content-type-differs"}),
    ):
        attributes = attributes_of(rows(value, who=other(), content_type=der.encode_oid(content_type)))
        info = info_of(Recipe(who=other(), algorithm=P256, attributes=attributes))
        data = made_with(value, info)
        [facts] = cms.read_cms(data, content=CONTENT, certificates=[other().certificate])
        [counter] = facts.counter_signatures
        assert decided(counter) == expected


def made_with(value: bytes, counter: bytes) -> bytes:
    data = made(attributes_of(rows()), value=value)
    return changed(data, lambda info: with_unsigned(der.read(info), attribute("1.2.840.113549.1.9.6", counter)))


def test_a_damaged_signer_does_not_hide_the_others() -> None:
    data = signed(who=other(), existing=signed())
    for index in (0, 1):
        broken = changed(data, lambda info: replaced(info, 2, b"\x05\x00"), index)
        facts = cms.read_cms(broken, content=CONTENT)
        assert sorted(map(good, facts)) == [False, True]
        [bad] = [one for one in facts if not good(one)]
        assert decided(bad) == {"signer-info-malformed"}
        assert outcome_of(bad.reasons).sub_indication is SubIndication.FORMAT_FAILURE
        assert (bad.algorithm, bad.candidates, bad.covered) == (None, (), ())
        assert bad.binding(person().certificate) is Binding.ABSENT


def test_every_reason_is_told_in_both_languages() -> None:
    import re  # noqa: PLC0415
    import string  # noqa: PLC0415

    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}

    for code, kind in CMS_REASONS.items():
        assert kind.code == code
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert fields(kind.text.vi) == fields(kind.text.en)
        assert re.search("[à-ỹđĐ]", kind.text.vi)
        assert kind.text.en.isascii()
        assert kind.text.en.endswith(".")


def test_trailing_octets_are_shown() -> None:
    facts = read(signed() + b"\0\0")
    assert codes(facts) == {"cms-trailing-octets"}
    assert good(facts)
    assert children(der.read(signed()))
