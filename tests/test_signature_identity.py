"""Who signed: kinds, numbers and masking, from names made octet by octet."""

from __future__ import annotations

import copy
import json
import pickle
from types import SimpleNamespace
from typing import cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.pki import Certificate, Extension, Name, der
from vndoc.signature.identity import MaskedNumber, SignerIdentity, SignerKind, name_text
from vndoc.signature.originals import OrganisationRecord

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
        ([("CN", "Trần Thị Thử"), ("UID", f"MST:{NUMBER}")], PERSON),
        ([("CN", "Trần Thị Thử"), ("O", "Sở Thử nghiệm"), ("UID", f"MST:{NUMBER}")], PERSON),
        ([("CN", "Trần Thị Thử"), ("UID", f"CCCD:{NUMBER}"), ("UID", f"MST:{NUMBER}")], PERSON),
        ([("CN", "Trần Thị Thử"), ("title", "Giám đốc"), ("UID", f"MST:{NUMBER}")], PERSON),
        ([("CN", "Hộ kinh doanh Thử"), ("O", "Hộ kinh doanh Thử"), ("UID", f"MST:{NUMBER}")], ORGANISATION),
        ([("CN", "Công ty Thử"), ("UID", f"MST:{NUMBER}"), ("UID", "MST:0123456789")], ORGANISATION),
        ([("CN", "Sở Thử nghiệm"), ("UID", "MNS:123456789")], ORGANISATION),
        ([("CN", "Sở Thử nghiệm"), ("UID", f"MNS:{NUMBER}")], ORGANISATION),
        ([("CN", "Công ty Thử"), ("UID", "MST:012345678")], ORGANISATION),
        ([("CN", "Công ty Thử"), ("UID", f"MST:{NUMBER}-001")], ORGANISATION),
        ([("CN", "Trần Thị Thử"), ("UID", "MST:001-099-000123")], PERSON),
        ([("CN", "Trần Thị Thử"), ("serialNumber", "TINVN-0123456789")], PERSON),
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
        ("MST:0123456789-001", "UID=MST:0123456789-001"),
        (f"MST:{NUMBER}", "UID=MST:*********123"),
        ("cccd = 001-099-000123", "UID=cccd = ***-***-***123"),
        ("TINVN-8123456789", "UID=TINVN-*******789"),
    ],
)
def test_names_as_text_are_masked(text, shown):
    found = name_text(name(("UID", text)))
    assert found.startswith(shown[:-3])
    if len(text) > 15:
        assert found == shown


@pytest.mark.parametrize(
    "text", ["CMND:1234567", "HC:C1234567", "PNOVN-1234567", "CCCD:00109 9000123", "CCCD:1\n234567"]
)
@pytest.mark.parametrize("kind", ["UID", "serialNumber"])
def test_a_name_hides_numbers_of_persons_of_any_length(kind, text):
    found = Name.load(name((kind, text), ("O", "Sở Thử")))
    for shown in (found.rfc4514(), repr(found), repr(found.attributes), name_text(name((kind, text)))):
        assert "123" not in shown.replace("123'", "")[:-3]
        assert "4567" not in shown
        assert kind in shown
    assert found.first(kind) == text


# -- numbers of organisations -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "known", "same"),
    [
        ("0123456789", "0123456789", True),
        ("0123456789", "0123456789-001", False),
        ("0123456789-001", "0123456789-001", True),
        ("0123456789-001", "0123456789001", True),
        ("0123456789001", " 0123456789 - 001 ", True),
        ("0123456789-001", "0123456789-002", False),
        ("0123456789-001", "0123456789", False),
        (NUMBER, NUMBER, True),
        (NUMBER, "001 099 000 123", True),
        ("001-099-000123", NUMBER, True),
        (NUMBER, "001099000999", False),
        (NUMBER, "002099000123", False),
        (NUMBER, "*********123", False),
        (NUMBER, "123", False),
        (NUMBER, "", False),
        ("012345678", "012345678", True),
        ("-", "-", False),
        ("-", "", False),
    ],
)
def test_tax_codes_are_compared_whole(number, known, same):
    signer = identity(("CN", "Thử"), ("O", "Thử"), ("UID", f"MST:{number}"))
    assert OrganisationRecord(tax_codes=("9876543210", known), names=("Thử",)).is_of(signer) is same
    again = pickle.loads(pickle.dumps(signer))  # noqa: S301 - our own
    for other in (again, copy.deepcopy(signer)):
        assert other == signer
        assert OrganisationRecord(tax_codes=(known,)).is_of(other) is same


def test_what_is_masked_says_nothing_about_itself():
    """Nine digits are hidden, of which a thousand million others could be the same."""
    signer = attrs.evolve(identity(("CN", "Thử")), tax_code="*********123")
    assert not OrganisationRecord(tax_codes=("*********123", "123", NUMBER)).is_of(signer)


def test_the_code_of_the_organisation_is_taken_before_that_of_the_person():
    signer = identity(("CN", "Thử"), ("UID", f"MST:{NUMBER}"), ("UID", "MST:0123456789"))
    assert signer.tax_code == "0123456789"
    assert OrganisationRecord(tax_codes=("0123456789",)).is_of(signer)
    assert not OrganisationRecord(tax_codes=(NUMBER,)).is_of(signer)


@given(st.integers(0, 10**12 - 1).map("{:012d}".format))
def test_a_masked_number_shows_three_digits_and_knows_the_whole(number):
    masked = MaskedNumber(number)
    assert masked == "*********" + number[-3:]
    shown = [repr(masked), str(masked), f"{masked}", json.dumps({"x": masked}), masked.upper()]
    assert not any(number[i : i + 4] in text for text in shown for i in range(9))
    assert masked.is_number(number)
    assert masked.is_number("-".join((number[:3], number[3:6], number[6:])))
    assert not masked.is_number(f"{(int(number) + 1000) % 10**12:012d}")
    assert not masked.is_number(str(masked))


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
