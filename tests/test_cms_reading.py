"""Reading CMS: content in pieces and from sources, claims and material, limits, and what is no signature."""

from __future__ import annotations

import hashlib
import io
import time
import tracemalloc
from collections.abc import Callable
from typing import BinaryIO

import attrs
import pytest

from cms_support import (
    AT,
    CONTENT,
    P256,
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
    rows,
    signed,
    stamp,
)
from vndoc.envelope.octets import CHUNK, MemoryOctets, Octets
from vndoc.errors import SignatureError
from vndoc.limits import DEFAULT, Limits
from vndoc.pki import der
from vndoc.pki.certificate import MAX_CERTIFICATE
from vndoc.signature import Form, Level, TimestampKind, cms
from vndoc.signature._cms_content import ContentOctets, digests_of, pieces_of
from vndoc.signature._cms_encode import attribute, octet_string
from vndoc.signature._cms_make import opened, with_unsigned
from vndoc.signature._cms_structure import split

SMIME = "1.2.840.113549.1.9.16.2."


class Source:
    """Octets that come in small reads from something that cannot seek, and count how often they are opened."""

    def __init__(self, data: bytes, most: int = 1 << 30) -> None:
        self.data = data
        self.most = most
        self.opened = 0

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self) -> BinaryIO:
        self.opened += 1
        source, most = io.BytesIO(self.data), self.most

        class File(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def read(self, size: int = -1) -> bytes:
                return source.read(min(size, most) if size >= 0 else most)

        return File()  # type: ignore[return-value]


def in_pieces(data: bytes, size: int, *, levels: int = 1, definite: bool = False) -> bytes:
    """Return *data* as a constructed OCTET STRING."""
    parts = [octet_string(data[at : at + size]) for at in range(0, len(data), size)]
    body = b"".join(parts)
    for _ in range(levels):
        body = der.encode(0x24, body) if definite else b"\x24\x80" + body + b"\0\0"
    return body


def ber(content: bytes, string: bytes) -> bytes:
    """Return an encapsulated signature over *content*, all around it indefinite, the content being *string*."""
    parts, held = opened(signed(content, detached=False))
    assert parts.content is not None
    encapsulated = b"\x30\x80" + der.encode_oid(parts.content_type) + b"\xa0\x80" + string + b"\0\0\0\0"
    tail = attrs.evolve(held, encapsulated=(encapsulated,)).octets()
    inner = der.read(der.read(tail).content, len(der.encode_oid("1.2.840.113549.1.7.2")), ber=True)
    body = der.read(inner.data, inner.body, inner.end, ber=True)
    return b"\x30\x80" + der.encode_oid("1.2.840.113549.1.7.2") + b"\xa0\x80\x30\x80" + body.content + b"\0\0\0\0\0\0"


def octets_of(octets: Octets | None) -> bytes:
    assert octets is not None
    with octets.open() as file:
        return file.read()


# -- content ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
@pytest.mark.parametrize("definite", [False, True])
@pytest.mark.parametrize("levels", [1, 3])
def test_content_in_pieces(size: int, definite: bool, levels: int) -> None:
    content = CONTENT[:900]
    data = ber(content, in_pieces(content, size, definite=definite, levels=levels))
    for given in (data, MemoryOctets(data), Source(data), Source(data, 3)):
        [facts] = cms.read_cms(given)
        assert good(facts)
        assert octets_of(facts.covered[0].octets) == content
        assert facts.covered[0].octets is not None
        assert facts.covered[0].octets.size == len(content)
    assert "900" in repr(facts.covered[0].octets)


def test_empty_content() -> None:
    data = ber(b"", b"\x24\x80\0\0")
    [facts] = cms.read_cms(data)
    assert good(facts)
    assert octets_of(facts.covered[0].octets) == b""
    assert good(read(signed(b""), b""))
    assert good(read(signed(b"", detached=False), None))


def test_content_without_an_octet_string_is_its_content_octets() -> None:
    """PKCS #7 allows any type there; RFC 5652, 5.2.1, says what is digested."""
    parts, held = opened(signed(b"\x02\x01\x07", detached=False))
    sequence = der.encode(der.SEQUENCE, b"\x02\x01\x07")
    encapsulated = der.encode(der.SEQUENCE, der.encode_oid(parts.content_type), der.encode(der.context(0), sequence))
    assert good(read(attrs.evolve(held, encapsulated=(encapsulated,)).octets(), None))
    wrong = der.encode(der.SEQUENCE, der.encode_oid(parts.content_type), b"\xa0\x80\x30\x80\0\0\0\0")
    with pytest.raises(SignatureError, match="cms-malformed"):
        cms.read_cms(attrs.evolve(held, encapsulated=(wrong,)).octets())


def test_detached_content_is_read_once_for_all_signers() -> None:
    from cms_support import P384  # noqa: PLC0415

    data = signed(who=person("p256"))
    data = signed(who=other("p384"), existing=data, algorithm=P384)
    data = signed(who=other("p256"), existing=data)
    source = Source(CONTENT)
    facts = cms.read_cms(data, content=source)
    assert [good(one) for one in facts] == [True] * 3
    assert {one.covered[0].digest for one in facts} == {"sha256", "sha384"}
    assert source.opened == 1
    assert facts[0].covered[0].octets is source


def test_detached_content_is_read_once_for_signing() -> None:
    source = Source(CONTENT)
    data = cms.sign_cms(source, signer=person().signer())
    assert source.opened == 1
    assert good(read(data))


def test_every_digest_in_one_pass() -> None:
    data = bytes(range(256)) * 3000
    octets = Source(data)
    found = digests_of(octets, ["sha256", "sha512", "sha1", "md5"])
    assert found == {name: hashlib.new(name, data).digest() for name in ("sha256", "sha512", "sha1")}
    assert octets.opened == 1
    assert digests_of(octets, ["md5"]) == {}
    assert digests_of(MemoryOctets(data), []) == {}


def test_large_content_needs_no_memory() -> None:
    content = bytes(20 * 1024 * 1024)
    data = ber(content, in_pieces(content, 65_536))
    detached = signed(content)
    for given, outside, most in ((data, None, 1.0), (detached, content, 0.5), (Source(data), None, 2.0)):
        tracemalloc.start()
        [facts] = cms.read_cms(given, content=None if outside is None else MemoryOctets(outside))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert good(facts)
        assert peak < most * 1024 * 1024


def test_a_source_that_shrinks_is_an_error_of_ours() -> None:
    data = ber(CONTENT, in_pieces(CONTENT, 100))
    source = Source(data)
    parts = split(source, DEFAULT)
    source.data = data[:200]
    assert parts.content is not None
    with pytest.raises(SignatureError, match="cms-malformed"):
        b"".join(pieces_of(parts.content))


def test_pieces_of_a_source_are_small() -> None:
    content = bytes(CHUNK * 2 + 1)
    parts = split(Source(signed(content, detached=False)), DEFAULT)
    assert parts.content is not None
    assert max(map(len, parts.content.pieces())) <= CHUNK
    assert isinstance(parts.content, ContentOctets)


# -- claims and material ---------------------------------------------------------------------------


def extra(*attributes: bytes) -> bytes:
    return made(attributes_of(rows(), *attributes))


def text(value: str, tag: int = 0x0C) -> bytes:
    return der.encode(tag, value.encode({0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}.get(tag, "utf-8")))


def test_claims() -> None:
    policy = cms.SignaturePolicyId("2.16.704.1.1", "sha256", bytes(32))
    facts = read(signed(signing_time=AT, commitment="1.2.840.113549.1.9.16.6.1", policy=policy))
    assert good(facts)
    assert facts.claimed_time == AT
    assert facts.commitment_types == ("1.2.840.113549.1.9.16.6.1",)
    assert facts.signature_policy == "2.16.704.1.1"
    assert facts.content_type == "1.2.840.113549.1.7.1"


@pytest.mark.parametrize("explicit", [True, False])
def test_location(explicit: bool) -> None:
    lines = text("Số 1") + text("Hà Nội", 0x1E)
    address = der.encode(der.context(2), der.encode(der.SEQUENCE, lines) if explicit else lines)
    value = der.encode(
        der.SEQUENCE,
        der.encode(der.context(0), text("VN", 0x13)),
        der.encode(der.context(1), text("Hà Nội", 0x1C)),
        address,
    )
    facts = read(extra(attribute(SMIME + "17", value)))
    assert facts.claimed_place == ("VN", "Hà Nội", "Số 1", "Hà Nội")
    assert facts.reasons == ()


@pytest.mark.parametrize("oid", [SMIME + "18", "0.4.0.19122.1.1"])
@pytest.mark.parametrize("explicit", [True, False])
def test_roles(oid: str, explicit: bool) -> None:
    role = der.encode(der.SEQUENCE, der.encode_oid("2.5.4.72"), der.encode(der.SET, der.encode(0xA1, text("Chủ tịch"))))
    claimed = der.encode(der.SEQUENCE, role, role) if explicit else role + role
    certified = der.encode(der.context(1), b"\x30\x00")
    value = der.encode(der.SEQUENCE, der.encode(der.context(0), claimed), certified)
    facts = read(extra(attribute(oid, value)))
    assert facts.claimed_roles == ("Chủ tịch", "Chủ tịch")
    assert facts.reasons == ()


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (SMIME + "17", b"\x30\x04\xa0\x02\x02\x00"),
        (SMIME + "17", b"\x31\x00"),
        (SMIME + "18", b"\x30\x04\xa0\x02\x04\x00"),
        (SMIME + "18", b"\x30\x07\xa0\x05\x30\x03\x30\x01\x00"),
        (SMIME + "18", b"\x30\x06\xa0\x04\x30\x02\x30\x00"),
        (SMIME + "16", b"\x30\x00"),
        (SMIME + "15", b"\x05\x00"),
        ("1.2.840.113549.1.9.5", b"\x17\x01x"),
        ("1.2.840.113549.1.9.52", b"\x30\x00"),
        ("1.2.840.113583.1.1.8", b"\x30\x04\xa0\x02\x05\x00"),
    ],
)
def test_damaged_claims_are_left_out_with_a_word(oid: str, value: bytes) -> None:
    facts = read(extra(attribute(oid, value)))
    assert codes(facts) == {"attribute-malformed"}
    assert good(facts)


def test_revocation_material() -> None:
    crl = authority().crl(this_update=AT, next_update=AT.replace(year=2027))
    ocsp = authority().ocsp(person(), "good", AT)
    basic = der.children(der.read(ocsp), ber=True)[1]
    [body] = der.children(basic)
    inner = der.children(body)[1].content
    archival = der.encode(
        der.SEQUENCE,
        der.encode(der.context(0), der.encode(der.SEQUENCE, crl)),
        der.encode(der.context(1), der.encode(der.SEQUENCE, ocsp)),
        der.encode(der.context(2), b""),
    )
    facts = read(extra(attribute("1.2.840.113583.1.1.8", archival)))
    assert facts.revocation.crls == (crl,)
    assert facts.revocation.ocsps == (ocsp,)
    assert facts.level is Level.B
    values = der.encode(
        der.SEQUENCE,
        der.encode(der.context(0), der.encode(der.SEQUENCE, crl)),
        der.encode(der.context(1), der.encode(der.SEQUENCE, inner)),
    )
    data = changed(signed(stamp=stamp()), lambda info: with_unsigned(der.read(info), attribute(SMIME + "24", values)))
    facts = read(data)
    assert facts.revocation.ocsps == (ocsp,), "a bare response gets its envelope back"
    assert facts.level is Level.LT


def choice(oid: str, value: bytes) -> bytes:
    return der.encode(der.context(1), der.encode_oid(oid), value)


def test_revocation_choices_beside_the_certificates() -> None:
    crl = authority().crl(this_update=AT, next_update=AT.replace(year=2027))
    ocsp = authority().ocsp(person(), "good", AT)
    _, held = opened(signed())
    data = attrs.evolve(held, revocation=(crl, choice("1.3.6.1.5.5.7.16.2", ocsp), choice("1.2.3", ocsp))).octets()
    facts = read(data)
    assert (facts.revocation.crls, facts.revocation.ocsps) == ((crl,), (ocsp,))
    assert codes(facts) == {"revocation-material-unreadable"}
    assert good(facts)


def unsigned(oid: str, *values: bytes) -> Callable[[bytes], bytes]:
    row = der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.SET, *values))
    return lambda info: with_unsigned(der.read(info), row)


def test_certificate_values() -> None:
    _, held = opened(signed())
    bare = attrs.evolve(held, certificates=()).octets()
    value = der.encode(der.SEQUENCE, person().certificate.der, b"\x30\x00")
    facts = read(changed(bare, unsigned(SMIME + "23", value, b"\x04\x01x", b"\x30\x01\x30")))
    assert facts.candidates == (person().certificate,)
    assert good(facts)
    assert codes(facts) == {"certificate-unreadable", "attribute-malformed"}


def test_other_timestamps_are_kept() -> None:
    token = read(signed(stamp=stamp())).timestamps[0].token
    assert token is not None
    data = signed(stamp=stamp())
    for oid in (SMIME + "25", SMIME + "26", SMIME + "27", SMIME + "48", "0.4.0.1733.2.4"):
        data = changed(data, unsigned(oid, token.octets))
    facts = read(data)
    assert [one.kind for one in facts.timestamps] == [
        TimestampKind.SIGNATURE,
        *[TimestampKind.REFERENCES] * 2,
        *[TimestampKind.ARCHIVE] * 3,
    ]
    # the archive timestamp of version 3 has no index of what it is over
    assert [one.intact for one in facts.timestamps] == [True, False, False, False, False, None]
    assert facts.timestamps[3].place == "SignerInfo[1]/archive-timestamp[1]"
    assert [one.code for one in facts.timestamps[3].reasons] == ["timestamp-imprint-differs"]
    assert facts.level is Level.T, "archive timestamps without material are no LTA"


def test_content_timestamps() -> None:
    authority_ = stamp()
    right = authority_.token(hashlib.sha512(CONTENT).digest(), "sha512")
    same = authority_.token(hashlib.sha256(CONTENT).digest())
    wrong = authority_.token(bytes(32))
    row = der.encode(der.SEQUENCE, der.encode_oid(SMIME + "20"), der.encode(der.SET, right, same, wrong))
    data = extra(row)
    facts = read(data)
    assert [(one.kind, one.intact) for one in facts.timestamps] == [
        (TimestampKind.CONTENT, True),
        (TimestampKind.CONTENT, True),
        (TimestampKind.CONTENT, False),
    ]
    assert {one.intact for one in read(data, None).timestamps} == {None}


def test_damaged_timestamps() -> None:
    facts = read(changed(signed(), unsigned(SMIME + "14", b"\x30\x00", b"\x05\x00", signed(detached=False))))
    assert [one.token for one in facts.timestamps] == [None] * 3
    assert {one.code for stamp_ in facts.timestamps for one in stamp_.reasons} == {"timestamp-malformed"}
    assert good(facts)


def test_eddsa() -> None:
    from cms_support import ED25519  # noqa: PLC0415

    who = person("ed25519")
    assert good(read(signed(who=who)))
    info = info_of(Recipe(who=who, algorithm=ED25519, attributes=None, over=CONTENT))
    data = container(info)
    [facts] = cms.read_cms(data, content=CONTENT, certificates=[who.certificate])
    assert good(facts)
    assert not cms.read_cms(data, content=CONTENT + b"!", certificates=[who.certificate])[0].verify(who.certificate)
    small = attrs.evolve(DEFAULT, in_memory_bytes=len(CONTENT))
    assert good(cms.read_cms(data, content=CONTENT, certificates=[who.certificate], limits=small)[0])
    [facts] = cms.read_cms(data, content=CONTENT + b"!", limits=small)
    assert decided(facts) == {"content-too-large-for-eddsa"}
    assert not facts.verify(who.certificate)
    assert not cms.read_cms(data)[0].verify(who.certificate)


def test_without_content_or_digest_nothing_verifies() -> None:
    info = info_of(Recipe(who=person(), algorithm=P256, attributes=None, over=CONTENT))
    [facts] = cms.read_cms(container(info))
    assert decided(facts) == {"content-missing"}
    assert not facts.verify(person().certificate)
    assert facts.form is Form.CMS


# -- certificates ----------------------------------------------------------------------------------


def test_certificates_of_other_kinds() -> None:
    _, held = opened(signed())
    rows_ = (person().certificate.der, b"\xa1\x00", b"\x30\x03\x02\x01\x01")
    facts = read(attrs.evolve(held, certificates=rows_).octets())
    assert codes(facts) == {"certificate-kind-ignored", "certificate-unreadable"}
    assert facts.certificates == (person().certificate,)
    assert good(facts)


def test_large_certificates() -> None:
    _, held = opened(signed())

    def with_(octets: bytes) -> bytes:
        return attrs.evolve(held, certificates=(person().certificate.der, octets)).octets()

    at_most = der.encode(der.SEQUENCE, bytes(MAX_CERTIFICATE - 5))
    assert len(at_most) == MAX_CERTIFICATE
    assert codes(read(with_(at_most))) == {"certificate-unreadable"}
    large = read(with_(der.encode(der.SEQUENCE, bytes(MAX_CERTIFICATE - 4))))
    assert codes(large) == {"certificate-too-large"}
    assert good(large)
    start = time.process_time()
    with pytest.raises(SignatureError) as caught:
        cms.read_cms(with_(der.encode(der.SEQUENCE, bytes(50_000_000))))
    assert caught.value.code == "cms-too-large"
    assert "SignedData" in str(caught.value)
    assert time.process_time() - start < 2


# -- limits ----------------------------------------------------------------------------------------


def limited(data: bytes | Octets, **limits: int) -> tuple[object, ...]:
    return cms.read_cms(data, content=CONTENT, limits=attrs.evolve(DEFAULT, **limits))


@pytest.mark.parametrize("wrap", [bytes, Source])
def test_signed_data_at_its_limit_and_one_past(wrap: Callable[[bytes], bytes | Octets]) -> None:
    data = signed(detached=False)
    parts, _ = opened(data)
    tail = len(data) - parts.encapsulated[1]
    assert limited(wrap(data), cms_bytes=tail)
    with pytest.raises(SignatureError, match="cms-too-large"):
        limited(wrap(data), cms_bytes=tail - 1)


def test_signers_at_their_limit_and_one_past() -> None:
    data = cms.counter_sign(signed(stamp=stamp()), signer=other().signer())
    data = signed(who=other(), existing=data)
    assert limited(data, cms_signers=4)
    with pytest.raises(SignatureError) as caught:
        limited(data, cms_signers=3)
    assert (caught.value.code, caught.value.values["limit"]) == ("cms-too-large", 3)
    with pytest.raises(SignatureError, match="signers"):
        limited(data, cms_signers=1)


def test_certificates_at_their_limit_and_one_past() -> None:
    data = signed()
    count = len(opened(data)[0].certificates)
    assert limited(data, cms_certificates=count)
    with pytest.raises(SignatureError, match="certificates"):
        limited(data, cms_certificates=count - 1)


def test_pieces_at_their_limit_and_one_past() -> None:
    data = ber(CONTENT, in_pieces(CONTENT, 100))
    count = -(-len(CONTENT) // 100)
    assert limited(data, cms_segments=count)
    with pytest.raises(SignatureError, match="OCTET STRING"):
        limited(data, cms_segments=count - 1)


def test_signed_attributes_at_their_limit_and_one_past() -> None:
    data = signed()
    size = len(read(data).signed_octets)
    [facts] = cms.read_cms(data, content=CONTENT, limits=Limits(signed_attributes_bytes=size))
    assert good(facts)
    [facts] = cms.read_cms(data, content=CONTENT, limits=Limits(signed_attributes_bytes=size - 1))
    assert decided(facts) == {"signed-attributes-too-large"}


def test_nested_counter_signatures() -> None:
    def nested(depth: int) -> bytes:
        """Return the SignerInfo of a chain of counter-signatures; all values are of the same octets, and wrong."""
        unsigned_ = b""
        for _ in range(depth):
            info = info_of(
                Recipe(
                    who=person(), algorithm=P256, attributes=attributes_of(rows(content_type=None)), unsigned=unsigned_
                )
            )
            unsigned_ = der.encode(der.context(1), attribute("1.2.840.113549.1.9.6", info))
        return unsigned_

    def levels(facts: object) -> int:
        inner = facts.counter_signatures  # type: ignore[attr-defined]
        return 1 + levels(inner[0]) if inner else 0

    def deepest(facts: object) -> set[str]:
        inner = facts.counter_signatures  # type: ignore[attr-defined]
        return deepest(inner[0]) if inner else codes(facts)  # type: ignore[arg-type]

    eight = read(made(attributes_of(rows()), unsigned=nested(8)))
    assert levels(eight) == 8
    assert "nesting-too-deep" not in deepest(eight)
    nine = read(made(attributes_of(rows()), unsigned=nested(9)))
    assert levels(nine) == 8
    assert "nesting-too-deep" in deepest(nine)
    long_ = read(made(attributes_of(rows()), unsigned=nested(150)))
    assert levels(long_) == 8


def test_timestamps_at_the_end_of_nesting_are_not_read() -> None:
    token = read(signed(stamp=stamp())).timestamps[0].token
    assert token is not None
    unsigned_ = der.encode(der.context(1), attribute(SMIME + "14", token.octets))
    for _ in range(8):
        info = info_of(
            Recipe(who=person(), algorithm=P256, attributes=attributes_of(rows(content_type=None)), unsigned=unsigned_)
        )
        unsigned_ = der.encode(der.context(1), attribute("1.2.840.113549.1.9.6", info))
    facts = read(made(attributes_of(rows()), unsigned=unsigned_))
    while facts.counter_signatures:
        [facts] = facts.counter_signatures
    assert "nesting-too-deep" in codes(facts)
    assert facts.timestamps == ()


# -- what is no signature --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"not a signature",
        b"\x30\x80\0\0",
        b"\x30\x03\x02\x01\x01",
        der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.7.1"), b"\xa0\x02\x04\x00"),
        der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.7.2")),
        b"<Signature/>",
        b"\xff" * 100,
        b"\x1f\x81\x80" + b"\0" * 50,
        b"\x30\x88" + b"\xff" * 8,
        b"\x30\x89" + b"\xff" * 9,
        b"\x04\x80\0\0",
    ],
)
@pytest.mark.parametrize("wrap", [bytes, Source])
def test_not_a_signature(data: bytes, wrap: Callable[[bytes], bytes | Octets]) -> None:
    with pytest.raises(SignatureError) as caught:
        cms.read_cms(wrap(data))
    assert caught.value.code == "cms-malformed"


@pytest.mark.parametrize("wrap", [bytes, Source])
@pytest.mark.parametrize(
    "make", [signed, lambda: signed(b"abc", detached=False), lambda: ber(b"a" * 50, in_pieces(b"a" * 50, 9))]
)
def test_truncated(make: Callable[[], bytes], wrap: Callable[[bytes], bytes | Octets]) -> None:
    data = make()
    for size in range(len(data)):
        with pytest.raises(SignatureError) as caught:
            cms.read_cms(wrap(data[:size]))
        assert caught.value.code == "cms-malformed", size


def rebuilt(*parts: bytes) -> bytes:
    signed_data = der.encode(der.context(0), der.encode(der.SEQUENCE, *parts))
    return der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.7.2"), signed_data)


def test_parts_in_the_wrong_place() -> None:
    data_ = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.7.1"))
    head = (b"\x02\x01\x01", b"\x31\x00", data_)
    assert cms.read_cms(rebuilt(*head, b"\x31\x00")) == ()
    for parts in (
        head,
        (*head, b"\x31\x00", b"\x31\x00"),
        (*head, b"\x31\x00", b"\xa0\x00"),
        (*head, b"\xa1\x00", b"\xa0\x00", b"\x31\x00"),
        (*head, b"\xa0\x00", b"\xa1\x00", b"\x31\x00", b"\x31\x00"),
        (*head, b"\xa2\x00", b"\x31\x00"),
        (b"\x02\x01\x01", data_, b"\x31\x00", b"\x31\x00"),
        (*head[:2], der.encode(der.SEQUENCE, b"\x05\x00"), b"\x31\x00"),
        (*head[:2], der.encode(der.SEQUENCE, der.encode_oid("1.2.3"), b"\xa0\x04\x04\x00\x04\x00"), b"\x31\x00"),
        (*head[:2], der.encode(der.SEQUENCE, der.encode_oid("1.2.3"), b"\xa0\x04\x24\x02\x05\x00"), b"\x31\x00"),
        (*head[:2], der.encode(der.SEQUENCE, der.encode_oid("1.2.3"), b"\xa0\x02\x04\x03"), b"\x31\x00"),
    ):
        with pytest.raises(SignatureError, match="cms-malformed"):
            cms.read_cms(rebuilt(*parts))
    nested = b"\x24\x80" * 40 + b"\0\0" * 40
    deep = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.7.1"), b"\xa0\x80" + nested + b"\0\0")
    with pytest.raises(SignatureError, match="cms-malformed"):
        cms.read_cms(rebuilt(*head[:2], deep, b"\x31\x00"))


def test_small_parts_with_indefinite_lengths() -> None:
    data_ = der.encode(der.SEQUENCE, der.encode_oid("1.2.3"))
    sha256 = der.encode(der.SEQUENCE, der.encode_oid("2.16.840.1.101.3.4.2.1"))
    for wrap in (bytes, Source):
        assert cms.read_cms(wrap(rebuilt(b"\x02\x01\x01", b"\x31\x80" + sha256 + b"\0\0", data_, b"\x31\x00"))) == ()
        with pytest.raises(SignatureError, match="cms-malformed"):
            cms.read_cms(wrap(rebuilt(b"\x02\x01\x01", b"\x31\x80" + sha256) + b"\0\0" + data_ + b"\x31\x00"))


def test_the_list_of_digest_algorithms_at_its_limit_and_one_past() -> None:
    data_ = der.encode(der.SEQUENCE, der.encode_oid("1.2.3"))
    for size, fits in ((65_536 - 4, True), (65_536 - 3, False)):
        row = der.encode(der.SET, der.encode(der.OCTET_STRING, bytes(size - 4)))
        data = rebuilt(b"\x02\x01\x01", row, data_, b"\x31\x00")
        if fits:
            assert cms.read_cms(data) == ()
        else:
            with pytest.raises(SignatureError, match="cms-malformed"):
                cms.read_cms(data)


def test_damaged_counter_signatures_are_shown() -> None:
    data = changed(signed(), unsigned("1.2.840.113549.1.9.6", b"\x30\x00"))
    facts = read(data)
    assert good(facts)
    assert [codes(one) for one in facts.counter_signatures] == [{"signer-info-malformed"}]


def test_a_token_beyond_the_limits_is_no_small_matter() -> None:
    data = signed(stamp=stamp())
    [timestamp] = read(data).timestamps
    assert timestamp.token is not None
    count = len(timestamp.token.signature.certificates)
    _, held = opened(data)
    alone = attrs.evolve(held, certificates=()).octets()
    assert limited(alone, cms_certificates=count)
    with pytest.raises(SignatureError, match="certificates"):
        limited(alone, cms_certificates=count - 1)


def test_attributes_without_another_encoding_are_judged_as_received() -> None:
    deep = b"\x05\x00"
    for _ in range(70):
        deep = der.encode(der.SEQUENCE, deep)
    items = sorted((attribute(oid, value) for oid, value in rows().items()), reverse=True)
    facts = read(made(der.encode(der.SET, attribute("1.2.3", deep), *items)))
    assert codes(facts) == {"signed-attributes-not-der"}
    assert good(facts)


@pytest.mark.parametrize("what", ["signers", "certificates", "revocation", "signer info", "indefinite lengths"])
def test_hostile_sizes_take_no_time(what: str) -> None:
    many = b"\x05\x00" * 4_000_000
    indefinite = b"\x31\x80" + b"\x30\x80" * 3 + many[: 2 * 10**6] + b"\0\0" * 4
    parts = {
        "signers": (der.encode(der.SET, many),),
        "certificates": (der.encode(der.context(0), many), b"\x31\x00"),
        "revocation": (der.encode(der.context(1), many), b"\x31\x00"),
        "signer info": (der.encode(der.SET, der.encode(der.SEQUENCE, many)),),
        "indefinite lengths": (indefinite,),
    }[what]
    data = rebuilt(b"\x02\x01\x01", b"\x31\x00", der.encode(der.SEQUENCE, der.encode_oid("1.2.3")), *parts)
    start = time.process_time()
    if what == "signer info":
        [facts] = cms.read_cms(data)
        assert decided(facts) == {"signer-info-malformed"}
    else:
        with pytest.raises(SignatureError, match=r"cms-too-large|cms-malformed"):
            cms.read_cms(data)
    assert time.process_time() - start < 2


def test_long_integers_are_refused() -> None:
    data = rebuilt(
        der.encode(der.INTEGER, b"\1" * 1024),
        b"\x31\x00",
        der.encode(der.SEQUENCE, der.encode_oid("1.2.3")),
        b"\x31\x00",
    )
    assert cms.read_cms(data) == ()
    data = rebuilt(
        der.encode(der.INTEGER, b"\1" * 1025),
        b"\x31\x00",
        der.encode(der.SEQUENCE, der.encode_oid("1.2.3")),
        b"\x31\x00",
    )
    with pytest.raises(SignatureError, match="cms-malformed"):
        cms.read_cms(data)
