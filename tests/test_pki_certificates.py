"""Certificates, names and extensions as values: ``cryptography`` reads the same, odd octets end in one error."""

from __future__ import annotations

import base64
import datetime

import pytest
from cryptography import x509
from hypothesis import example, given
from hypothesis import strategies as st

from pki_support import day
from vndoc.errors import CertificateError
from vndoc.pki import RECOGNISED, Certificate, Extension, Name, der, load_certificates
from vndoc.pki.certificate import MAX_CERTIFICATE, read_extensions, serial_octets
from vndoc.pki.extensions import GeneralName
from vndoc.pki.names import NameAttribute, key_or_octets, name_key, same_name, within
from vndoc.pki.recognised import CONFIRM
from vndoc.testing.pki import Authority

KEY = "p256"


@pytest.fixture(scope="module")
def root():
    return Authority.root("Root", key=KEY)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # PKITS has negative ones on purpose
def test_cryptography_reads_the_same(shared):
    seen = 0
    for path in sorted((shared / "vectors" / "pkits" / "certs").glob("*.crt")):
        data = path.read_bytes()
        ours = Certificate.load(data)
        try:
            theirs = x509.load_der_x509_certificate(data)
        except ValueError:
            continue  # DSA parameters that are inherited
        seen += 1
        assert ours.tbs == theirs.tbs_certificate_bytes
        assert ours.issuer == theirs.issuer.public_bytes()
        assert ours.subject == theirs.subject.public_bytes()
        assert ours.serial == theirs.serial_number
        assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
        assert ours.version == theirs.version.value + 1
        assert set(ours.extensions) == {e.oid.dotted_string for e in theirs.extensions}
        assert {o for o, e in ours.extensions.items() if e.critical} == {
            e.oid.dotted_string for e in theirs.extensions if e.critical
        }
        assert ours.signature in (theirs.signature, b"")
    assert seen > 400


def test_certificates_are_values(root):
    one, two = root.certificate, Certificate.load(root.certificate.der)
    assert one == two
    assert one != one.der
    assert hash(one) == hash(two)
    assert one.fingerprint.hex()[:16] in repr(one)
    assert one.key_bits == 256
    assert one.self_issued
    assert Certificate.signature_algorithm.__doc__


def test_forms_that_are_loaded(root):
    octets = root.certificate.der
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(octets) + b"-----END CERTIFICATE-----\n"
    assert Certificate.load(pem) == root.certificate
    assert load_certificates(pem + pem) == (root.certificate, root.certificate)
    assert load_certificates(octets) == (root.certificate,)
    with pytest.raises(CertificateError):
        Certificate.load(pem + pem)
    with pytest.raises(CertificateError):
        load_certificates(b"nothing")
    with pytest.raises(CertificateError):
        load_certificates(pem.replace(b"MII", b"!II", 1).replace(b"MI", b"*I", 1))


def bundle(*certificates, oid="1.2.840.113549.1.7.2", tail=b""):
    content = der.encode(
        der.SEQUENCE,
        der.encode(der.INTEGER, b"\1"),
        der.encode(der.SET),
        der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.7.1")),
        der.encode(der.context(0), *certificates, tail),
        der.encode(der.SET),
    )
    return der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.context(0), content))


def test_bundles(root):
    octets = root.certificate.der
    assert load_certificates(bundle(octets, octets, tail=b"\xa1\x00")) == (root.certificate, root.certificate)
    with pytest.raises(CertificateError, match="PKCS#7"):
        load_certificates(bundle(octets, oid="1.2.840.113549.1.7.1"))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d[:-1],
        lambda d: d + b"\0",
        lambda d: b"\x30\x00",
        lambda d: b"",
        lambda d: b"\x31" + d[1:],
        lambda d: b"\x30" + b"\x00" * (MAX_CERTIFICATE + 1),
        lambda d: d.replace(b"\x17\x0d", b"\x18\x0d", 1),
        lambda d: d.replace(b"\x17\x0d18", b"\x17\x0dxx", 1),
        lambda d: d.replace(b"\x17\x0d1808", b"\x17\x0d1899", 1),
        lambda d: d.replace(b"\x06\x03\x55\x1d\x0f", b"\x05\x03\x55\x1d\x0f", 1),
        lambda d: d.replace(b"\x06\x03\x55\x1d\x0f", b"\x06\x03\x55\x1d\x8f", 1),
    ],
)
def test_octets_that_are_no_certificate(root, change):
    with pytest.raises(CertificateError):
        Certificate.load(change(root.certificate.der))


def test_parts_that_are_missing(root):
    tbs = der.children(der.read(root.certificate.tbs))
    outer = der.children(der.read(root.certificate.der))

    def load(parts, tail=b""):
        body = der.encode(der.SEQUENCE, *(p if isinstance(p, bytes) else p.octets for p in parts))
        return Certificate.load(der.encode(der.SEQUENCE, body, outer[1].octets, outer[2].octets, tail))

    assert load(tbs).serial == root.certificate.serial
    assert load([b"\xa0\x03\x02\x01\x01", *tbs[1:]]).version == 2
    assert load([b"\xa0\x04\x02\x02\x00\x02", *tbs[1:]]).version == 3
    for left_out in range(1, 7):
        with pytest.raises(CertificateError):
            load(tbs[:left_out] + tbs[left_out + 1 :])
    with pytest.raises(CertificateError):
        load([tbs[0], b"\x02\x00", *tbs[2:]])  # a serial number without octets
    with pytest.raises(CertificateError):
        load(tbs, b"\x05\x00")
    times = der.children(tbs[4])
    with pytest.raises(CertificateError):
        load([*tbs[:4], der.encode(der.SEQUENCE, times[0].octets), *tbs[5:]])
    with pytest.raises(CertificateError):
        load([*tbs[:4], der.encode(der.SEQUENCE, *(t.octets for t in times), b"\x05\x00"), *tbs[5:]])
    generalized = der.encode(der.GENERALIZED_TIME, b"20180101000000Z")
    assert load([*tbs[:4], der.encode(der.SEQUENCE, generalized, times[1].octets), *tbs[5:]]).not_before == day(2018)
    odd = der.encode(der.UTC_TIME, b"180101000000z")
    with pytest.raises(CertificateError):
        load([*tbs[:4], der.encode(der.SEQUENCE, odd, times[1].octets), *tbs[5:]])
    unique = der.encode(0x81, b"\0\1")
    assert load([*tbs[:7], unique, tbs[7]]).extensions == root.certificate.extensions
    assert load(tbs[:7]).extensions == {}
    with pytest.raises(CertificateError):
        load([*tbs[:7], der.encode(0xA3, der.encode(der.SEQUENCE), b"\x05\x00")])
    item = der.encode(der.SEQUENCE, der.encode_oid("1.2.3"), b"\x04\x00", b"\x05\x00")
    with pytest.raises(CertificateError):
        load([*tbs[:7], der.encode(0xA3, der.encode(der.SEQUENCE, item))])
    value = der.encode(der.BIT_STRING, b"\1\0")
    body = der.encode(der.SEQUENCE, root.certificate.tbs, outer[1].octets, value)
    assert Certificate.load(body).signature == b""


@given(st.binary(max_size=200))
def test_any_octets_give_a_certificate_or_one_error(data):
    for load in (Certificate.load, load_certificates, Name.load):
        try:
            load(data)
        except CertificateError:
            continue


@given(st.integers(0, 5000), st.integers(1, 255))
def test_changed_certificates_are_read_or_refused(where, change):
    root = Authority.root("Root", key=KEY)
    octets = bytearray(root.person("Nguyễn Văn An", key=KEY, cccd="001099000001").certificate.der)
    octets[where % len(octets)] ^= change
    try:
        certificate = Certificate.load(bytes(octets))
    except CertificateError:
        return
    for name in ("profile", "subject_text", "issuer_text", "subject_key_id", "authority_key_id", "extensions"):
        getattr(certificate, name)
    for name in ("public_key", "signature_algorithm", "key_bits"):
        try:
            getattr(certificate, name)
        except CertificateError:
            continue
    try:
        certificate.profile.alternative_names()
    except CertificateError:
        return


@given(st.integers(-(1 << 200), 1 << 200))
def test_serial_numbers_are_encoded_shortest(number):
    octets = serial_octets(number)
    assert int.from_bytes(octets, "big", signed=True) == number
    assert len(octets) == 1 or octets[:2] not in {b"\0" + bytes([n]) for n in range(128)} | {
        b"\xff" + bytes([n]) for n in range(128, 256)
    }


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("2.5.29.14", b"\x05\x00"),
        ("2.5.29.14", b""),
        ("2.5.29.35", b"\x30\x05"),
        ("2.5.29.35", b"\x30\x00"),
        ("2.5.29.35", b"\x30\x03\x82\x01\x05"),
    ],
)
def test_key_identifiers_are_hints(root, oid, value):
    odd = root.person("An", key=KEY, extra=[Extension(oid, False, value)]).certificate
    assert (odd.subject_key_id if oid == "2.5.29.14" else odd.authority_key_id) is None
    bare = root.person("An", key=KEY, without=[oid]).certificate
    assert (bare.subject_key_id if oid == "2.5.29.14" else bare.authority_key_id) is None


# -- names ------------------------------------------------------------------------------------------------


def name(*rdns):
    """Return a DER Name; each RDN is a list of (OID, tag, content)."""
    sets = []
    for rdn in rdns:
        parts = [der.encode(der.SEQUENCE, der.encode_oid(o), der.encode(t, c)) for o, t, c in rdn]
        sets.append(der.encode(der.SET, *parts))
    return der.encode(der.SEQUENCE, *sets)


CN, ORG, UID = "2.5.4.3", "2.5.4.10", "0.9.2342.19200300.100.1.1"


def test_a_person_is_shown_with_the_number_masked(root):
    person = root.person("Nguyễn Văn An", cccd="001099000001", organisation="Sở Nội vụ", key=KEY)
    read = Name.load(person.certificate.subject)
    assert read.display() == "Nguyễn Văn An, Sở Nội vụ"
    assert read.first("CN") == "Nguyễn Văn An"
    assert read.first("2.5.4.3") == "Nguyễn Văn An"
    assert read.first("title") is None
    assert read.identifiers == (("CCCD", "001099000001"),)
    for shown in (read.rfc4514(), repr(read), repr(read.attributes), person.certificate.subject_text):
        assert "001099000001" not in shown
    assert "UID=CCCD:*********001" in read.rfc4514()
    assert read.rfc4514().endswith("C=VN")


def test_identifiers_of_organisations(root):
    body = root.organisation("Sở Nội vụ", mst="0100109106", units=["Phòng Một", "Phòng Hai"], key=KEY)
    read = Name.load(body.certificate.subject)
    assert read.identifiers == (("MST", "0100109106"),)
    assert read.display() == "Sở Nội vụ, Phòng Hai, Phòng Một"
    other = Name.load(name([(UID, 0x0C, b"someone")], [(UID, 0x0C, b"mns: 1234567")], [(UID, 0x0C, b"XYZ:1")]))
    assert other.identifiers == (("", "someone"), ("MNS", "1234567"), ("", "XYZ:1"))
    assert other.display() == other.rfc4514()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a,b", "a\\,b"),
        (" a ", "\\ a\\ "),
        ("#a", "\\#a"),
        ("a\0b", "a\\00b"),
        ("", ""),
        (" ", "\\ "),
        ('"+;<>\\', '\\"\\+\\;\\<\\>\\\\'),
    ],
)
def test_rfc_4514_escapes(text, escaped):
    assert Name.load(name([(CN, 0x0C, text.encode())])).rfc4514() == f"CN={escaped}"


def test_string_types():
    texts = {
        0x0C: "An Ô".encode(),
        0x13: b"An",
        0x14: "Ô".encode("latin-1"),
        0x1E: "An Ô".encode("utf-16-be"),
        0x1C: "Ô".encode("utf-32-be"),
        0x16: b"an@example.vn",
    }
    for tag, content in texts.items():
        assert not NameAttribute(CN, tag, content).text.startswith("#")
    assert NameAttribute(CN, 0x0C, b"\xff").text == "#ff"
    assert NameAttribute(CN, 0x1E, b"\0").text == "#00"
    assert NameAttribute(CN, 0x04, b"\1").text == "#01"
    assert NameAttribute("1.2.3", 0x0C, b"x").label == "1.2.3"
    assert Name.load(name([(CN, 0x0C, b"a"), (ORG, 0x0C, b"b")])).rfc4514() == "CN=a+O=b"


@pytest.mark.parametrize(
    "data",
    [b"", b"\x31\x00", b"\x30\x00\x00", b"\x30\x02\x30\x00", b"\x30\x04\x31\x02\x30\x00", b"\x30\x04\x31\x02\x05\x00"],
)
def test_octets_that_are_no_name(data):
    with pytest.raises(CertificateError):
        Name.load(data)
    assert key_or_octets(data) == data


def test_names_are_equal_by_rfc_5280():
    one = name([(CN, 0x13, b"An  Nguyen")], [(ORG, 0x0C, "Sở".encode())])
    two = name([(CN, 0x0C, b" an nguyen ")], [(ORG, 0x1E, "SỞ".encode("utf-16-be"))])
    assert one != two
    assert name_key(one) == name_key(two)
    both = name([(CN, 0x0C, b"a"), (ORG, 0x0C, b"b")])
    assert name_key(both) == name_key(name([(ORG, 0x0C, b"b"), (CN, 0x0C, b"a")]))
    assert name_key(both) != name_key(name([(CN, 0x0C, b"a")], [(ORG, 0x0C, b"b")]))
    assert name_key(name([(CN, 0x04, b"a")])) != name_key(name([(CN, 0x0C, b"a")]))
    long = name([(CN, 0x0C, b"x" * 2000)])
    assert name_key(long) == name_key(name([(CN, 0x0C, b"X" * 2000)]))


def test_below_a_name():
    base = name([(ORG, 0x0C, b"Gov")])
    assert within(name([(ORG, 0x13, b"GOV")], [(CN, 0x0C, b"a")]), base)
    assert within(base, base)
    assert within(base, b"\x30\x00")
    assert not within(base, name([(ORG, 0x0C, b"Gov")], [(CN, 0x0C, b"a")]))
    assert not within(name([(CN, 0x0C, b"a")], [(ORG, 0x0C, b"Gov")]), base)


def test_a_name_that_cannot_be_read_is_shown_in_hexadecimal(root):
    broken = root.certificate.der.replace(b"\x06\x03\x55\x04\x03", b"\x05\x03\x55\x04\x03")
    certificate = Certificate.load(broken)
    assert certificate.subject_text.startswith("#30")
    assert certificate.issuer_text.startswith("#30")


# -- extensions -------------------------------------------------------------------------------------------


def profile(root, *rows):
    return root.issue({"CN": "x"}, key=KEY, extensions=list(rows)).certificate.profile


def ext(oid, value):
    return Extension(oid, False, value)


@pytest.mark.parametrize(
    ("value", "ca", "length"),
    [
        (b"\x30\x00", False, None),
        (b"\x30\x03\x01\x01\xff", True, None),
        (b"\x30\x03\x01\x01\x01", True, None),
        (b"\x30\x03\x01\x01\x00", False, None),
        (b"\x30\x06\x01\x01\xff\x02\x01\x05", True, 5),
    ],
)
def test_basic_constraints(root, value, ca, length):
    found = profile(root, ext("2.5.29.19", value))
    assert (found.ca, found.path_length, found.malformed) == (ca, length, ())


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("2.5.29.19", b"\x30\x03\x02\x01\xff"),
        ("2.5.29.19", b"\x30\x02\x02\x00"),
        ("2.5.29.19", b"\x30\x02\x05\x00"),
        ("2.5.29.19", b"\x31\x00"),
        ("2.5.29.15", b"\x05\x00"),
        ("2.5.29.15", b"\x03\x01\x09"),
        ("2.5.29.30", b"\x30\x02\xa5\x00"),
        ("2.5.29.30", b"\x30\x06\xa0\x04\x30\x02\x05\x00"),
        ("2.5.29.30", b"\x30\x09\xa0\x07\x30\x05\x82\x00\x81\x01\x01"),
        ("2.5.29.32", b"\x30\x00"),
        ("2.5.29.32", b"\x30\x0c\x30\x04\x06\x02\x2a\x03\x30\x04\x06\x02\x2a\x03"),
        ("2.5.29.33", b"\x30\x06\x30\x04\x06\x02\x2a\x03"),
        ("2.5.29.36", b"\x30\x02\x05\x00"),
        ("2.5.29.36", b"\x30\x03\x80\x01\xff"),
        ("2.5.29.37", b"\x30\x02\x05\x00"),
        ("2.5.29.54", b"\x05\x00"),
        ("2.5.29.54", b"\x02\x01\xff"),
    ],
)
def test_malformed_extensions_are_named(root, oid, value):
    assert profile(root, ext(oid, value)).malformed == (oid,)


def test_well_formed_extensions(root):
    found = profile(
        root,
        ext("2.5.29.15", b"\x03\x02\x01\x06"),
        ext("2.5.29.36", b"\x30\x06\x80\x01\x00\x81\x01\x02"),
        ext("2.5.29.54", b"\x02\x01\x03"),
        ext("2.5.29.33", b"\x30\x0a\x30\x08\x06\x02\x2a\x03\x06\x02\x2a\x04"),
        ext("2.5.29.17", b"\x30\x05\x82\x03a.b"),
    )
    assert found.key_usage == 0b110_0000
    assert found.may(1 << 5)
    assert not found.may(1)
    assert (found.require_explicit, found.inhibit_mapping, found.inhibit_any) == (0, 2, 3)
    assert found.mappings == (("1.2.3", "1.2.4"),)
    assert found.alternative_names() == (GeneralName(2, b"a.b"),)
    assert profile(root, ext("2.5.29.15", b"\x03\x03\x07\x06\x80")).key_usage == 0b1_0110_0000
    assert profile(root, ext("2.5.29.15", b"\x03\x01\x00")).key_usage == 0
    assert profile(root).alternative_names() == ()
    assert profile(root).may(1)


# -- what is recognised -----------------------------------------------------------------------------------


def test_the_table_of_recognised_certificates():
    assert len(RECOGNISED) == 36
    for fingerprint, row in RECOGNISED.items():
        assert fingerprint == row.fingerprint
        assert len(bytes.fromhex(fingerprint)) == 32
        assert row.since < row.until
        assert row.role in {"root", "ca", "tsa"}
        assert row.publisher
        assert int(row.serial, 16) > 0
    assert {row.family for row in RECOGNISED.values()} == {
        "vgca-g1",
        "vgca-g2",
        "national",
        "public-ca",
        "foreign-tsa",
    }
    assert [r.name for r in RECOGNISED.values() if r.family == "national"] == [
        "MIC National Root CA",
        "Vietnam National Root CA",
    ]
    assert RECOGNISED["F04BA4B459A7C9A1B971AD9B1CB833E695A80C79AEA63B174B66A70EDFE2FDB8"].until == datetime.date(
        2048, 8, 14
    )
    assert CONFIRM.vi


# -- what is read in place, and what is read element by element, must be the same ---------------------------

HOSTILE = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3)


def changed(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    octets = bytearray(data)
    for at, value in changes:
        octets[at % len(octets)] = value
    return bytes(octets)


def one_by_one(data: bytes) -> list[tuple[str, bool, bytes]]:
    """Return the extensions of the SEQUENCE *data*, read as a tree."""
    outer = der.read(data, ber=True)
    if outer.tag != der.SEQUENCE or outer.stop != len(data):
        raise CertificateError("der-malformed", offset=0)
    found = []
    for item in der.children(outer, ber=True):
        parts = der.children(item, ber=True)
        critical = len(parts) == 3 and parts[1].tag == der.BOOLEAN
        if item.tag != der.SEQUENCE or len(parts) != 2 + critical or parts[-1].tag != der.OCTET_STRING:
            raise CertificateError("der-malformed", offset=item.start)
        found.append((der.oid(parts[0]), critical and parts[1].content != b"\0", parts[-1].content))
    return found


@given(HOSTILE)
@example([(1, 0x81)])
def test_extensions_in_place_are_those_of_the_tree(changes):
    data = changed(EXTENSIONS, changes)
    try:
        expected = one_by_one(data)
    except CertificateError:
        with pytest.raises(CertificateError):
            read_extensions(data, 0, len(data))
        return
    found, repeated = read_extensions(data, 0, len(data))
    first = {oid: (critical, value) for oid, critical, value in reversed(expected)}
    assert {oid: (row.critical, row.value) for oid, row in found.items()} == first
    assert repeated == (len(first) < len(expected))


@given(HOSTILE, st.booleans())
def test_names_in_place_are_those_of_the_tree(changes, plain):
    data = changed(NAME if plain else der.encode(der.SEQUENCE, *2 * [der.read(NAME).content]), changes)
    try:
        tree = Name.load(data)
    except CertificateError:
        with pytest.raises(CertificateError):
            name_key(data)
        assert not same_name(data, NAME)
        return
    key = name_key(data)
    assert [{oid for oid, _ in rdn} for rdn in key] == [{a.oid for a in rdn} for rdn in tree.rdns]
    assert same_name(data, NAME) == same_name(NAME, data) == (key == name_key(NAME))


def made() -> tuple[bytes, bytes]:
    who = Authority.root("Root", key=KEY).person("Nguyễn Văn An", cccd="001099000001", key=KEY).certificate
    # with one that is critical and long, and one that is of no usual arc
    rows = [
        der.encode(der.SEQUENCE, der.encode_oid(oid), flag, der.encode(der.OCTET_STRING, value))
        for oid, flag, value in [
            *((e.oid, b"\x01\x01\xff" if e.critical else b"", e.value) for e in who.extensions.values()),
            ("2.5.29.17", b"\x01\x01\xff", bytes(130)),
            ("1.2.3.4", b"\x01\x01\0", b""),
            ("2.5.29.60", b"", b"x"),
        ]
    ]
    return der.encode(der.SEQUENCE, *rows), who.subject


EXTENSIONS, NAME = made()
