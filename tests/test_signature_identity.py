"""Who signed: kinds, numbers and masking, from names made octet by octet."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.pki import Certificate, Extension, der
from vndoc.signature.identity import SignerIdentity, SignerKind, name_text

OIDS = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "serialNumber": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "title": "2.5.4.12",
    "GN": "2.5.4.42",
    "UID": "0.9.2342.19200300.100.1.1",
    "E": "1.2.840.113549.1.9.1",
    "other": "1.2.3.4",
}
NUMBER = "001099000123"


def attribute(kind: str, value: str | bytes, tag: int = 0x0C) -> bytes:
    octets = value if isinstance(value, bytes) else value.encode()
    pair = der.encode(der.SEQUENCE, der.encode_oid(OIDS[kind]), der.encode(tag, octets))
    return der.encode(der.SET, pair)


def name(*parts: tuple[str, str]) -> bytes:
    return der.encode(der.SEQUENCE, *(attribute(kind, value) for kind, value in parts))


def certificate(subject: bytes, *, alternative: bytes | None = None) -> Certificate:
    """Return what the identity reads of a certificate; the names are too odd to have one issued for them."""
    extensions = {} if alternative is None else {"2.5.29.17": Extension("2.5.29.17", False, alternative)}
    return cast("Certificate", SimpleNamespace(subject=subject, extensions=extensions))


def identity(*parts: tuple[str, str]) -> SignerIdentity:
    return SignerIdentity.of(certificate(name(*parts)))


PERSON, ORGANISATION, BOTH, UNKNOWN = SignerKind


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ([("CN", "Trần Thị Thử"), ("UID", f"CCCD:{NUMBER}")], PERSON),
        ([("CN", "Trần Thị Thử"), ("UID", "CMND:012345678")], PERSON),
        ([("CN", "Trần Thị Thử"), ("serialNumber", f"cccd: {NUMBER}")], PERSON),
        ([("CN", "Trần Thị Thử"), ("serialNumber", f"IDCVN-{NUMBER}")], PERSON),
        ([("CN", "Trần Thị Thử"), ("title", "Chánh Văn phòng"), ("O", "Sở Thử nghiệm")], PERSON),
        ([("CN", "Trần Thị Thử"), ("GN", "Thử"), ("O", "Sở Thử nghiệm")], PERSON),
        ([("CN", "Sở Thử nghiệm"), ("UID", "MNS:1234567")], ORGANISATION),
        ([("CN", "Công ty Thử"), ("UID", "MST:0123456789-001")], ORGANISATION),
        ([("CN", "Sở  Thử nghiệm"), ("O", "SỞ THỬ NGHIỆM")], ORGANISATION),
        ([("CN", "Văn phòng"), ("OU", "Văn phòng"), ("O", "Sở Thử nghiệm")], ORGANISATION),
        ([("O", "Sở Thử nghiệm")], ORGANISATION),
        ([("CN", "Trần Thị Thử"), ("UID", f"CCCD:{NUMBER}"), ("UID", "MST:0123456789"), ("O", "Công ty")], BOTH),
        ([("CN", "Trần Thị Thử"), ("UID", "MNS:1234567"), ("serialNumber", f"CCCD:{NUMBER}")], BOTH),
        ([("CN", "Trần Thị Thử"), ("title", "Giám đốc"), ("UID", "MST:0123456789"), ("O", "Công ty")], UNKNOWN),
        ([("CN", "Trần Thị Thử"), ("O", "Sở Thử nghiệm")], UNKNOWN),
        ([("CN", "Trần Thị Thử"), ("UID", "12345")], UNKNOWN),
        ([("CN", "Trần Thị Thử"), ("serialNumber", "12345")], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_kinds(parts, kind):
    assert identity(*parts).kind is kind


def test_every_field():
    found = identity(
        ("C", "VN"),
        ("L", "Hà Nội"),
        ("O", "Uỷ ban thử nghiệm"),
        ("OU", "Sở Thử"),
        ("OU", "Văn phòng"),
        ("title", "Chánh Văn phòng"),
        ("CN", "Trần Thị Thử"),
        ("E", "thu@example.vn"),
        ("UID", f"CCCD:{NUMBER}"),
        ("UID", "MNS:1234567"),
        ("UID", "MST:0123456789-001"),
    )
    assert attrs.asdict(found) == {
        "display_name": "Trần Thị Thử",
        "kind": BOTH,
        "organization": "Uỷ ban thử nghiệm",
        "units": ("Sở Thử", "Văn phòng"),
        "title": "Chánh Văn phòng",
        "tax_code": "0123456789-001",
        "budget_code": "1234567",
        "citizen_id": "*********123",
        "email": "thu@example.vn",
        "locality": "Hà Nội",
        "country": "VN",
        "sources": (("CCCD", "UID"), ("MNS", "UID"), ("MST", "UID")),
    }
    assert repr(found) == "SignerIdentity('Trần Thị Thử', both)"
    assert json.loads(json.dumps(found.to_dict()))["units"] == ["Sở Thử", "Văn phòng"]


@pytest.mark.parametrize("kind", ["CN", "O", "OU", "title", "E", "L"])
def test_a_citizen_number_shows_nowhere(kind):
    subject = name((kind, f"x {NUMBER}"), ("UID", f"CCCD:{NUMBER}"), ("UID", f"MST:{NUMBER}"), ("UID", "HC:C1234567"))
    found = SignerIdentity.of(certificate(subject))
    whole = repr(found) + json.dumps(found.to_dict()) + str(attrs.asdict(found)) + name_text(subject)
    assert NUMBER not in whole
    assert "C1234" not in whole
    assert found.tax_code == found.citizen_id == "*********123"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"CCCD:{NUMBER}", "UID=CCCD:*********123"),
        ("CCCD:00109 9000123", "UID=CCCD:***** ****123"),
        ("CMND:12345", "UID=CMND:*****"),
        (f"IDCVN-{NUMBER}", "UID=IDCVN-*********123"),
        ("MST:0123456789", "UID=MST:0123456789"),
    ],
)
def test_names_as_text_are_masked(text, shown):
    found = name_text(name(("UID", text)))
    assert found.startswith(shown[:-3])
    if len(text) > 15:
        assert found == shown


def test_names_as_text():
    assert name_text(name(("C", "VN"), ("O", "Sở Thử"), ("other", "x"))) == "C=VN, O=Sở Thử, 1.2.3.4=x"
    assert name_text(b"") == name_text(b"\x30\x80") == ""


@pytest.mark.parametrize(
    ("tag", "octets"),
    [
        (0x0C, "Sở".encode()),
        (0x1E, "Sở".encode("utf-16-be")),
        (0x1C, "Sở".encode("utf-32-be")),
        (0x0C, "Sở\n".encode()),
        (0x0C, "So\u031b\u0309".encode()),
    ],
)
def test_string_types(tag, octets):
    subject = der.encode(der.SEQUENCE, attribute("CN", octets, tag))
    assert SignerIdentity.of(certificate(subject)).display_name == "Sở"


def test_damaged_parts_cost_only_themselves():
    broken = der.encode(der.SET, der.encode(der.SEQUENCE, b"\x06\x01"))
    lone = der.encode(der.SET, der.encode(der.SEQUENCE, der.encode_oid("2.5.4.3")))
    subject = der.encode(der.SEQUENCE, broken, lone, attribute("O", b"S\xff", 0x0C), attribute("OU", "Phòng"))
    found = SignerIdentity.of(certificate(subject))
    assert (found.display_name, found.units) == ("S\N{REPLACEMENT CHARACTER}", ("Phòng",))


def test_the_last_unit_names_a_certificate_without_other_names():
    assert identity(("OU", "Sở"), ("OU", "Phòng")).display_name == "Phòng"
    assert identity(("ST", "Huế")).locality == "Huế"


def test_mail_from_the_alternative_names():
    mail = der.encode(der.SEQUENCE, der.encode(0x82, b"x.example"), der.encode(0x81, b"a@example.vn"))
    assert SignerIdentity.of(certificate(name(("CN", "A")), alternative=mail)).email == "a@example.vn"
    for other in (b"\x30\x05", der.encode(der.SEQUENCE, der.encode(0x82, b"x.example"))):
        assert SignerIdentity.of(certificate(name(("CN", "A")), alternative=other)).email is None


@given(st.binary(max_size=80))
def test_any_octets_give_an_identity(octets):
    found = SignerIdentity.of(certificate(octets, alternative=octets))
    assert found.kind in SignerKind
    assert isinstance(name_text(octets), str)
