"""Archive timestamps and their kin: made, read, and compared with octets put together by other means.

The oracles are independent of the package: asn1crypto takes CMS apart, lxml canonicalises a re-parsed copy, and
``openssl ts`` verifies tokens against the digest of what was put together by hand.
"""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import attrs
import pytest
from asn1crypto import cms as asn1
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import cms_support as cs
import xmlsig_support as xs
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import SignatureError, UsageError, VndocError
from vndoc.pki import TrustStore, der
from vndoc.signature import RevocationMaterial, cms, cms_archiving, xmldsig_archiving
from vndoc.signature._cms_encode import attribute
from vndoc.signature._cms_make import opened, with_unsigned
from vndoc.signature._imprint import key_of
from vndoc.signature.evaluation import verdict_of
from vndoc.signature.facts import Level, SignatureFacts, TimestampFacts, TimestampKind
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import XmlReference, sign_xml
from vndoc.testing.pki import TimestampAuthority
from vndoc.xml import Canonical

DAY = datetime.timedelta(days=1)
LATER = cs.AT + 30 * DAY
SHA = hashlib.sha256
V1, V2, V3 = "1.2.840.113549.1.9.16.2.27", "1.2.840.113549.1.9.16.2.48", "0.4.0.1733.2.4"
INDEX_V1, INDEX_V2, INDEX_V3 = "0.4.0.1733.2.5", "0.4.0.19122.1.4", "0.4.0.19122.1.5"


def tsa(time: datetime.datetime = LATER, **how: object) -> TimestampAuthority:
    return TimestampAuthority(identity=cs.tsa(), time=time, **how)  # type: ignore[arg-type]


def archive(facts: SignatureFacts) -> list[TimestampFacts]:
    return [t for t in facts.timestamps if t.kind is TimestampKind.ARCHIVE]


def codes(stamp: TimestampFacts) -> list[str]:
    return [r.code for r in stamp.reasons]


# -- CAdES: made -------------------------------------------------------------------------------------------

CRL = cs.authority().crl(this_update=cs.AT, next_update=cs.AT + 7 * DAY)
OCSP = cs.authority().ocsp(cs.person(), "good", cs.AT)
MATERIAL = RevocationMaterial(crls=(CRL,), ocsps=(OCSP,))


def lta(content: bytes = cs.CONTENT, *, given: bytes | None = None, **how: object) -> bytes:
    data = cs.signed(content, stamp=cs.stamp(), **how)
    data = cms_archiving.add_validation_data(data, certificates=cs.authority().chain, revocation=MATERIAL)
    return cms_archiving.add_archive_timestamp(data, tsa(), content=content if given is None else given)


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("key", ["p256", "rsa-2048", "ed25519"])
def test_a_cades_signature_becomes_lta(detached: bool, key: str) -> None:
    facts = cs.read(lta(detached=detached, who=cs.person(key)))
    assert cs.good(facts)
    assert facts.level is Level.LTA
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (True, [])
    assert found.token is not None
    assert found.token.time == LATER
    assert facts.revocation == MATERIAL
    inner = facts.timestamps[0].token
    assert inner is not None
    held = {CRL, OCSP, inner.octets, facts.signature_value, *(c.der for c in facts.certificates)}
    assert found.protects == {key_of(octets) for octets in held}


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_second_archive_timestamp_protects_the_first(digest: str) -> None:
    data = cms_archiving.add_archive_timestamp(
        lta(), tsa(LATER + DAY), content=MemoryOctets(cs.CONTENT), digest=digest, nonce=7
    )
    first, second = archive(cs.read(data))
    assert (first.intact, second.intact) == (True, True)
    assert first.token is not None
    assert second.token is not None
    assert second.token.imprint_digest == digest
    assert key_of(first.token.octets) in second.protects
    assert key_of(second.token.octets) not in first.protects


def test_validation_data_may_follow_an_archive_timestamp() -> None:
    newer = cs.authority().crl(this_update=LATER, next_update=LATER + DAY, number=2)
    data = cms_archiving.add_validation_data(lta(), revocation=RevocationMaterial(crls=(newer,)))
    facts = cs.read(data)
    assert set(facts.revocation.crls) == {CRL, newer}
    [found] = archive(facts)
    assert found.intact
    assert key_of(newer) not in found.protects


def test_validation_data_is_added_once() -> None:
    data = cms_archiving.add_validation_data(cs.signed(), revocation=MATERIAL)
    assert cms_archiving.add_validation_data(data, revocation=MATERIAL) == data
    assert asn1.ContentInfo.load(data)["content"]["version"].native == "v5"
    lists = cms_archiving.add_validation_data(cs.signed(), revocation=RevocationMaterial(crls=(CRL,)))
    assert asn1.ContentInfo.load(lists)["content"]["version"].native == "v1"


def test_each_signer_is_archived_alone() -> None:
    data = cs.signed(existing=cs.signed(), who=cs.other())
    data = cms_archiving.add_archive_timestamp(data, tsa(), content=cs.CONTENT, index=1)
    first, second = cms.read_cms(data, content=cs.CONTENT)
    assert (len(archive(first)), len(archive(second))) == (0, 1)
    assert archive(second)[0].intact


@pytest.mark.parametrize(
    ("how", "error", "code"),
    [
        ({"content": None}, SignatureError, "cms-content-needed"),
        ({"content": b"other"}, SignatureError, "cms-content-differs"),
        ({"index": 1}, UsageError, "option-invalid"),
        ({"index": -1}, UsageError, "option-invalid"),
        ({"digest": "md5"}, UsageError, "option-invalid"),
        ({"stamp": tsa(failure="badRequest")}, SignatureError, "timestamp-refused"),
    ],
)
def test_what_cannot_be_archived(how: dict, error: type[Exception], code: str) -> None:
    how = {"content": cs.CONTENT, "stamp": tsa()} | how
    with pytest.raises(error) as caught:
        cms_archiving.add_archive_timestamp(cs.signed(), how.pop("stamp"), **how)
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_what_is_no_response_is_not_added() -> None:
    with pytest.raises(SignatureError) as caught:
        cms_archiving.add_validation_data(cs.signed(), revocation=RevocationMaterial(ocsps=(b"\x30\x03\x02",)))
    assert caught.value.code == "cms-malformed"


def test_without_signed_attributes_any_content_is_archived_as_it_is() -> None:
    recipe = cs.Recipe(who=cs.person(), algorithm=cs.P256, attributes=None, over=cs.CONTENT)
    data = cs.container(cs.info_of(recipe))
    facts = cs.read(cms_archiving.add_archive_timestamp(data, tsa(), content=cs.CONTENT))
    assert archive(facts)[0].intact


# -- CAdES: by other means ---------------------------------------------------------------------------------


def token_of(stamp: TimestampFacts) -> asn1.ContentInfo:
    assert stamp.token is not None
    return asn1.ContentInfo.load(stamp.token.octets)


def by_hand_v3(data: bytes, index: bytes, *, digest: Callable = SHA) -> bytes:
    """Return the imprint of EN 319 122-1, 5.5.3, put together from what asn1crypto reads."""
    signed = asn1.ContentInfo.load(data)["content"]
    info = signed["signer_infos"][0]
    names = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    kind = core.ObjectIdentifier(signed["encap_content_info"]["content_type"].dotted).dump()
    return digest(kind + digest(cs.CONTENT).digest() + b"".join(info[n].dump() for n in names) + index).digest()


def index_of(stamp: TimestampFacts) -> bytes:
    [info] = token_of(stamp)["content"]["signer_infos"]
    [row] = [a for a in info["unsigned_attrs"] if a["type"].dotted == INDEX_V3]
    return row["values"][0].dump()


@pytest.mark.parametrize("detached", [True, False])
def test_the_imprint_is_the_one_put_together_by_hand(detached: bool) -> None:
    data = lta(detached=detached)
    [found] = archive(cs.read(data))
    assert found.token is not None
    assert by_hand_v3(data, index_of(found)) == found.token.imprint


def test_the_index_is_the_one_put_together_by_hand() -> None:
    before = cms_archiving.add_validation_data(cs.signed(stamp=cs.stamp()), revocation=MATERIAL)
    [found] = archive(cs.read(cms_archiving.add_archive_timestamp(before, tsa(), content=cs.CONTENT)))
    algorithm, *lists = core.SequenceOf.load(index_of(found), spec=core.Any)
    signed = asn1.ContentInfo.load(before)["content"]
    assert asn1.DigestAlgorithm.load(algorithm.dump())["algorithm"].native == "sha256"
    expected = [
        [c.dump() for c in signed["certificates"]],
        [c.dump() for c in signed["crls"]],
        [
            core.ObjectIdentifier(a["type"].dotted).dump() + v.dump()
            for a in signed["signer_infos"][0]["unsigned_attrs"]
            for v in a["values"]
        ],
    ]
    for listed, octets in zip(lists, expected, strict=True):
        shown = [row.native for row in core.SequenceOf.load(listed.dump(), spec=core.OctetString)]
        assert shown == [SHA(o).digest() for o in octets]


def test_openssl_verifies_the_token_against_the_digest_by_hand(program: Callable[[str], str], tmp_path: Path) -> None:
    data = lta()
    [found] = archive(cs.read(data))
    assert found.token is not None
    token, roots = tmp_path / "token.der", tmp_path / "roots.pem"
    token.write_bytes(found.token.octets)
    chain = (cs.tsa().certificate, *cs.tsa().chain)
    text = "".join(
        f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(c.der).decode()}-----END CERTIFICATE-----\n" for c in chain
    )
    roots.write_text(text)
    digest = by_hand_v3(data, index_of(found)).hex()
    command = [program("openssl"), "ts", "-verify", "-token_in", "-in", token, "-CAfile", roots, "-untrusted", roots]
    for shown, wanted in ((digest, 0), (digest[::-1], 1)):
        done = subprocess.run([*command, "-digest", shown], capture_output=True, text=True, check=False)
        assert done.returncode == wanted, done.stderr


# -- CAdES: the older indexes and the older timestamp --------------------------------------------------------


def stamped_by_hand(
    data: bytes, imprint: bytes, oid: str, extra: bytes | None = None, time: datetime.datetime = LATER
) -> bytes:
    """Return *data* with the timestamp attribute *oid* over *imprint*, the attribute *extra* in its token."""
    token = tsa(time).token(imprint)
    if extra is not None:
        parts, held = opened(token)
        token = held.with_changed(0, with_unsigned(parts.signers[0], extra), ()).octets()
    parts, held = opened(data)
    return held.with_changed(0, with_unsigned(parts.signers[0], attribute(oid, token)), ()).octets()


def octets(*values: bytes) -> bytes:
    return der.encode(der.SEQUENCE, *(der.encode(der.OCTET_STRING, SHA(v).digest()) for v in values))


def old_index(data: bytes, *, named: bool) -> bytes:
    signed = asn1.ContentInfo.load(data)["content"]
    algorithm = asn1.DigestAlgorithm({"algorithm": "sha256"}).dump() if named else b""
    rows = [a.dump() for a in signed["signer_infos"][0]["unsigned_attrs"]]
    return der.encode(
        der.SEQUENCE, algorithm, octets(*(c.dump() for c in signed["certificates"])), octets(), octets(*rows)
    )


@pytest.mark.parametrize(("oid", "named"), [(INDEX_V1, True), (INDEX_V1, False), (INDEX_V2, True)])
def test_the_older_indexes_name_whole_attributes(oid: str, named: bool) -> None:
    data = cs.signed(stamp=cs.stamp())
    index = old_index(data, named=named)
    facts = cs.read(stamped_by_hand(data, by_hand_v3(data, index), V3, attribute(oid, index)))
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (True, [])
    inner = facts.timestamps[0].token
    assert inner is not None
    assert key_of(inner.octets) in found.protects


def by_hand_v2(data: bytes, *, tagged: bool, attributes: int) -> bytes:
    """Return the imprint of RFC 5126, 6.4.1, over the first *attributes* unsigned attributes."""
    signed = asn1.ContentInfo.load(data)["content"]
    info = signed["signer_infos"][0]
    names = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    encapsulated = signed["encap_content_info"]
    detached = not encapsulated["content"].contents
    rows = b"".join(a.dump() for a in list(info["unsigned_attrs"])[:attributes])
    return SHA(
        encapsulated.dump()
        + (cs.CONTENT if detached else b"")
        + signed["certificates"].dump()
        + (signed["crls"].dump() if signed["crls"] else b"")
        + b"".join(info[n].dump() for n in names)
        + (der.encode(0xA1, rows) if tagged else rows)
    ).digest()


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("material", [MATERIAL, RevocationMaterial()])
def test_version_2_is_computed_in_both_ways(detached: bool, tagged: bool, material: RevocationMaterial) -> None:
    data = cs.signed(stamp=cs.stamp(), detached=detached)
    data = cms_archiving.add_validation_data(data, revocation=material)
    data = stamped_by_hand(data, by_hand_v2(data, tagged=tagged, attributes=1), V2)
    data = stamped_by_hand(data, by_hand_v2(data, tagged=True, attributes=2), V2, time=LATER + DAY)
    first, second = archive(cs.read(data))
    assert (first.intact, second.intact) == (True, True)
    assert first.token is not None
    assert key_of(first.token.octets) in second.protects
    assert {key_of(o) for o in material.crls} <= first.protects
    with pytest.raises(SignatureError) as caught:
        cms_archiving.add_validation_data(data, revocation=MATERIAL)
    assert caught.value.code == "archive-closed"


def test_nothing_is_put_into_what_version_2_is_over() -> None:
    who = cs.other()
    data = cs.signed(stamp=cs.stamp(), detached=True)
    closed = stamped_by_hand(data, by_hand_v2(data, tagged=True, attributes=1), V2)
    for add in (
        lambda found: cms.add_timestamp(found, cs.stamp()),
        lambda found: cms.counter_sign(found, signer=who.signer()),
        lambda found: cms.sign_cms(cs.CONTENT, signer=who.signer(), existing=found),
    ):
        assert any(facts.timestamps for facts in cms.read_cms(add(data), content=cs.CONTENT))
        with pytest.raises(SignatureError) as caught:
            add(closed)
        assert caught.value.code == "archive-closed"
    # whose certificates are there already changes nothing that the timestamp is over
    again = cms.sign_cms(cs.CONTENT, signer=cs.person().signer(), existing=closed)
    stamps = [found for facts in cms.read_cms(again, content=cs.CONTENT) for found in archive(facts)]
    assert [found.intact for found in stamps] == [True]


REFS_C, REFS_R = "1.2.840.113549.1.9.16.2.21", "1.2.840.113549.1.9.16.2.22"


@pytest.mark.parametrize("order", [(REFS_C, REFS_R), (REFS_R, REFS_C)])
def test_timestamps_over_references_take_type_and_values(order: tuple[str, str]) -> None:
    data = cs.signed(stamp=cs.stamp())
    value = {REFS_C: der.encode(der.SEQUENCE, b"\x05\x00"), REFS_R: der.encode(der.SEQUENCE, b"\x01\x01\xff")}
    for oid in order:
        parts, held = opened(data)
        data = held.with_changed(0, with_unsigned(parts.signers[0], attribute(oid, value[oid])), ()).octets()
    info = asn1.ContentInfo.load(data)["content"]["signer_infos"][0]
    rows = {a["type"].dotted: a.contents for a in info["unsigned_attrs"]}
    references = rows[REFS_C] + rows[REFS_R]
    stamped = rows["1.2.840.113549.1.9.16.2.14"]
    data = stamped_by_hand(data, SHA(references).digest(), "1.2.840.113549.1.9.16.2.26")
    data = stamped_by_hand(
        data, SHA(info["signature"].native + stamped + references).digest(), "1.2.840.113549.1.9.16.2.25"
    )
    facts = cs.read(data)
    found = [t for t in facts.timestamps if t.kind is TimestampKind.REFERENCES]
    assert [t.intact for t in found] == [True, True]
    protects = {t.place.split("/")[-1]: t.protects for t in found}
    assert key_of(facts.signature_value) in protects["references-timestamp[1]"]
    assert protects["references-timestamp[2]"] == frozenset()


# -- CAdES: tampered with ----------------------------------------------------------------------------------


def without_list(data: bytes) -> bytes:
    _, held = opened(data)
    return attrs.evolve(held, revocation=held.revocation[1:]).octets()


def test_a_removed_list_is_noticed() -> None:
    [found] = archive(cs.read(without_list(lta())))
    assert "archive-index-orphan" in codes(found)


def test_another_content_is_noticed() -> None:
    facts = cs.read(lta(), cs.CONTENT + b"!")
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (False, ["timestamp-imprint-differs"])


def test_without_the_content_nothing_is_known() -> None:
    facts = cs.read(lta(), None)
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", "timestamp-content-missing"])


EMPTY = (octets(), octets(), octets())
INDEX = der.encode(der.SEQUENCE, asn1.DigestAlgorithm({"algorithm": "sha256"}).dump(), *EMPTY)
MD5 = der.encode(der.SEQUENCE, asn1.DigestAlgorithm({"algorithm": "md5"}).dump(), *EMPTY)


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (None, "archive-index-missing"),
        (attribute(INDEX_V3, b"\x04\x01x"), "archive-index-malformed"),
        (attribute(INDEX_V3, der.encode(der.SEQUENCE, octets())), "archive-index-malformed"),
        (attribute(INDEX_V3, der.encode(der.SEQUENCE, b"\x30\x00", *EMPTY)), "archive-index-malformed"),
        (attribute(INDEX_V3, INDEX) + attribute(INDEX_V2, INDEX), "archive-index-malformed"),
        (attribute(INDEX_V3, MD5), "archive-index-digest"),
    ],
)  # fmt: skip
def test_an_index_that_cannot_be_used(extra: bytes | None, code: str) -> None:
    data = stamped_by_hand(cs.signed(), b"\0" * 32, V3, extra)
    [found] = archive(cs.read(data))
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", code])


@pytest.mark.parametrize("oid", [V1, V2, V3])
def test_an_archive_timestamp_that_nobody_signed_is_none(oid: str) -> None:
    _, held = opened(tsa().token(b"\0" * 32))
    unsigned = attrs.evolve(held, signers=()).octets()
    parts, around = opened(cs.signed())
    data = around.with_changed(0, with_unsigned(parts.signers[0], attribute(oid, unsigned)), ()).octets()
    [found] = archive(cs.read(data))
    assert (found.token, found.intact, codes(found)) == (None, None, ["timestamp-malformed"])


def test_an_empty_index_protects_the_signature_alone() -> None:
    data = cs.signed(stamp=cs.stamp())
    facts = cs.read(stamped_by_hand(data, by_hand_v3(data, INDEX), V3, attribute(INDEX_V3, INDEX)))
    [found] = archive(facts)
    assert found.intact
    assert found.protects == {key_of(facts.signature_value)}


def test_values_among_the_unsigned_attributes_are_protected_too() -> None:
    """The older place of validation data: certificate-values and revocation-values (annex A of EN 319 122-1)."""
    chain = [c.der for c in cs.authority().chain]
    values = {
        "1.2.840.113549.1.9.16.2.23": der.encode(der.SEQUENCE, *chain),
        "1.2.840.113549.1.9.16.2.24": der.encode(
            der.SEQUENCE,
            der.encode(0xA0, der.encode(der.SEQUENCE, CRL)),
            der.encode(0xA1, der.encode(der.SEQUENCE, OCSP)),
        ),
    }
    data = cs.signed()
    for oid, value in values.items():
        parts, held = opened(data)
        data = held.with_changed(0, with_unsigned(parts.signers[0], attribute(oid, value)), ()).octets()
    [found] = archive(cs.read(cms_archiving.add_archive_timestamp(data, tsa(), content=cs.CONTENT)))
    assert found.intact
    assert {key_of(octets) for octets in (*chain, CRL, OCSP)} <= found.protects
    damaged = data.replace(CRL[:4], b"\x30\x84" + CRL[2:4])
    [found] = archive(cs.read(stamped_by_hand(damaged, b"\0" * 32, V2)))
    assert found.intact is False


@functools.cache
def archived_documents() -> tuple[bytes, bytes, bytes, bytes]:
    older = [stamped_by_hand(lta(detached=False), b"\0" * 32, oid) for oid in (V1, V2)]
    return lta(detached=False), older[0], older[1], xml_lta()


@given(st.integers(0, 3), st.data())
@settings(max_examples=250)
def test_nothing_but_our_errors_comes_out_of_damaged_archives(which: int, data: st.DataObject) -> None:
    octets = bytearray(archived_documents()[which])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(octets) - 1))
        much = data.draw(st.integers(0, 40))
        octets[at : at + much] = data.draw(st.binary(max_size=40))
    try:
        found = cms.read_cms(bytes(octets)) if which < 3 else read_xml(bytes(octets))
    except VndocError:
        return
    for facts in found:
        for stamp in facts.timestamps:
            assert stamp.intact is not None or codes(stamp) != ["timestamp-not-rebuilt"]
        verdict = verdict_of([facts], policy="vn_default", trust=TrustStore(), at=LATER)
        assert not verdict.passed


def test_what_is_no_token_is_named_once() -> None:
    for oid in (V1, V2, V3):
        parts, held = opened(cs.signed())
        data = held.with_changed(0, with_unsigned(parts.signers[0], attribute(oid, b"\x30\x00")), ()).octets()
        [found] = archive(cs.read(data))
        assert (found.intact, codes(found)) == (None, ["timestamp-malformed"])


@pytest.mark.parametrize("count", [30, 31])
def test_the_number_of_archive_timestamps_is_limited(count: int) -> None:
    data = cs.signed()
    index = attribute(INDEX_V3, INDEX)
    parts, held = opened(data)
    info, token = parts.signers[0], tsa().token(by_hand_v3(data, INDEX))
    inner, outer = opened(token)
    token = outer.with_changed(0, with_unsigned(inner.signers[0], index), ()).octets()
    for _ in range(count):
        info = der.read(with_unsigned(info, attribute(V3, token)))
    facts = cs.read(held.with_changed(0, info.octets, ()).octets())
    found = archive(facts)
    assert len(found) == count
    assert [t.intact for t in found] == [True] * 30 + [None] * (count - 30)
    assert all("archive-timestamps-too-many" in codes(t) for t in found[30:])
    assert ("archive-timestamps-too-many" in cs.codes(facts)) is (count > 30)


def test_version_2_needs_the_content_too() -> None:
    data = stamped_by_hand(cs.signed(), b"\0" * 32, V2)
    [found] = archive(cs.read(data, None))
    assert found.intact is None


def test_what_is_damaged_cannot_be_extended() -> None:
    _, held = opened(cs.signed())
    broken = attrs.evolve(held, signers=(b"\x30\x00",)).octets()
    for extend in (
        lambda: cms_archiving.add_validation_data(broken, revocation=MATERIAL),
        lambda: cms_archiving.add_archive_timestamp(broken, tsa(), content=cs.CONTENT),
    ):
        with pytest.raises(SignatureError) as caught:
            extend()
        assert (caught.value.code, caught.value.values["detail"]) == ("cms-malformed", "SignerInfo")
    odd = attrs.evolve(held, revocation=(b"\xa1\x02\x05\x00",)).octets()
    facts = cs.read(cms_archiving.add_validation_data(odd, revocation=MATERIAL))
    assert facts.revocation == MATERIAL
    assert "revocation-material-unreadable" in cs.codes(facts)


def test_counter_signatures_and_what_they_carry_are_protected() -> None:
    data = cms.counter_sign(cs.signed(), signer=cs.other().signer())
    stamped = cms_archiving.add_archive_timestamp(data, tsa(), content=cs.CONTENT)
    facts = cs.read(stamped)
    [found] = archive(facts)
    assert found.intact
    assert key_of(facts.counter_signatures[0].signature_value) in found.protects
    token = cs.read(cs.signed(stamp=cs.stamp())).timestamps[0].token
    assert token is not None
    parts, held = opened(data)
    [row] = [p for p in der.children(parts.signers[0]) if p.tag == 0xA1]
    inner = der.children(der.children(der.children(row)[0])[1])[0]
    richer = with_unsigned(inner, attribute("1.2.840.113549.1.9.16.2.14", token.octets))
    swapped = der.encode(0xA1, attribute("1.2.840.113549.1.9.6", richer))
    info = der.encode(der.SEQUENCE, *(p.octets for p in der.children(parts.signers[0]) if p.tag != 0xA1), swapped)
    data = held.with_changed(0, info, ()).octets()
    [found] = archive(cs.read(cms_archiving.add_archive_timestamp(data, tsa(), content=cs.CONTENT)))
    assert found.intact
    assert key_of(token.octets) in found.protects


# -- XAdES: made -------------------------------------------------------------------------------------------

DOCUMENT = '<?xml version="1.0"?>\n<a xmlns="urn:x"><b Id="b">Về việc &amp; <c/></b></a>'.encode()
XML_OCSP = xs.CA.ocsp(xs.AN, "good", xs.AT)
XML_CRL = xs.CA.crl(this_update=xs.AT, next_update=xs.AT + 7 * DAY)
XML_MATERIAL = RevocationMaterial(crls=(XML_CRL,), ocsps=(XML_OCSP,))
XML_TSA = xs.CA.tsa(key="p256")


def xml_stamp(days: int = 0) -> TimestampAuthority:
    return TimestampAuthority(identity=XML_TSA, time=xs.AT + days * DAY)


def xml_signed(data: bytes = DOCUMENT, **how: object) -> bytes:
    how = {"signer": xs.CURVE.signer(), "signing_time": xs.AT, "stamp": xml_stamp()} | how
    how.pop("who", None)
    return sign_xml(data, **how)  # type: ignore[arg-type]


def xml_lta(data: bytes | None = None, **how: object) -> bytes:
    data = xml_signed() if data is None else data
    data = xmldsig_archiving.add_validation_data(data, certificates=xs.CA.chain, revocation=XML_MATERIAL)
    return xmldsig_archiving.add_archive_timestamp(data, xml_stamp(30), **how)  # type: ignore[arg-type]


FORMS: dict[str, dict] = {
    "enveloped": {},
    "part": {"references": [XmlReference(uri="#b")]},
    "enveloping": {"form": "enveloping"},
    "enveloping-base64": {"form": "enveloping-base64"},
    "rsa": {"signer": xs.AN.signer(), "who": xs.AN},
    "inclusive": {"canonicalization": Canonical.C14N_10},
    "no-timestamp": {"stamp": None},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("canonical", [Canonical.EXCLUSIVE, Canonical.C14N_10, Canonical.C14N_11_COMMENTS])
def test_a_xades_signature_becomes_lta(form: str, canonical: Canonical) -> None:
    [facts] = read_xml(xml_lta(xml_signed(**FORMS[form]), canonicalization=canonical))
    assert xs.sound(facts, FORMS[form].get("who", xs.CURVE))
    assert facts.level is (Level.B if form == "no-timestamp" else Level.LTA)
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (True, [])
    assert facts.revocation == XML_MATERIAL
    held = {XML_CRL, XML_OCSP, facts.signature_value, *(c.der for c in facts.certificates)}
    held |= {t.token.octets for t in facts.timestamps if t.token and t.kind is TimestampKind.SIGNATURE}
    assert found.protects == {key_of(octets) for octets in held}


def test_a_second_round_goes_behind_the_first() -> None:
    newer = RevocationMaterial(crls=(xs.CA.crl(this_update=xs.AT + 31 * DAY, number=2),))
    first = xml_lta()
    data = xmldsig_archiving.add_validation_data(first, revocation=newer)
    assert data.count(b"TimeStampValidationData") == 2
    data = xmldsig_archiving.add_archive_timestamp(data, xml_stamp(60), digest="sha512", nonce=9)
    [facts] = read_xml(data)
    one, two = archive(facts)
    assert (one.intact, two.intact) == (True, True)
    assert one.token is not None
    assert key_of(one.token.octets) in two.protects
    assert key_of(newer.crls[0]) in two.protects - one.protects
    assert set(facts.revocation.crls) == {XML_CRL, *newer.crls}


def test_not_one_octet_outside_is_changed() -> None:
    before = xml_signed()
    after = xml_lta(before)
    start = next(i for i, (x, y) in enumerate(zip(before, after, strict=False)) if x != y)
    assert after[len(after) - (len(before) - start) :] == before[start:]


def test_a_detached_signature_needs_its_resolver() -> None:
    references = [XmlReference(uri="cong-van.pdf", content=MemoryOctets(b"%PDF-1.7"))]
    data = xml_signed(b"", form="detached", references=references)
    resolver = {"cong-van.pdf": MemoryOctets(b"%PDF-1.7")}.get
    [facts] = read_xml(xml_lta(data, resolver=resolver), resolver=resolver)
    assert archive(facts)[0].intact
    [facts] = read_xml(xml_lta(data, resolver=resolver))
    assert archive(facts)[0].intact is None
    with pytest.raises(SignatureError) as caught:
        xml_lta(data)
    assert (caught.value.code, caught.value.values["detail"]) == ("signing-data", "signed-data-not-found")


def test_what_cannot_be_read_any_more_is_not_archived() -> None:
    class Once:
        """Octets that can be read while the references are looked up, and not again."""

        size = 8

        def open(self) -> BinaryIO:
            raise OSError("gone")

    references = [XmlReference(uri="cong-van.pdf", content=MemoryOctets(b"%PDF-1.7"))]
    data = xml_signed(b"", form="detached", references=references)
    with pytest.raises(SignatureError) as caught:
        xmldsig_archiving.add_archive_timestamp(data, xml_stamp(3), resolver={"cong-van.pdf": Once()}.get)
    assert (caught.value.code, caught.value.values["detail"]) == ("signing-data", "timestamp-data-unreadable")

    class Turns:
        """Octets that are others each time."""

        size = 8

        def __init__(self) -> None:
            self.count = 0

        def open(self) -> BinaryIO:
            self.count += 1
            return io.BytesIO(b"%%PDF-%d" % self.count)

    with pytest.raises(SignatureError) as changed:
        xmldsig_archiving.add_archive_timestamp(data, xml_stamp(3), resolver={"cong-van.pdf": Turns()}.get)
    assert changed.value.code == "signing-state"


def test_one_of_two_signatures_is_chosen_by_its_id() -> None:
    references = [XmlReference(uri="#b")]
    data = xml_signed(xml_signed(references=references), references=references, signer=xs.AN.signer())
    data = xmldsig_archiving.add_archive_timestamp(data, xml_stamp(3), signature_id="vndoc-2")
    assert [len(archive(facts)) for facts in read_xml(data)] == [0, 1]
    for chosen in (None, "vndoc-3"):
        with pytest.raises(UsageError) as caught:
            xmldsig_archiving.add_archive_timestamp(data, xml_stamp(3), signature_id=chosen)
        assert caught.value.code == "option-invalid"


def test_what_cannot_be_extended() -> None:
    for data, detail in (
        (DOCUMENT, "Signature"),
        (xml_signed(xades=False, stamp=None), "QualifyingProperties"),
    ):
        with pytest.raises(SignatureError) as caught:
            xmldsig_archiving.add_validation_data(data, revocation=XML_MATERIAL)
        assert (caught.value.code, caught.value.values["detail"]) == ("signing-data", detail)
    with pytest.raises(UsageError) as nothing:
        xmldsig_archiving.add_validation_data(xml_signed())
    assert nothing.value.code == "option-invalid"


# -- XAdES: by other means ---------------------------------------------------------------------------------

XADES, XADES_141, DS = xs.XADES, "http://uri.etsi.org/01903/v1.4.1#", xs.DS


def c14n(node: etree._Element, *, exclusive: bool = True) -> bytes:
    """Canonicalise a re-parsed copy: lxml is wrong about live elements, but not about roots."""
    copy = etree.fromstring(etree.tostring(node, with_tail=False))
    return etree.tostring(copy, method="c14n", exclusive=exclusive)


def by_hand_xml(data: bytes, *, newer: bool = True, exclusive: bool = True) -> bytes:
    """Return the octets of EN 319 132-1, 5.5.2, for the last archive timestamp of an enveloping signature."""
    root = etree.fromstring(data)
    signature = next(root.iter(f"{{{DS}}}Signature"))
    pieces = []
    for reference in signature.iterfind(f"{{{DS}}}SignedInfo/{{{DS}}}Reference"):
        [target] = root.xpath("//*[@Id = $name]", name=reference.get("URI")[1:])
        kinds = [t.get("Algorithm") for t in reference.iter(f"{{{DS}}}Transform")]
        octets_of = {f"{DS}base64": lambda n=target: base64.b64decode(n.text)}
        pieces.append(octets_of[kinds[0]]() if kinds and kinds[0] in octets_of else c14n(target))
    pieces += [
        c14n(signature.find(f"{{{DS}}}{n}"), exclusive=exclusive) for n in ("SignedInfo", "SignatureValue", "KeyInfo")
    ]
    unsigned = next(signature.iter(f"{{{XADES}}}UnsignedSignatureProperties"))
    pieces += [c14n(node, exclusive=exclusive) for node in unsigned[:-1]]
    for holder in signature.iterfind(f"{{{DS}}}Object"):
        inner = holder[0] if len(holder) else holder
        if inner.tag != f"{{{XADES}}}QualifyingProperties" and newer:
            pieces.append(c14n(holder, exclusive=exclusive))
    return b"".join(pieces)


@pytest.mark.parametrize("form", ["enveloping", "enveloping-base64"])
@pytest.mark.parametrize("rounds", [1, 2])
def test_the_xml_imprint_is_the_one_put_together_by_hand(form: str, rounds: int) -> None:
    data = xml_lta(xml_signed(form=form))
    for number in range(1, rounds):
        data = xmldsig_archiving.add_archive_timestamp(data, xml_stamp(30 + number))
    [facts] = read_xml(data)
    last = archive(facts)[-1].token
    assert last is not None
    assert SHA(by_hand_xml(data)).digest() == last.imprint


def with_property(data: bytes, markup: str) -> bytes:
    """Return *data* with *markup* as its last unsigned property, or as the first thing of the data properties."""
    return data.replace(
        b"</xades:UnsignedSignatureProperties>", f"{markup}</xades:UnsignedSignatureProperties>".encode()
    )


def markup(name: str, imprint: bytes, *, namespace: str = XADES, inner: str = "", days: int = 40) -> str:
    token = base64.b64encode(xml_stamp(days).token(imprint)).decode()
    method = f'<ds:CanonicalizationMethod xmlns:ds="{DS}" Algorithm="{Canonical.EXCLUSIVE.value}"/>'
    return (
        f'<n:{name} xmlns:n="{namespace}">{inner}{method}'
        f'<x:EncapsulatedTimeStamp xmlns:x="{XADES}">{token}</x:EncapsulatedTimeStamp></n:{name}>'
    )


def test_the_older_form_leaves_out_objects_that_are_signed() -> None:
    data = xml_signed(form="enveloping")
    wanted = with_property(data, markup("ArchiveTimeStamp", b"\0" * 32))
    for newer, namespace in ((False, XADES), (True, XADES_141)):
        imprint = SHA(by_hand_xml(wanted, newer=newer)).digest()
        [facts] = read_xml(with_property(data, markup("ArchiveTimeStamp", imprint, namespace=namespace)))
        assert archive(facts)[0].intact
        other = XADES if newer else XADES_141
        [facts] = read_xml(with_property(data, markup("ArchiveTimeStamp", imprint, namespace=other)))
        assert archive(facts)[0].intact is False


REFS = f'<x:CompleteCertificateRefs xmlns:x="{XADES}"/>'
REFS_V2 = f'<x:CompleteCertificateRefsV2 xmlns:x="{XADES_141}"/>'
REVOKED = f'<x:CompleteRevocationRefs xmlns:x="{XADES}"><x:CRLRefs/></x:CompleteRevocationRefs>'


@pytest.mark.parametrize(
    "name", ["RefsOnlyTimeStamp", "RefsOnlyTimeStampV2", "SigAndRefsTimeStamp", "SigAndRefsTimeStampV2"]
)
def test_timestamps_over_references_in_xml(name: str) -> None:
    """Each version is over the references of its own version, and over those that there is one version of."""
    data = xml_signed()
    for property_ in (REFS, REFS_V2, f'<x:Other xmlns:x="{XADES}"/>', REVOKED):
        data = with_property(data, property_)
    root = etree.fromstring(data)
    own = f"{{{XADES_141}}}CompleteCertificateRefsV2" if name.endswith("V2") else f"{{{XADES}}}CompleteCertificateRefs"
    taken = [own, f"{{{XADES}}}CompleteRevocationRefs"]
    if name.startswith("Sig"):
        taken.insert(0, f"{{{XADES}}}SignatureTimeStamp")
    pieces = [c14n(node) for node in root.iter(*taken)]
    if name.startswith("Sig"):
        pieces.insert(0, c14n(next(root.iter(f"{{{DS}}}SignatureValue"))))
    namespace = XADES_141 if name.endswith("V2") else XADES
    [facts] = read_xml(with_property(data, markup(name, SHA(b"".join(pieces)).digest(), namespace=namespace)))
    [found] = [t for t in facts.timestamps if t.kind is TimestampKind.REFERENCES]
    assert found.intact
    assert (key_of(facts.signature_value) in found.protects) is name.startswith("Sig")


# -- XAdES: what is not known, and what was tampered with ------------------------------------------------------


def test_an_unknown_canonical_form_is_not_known() -> None:
    data = with_property(xml_signed(), markup("ArchiveTimeStamp", b"\0" * 32)).replace(
        b'EncapsulatedTimeStamp xmlns:x="', b'EncapsulatedTimeStamp  xmlns:x="'
    )
    text = data.decode()
    at = text.rindex(Canonical.EXCLUSIVE.value)
    [facts] = read_xml((text[:at] + "urn:unknown" + text[at + len(Canonical.EXCLUSIVE.value) :]).encode())
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", "timestamp-form-unknown"])


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.replace(b"<xades:CRLValues>", b"<xades:CRLValues> "),
        lambda d: d.replace(b"<ds:KeyInfo>", b"<ds:KeyInfo><!-- x -->") if b"<!--" not in d else d,
        lambda d: d[: d.index(b"<xades:CertificateValues")] + d[d.index(b"<xades:RevocationValues") :],
    ],
)
def test_a_change_of_what_is_protected_is_noticed(change: Callable[[bytes], bytes]) -> None:
    data = change(xml_lta(canonicalization=Canonical.EXCLUSIVE_COMMENTS))
    [facts] = read_xml(data)
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (False, ["timestamp-imprint-differs"])


def test_what_stands_behind_an_archive_timestamp_does_not_touch_it() -> None:
    [facts] = read_xml(with_property(xml_lta(), REFS))
    assert archive(facts)[0].intact
