"""The test PKI issues what it says: read back by ``cryptography``, ``asn1crypto`` and ``openssl``."""

from __future__ import annotations

import datetime
import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import core, tsp
from asn1crypto import crl as asn1crl
from asn1crypto import ocsp as asn1ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from vndoc.errors import UsageError
from vndoc.pki import Certificate, Extension, Family, SignatureAlgorithm
from vndoc.pki.algorithms import verify
from vndoc.testing._assembly import public_key_info
from vndoc.testing.pki import (
    GOVERNMENT_POLICY,
    Authority,
    Identity,
    Scope,
    TimestampAuthority,
    authority_key,
    basic_constraints,
    distribution_points,
    extension,
    key_usage,
    ocsp_failure,
    policies,
    subject_key,
)

AT = datetime.datetime(2025, 6, 1, 8, 30, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
PSS = SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha256", 32)


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root("Root", key="p256")


@pytest.fixture(scope="module")
def agencies(root: Authority) -> Authority:
    return root.subordinate("CA of agencies", key="p384", path_length=0)


def issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    return certificate.issuer == issuer.subject and verify(
        issuer.public_key, certificate.signature_algorithm, certificate.signature, data=certificate.tbs
    )


def openssl(program: Callable[[str], str], *arguments: str | Path, check: bool = True) -> str:
    done = subprocess.run([program("openssl"), *arguments], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout + done.stderr


# -- certificates ---------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["rsa-1024", "rsa-2048", "rsa-3072", "p256", "p384", "p521", "ed25519", "ed448"])
def test_every_kind_of_key_signs_and_is_verified(key: str, program: Callable[[str], str], tmp_path: Path) -> None:
    root = Authority.root("Root", key=key)
    person = root.person("Nguyễn Văn An", key=key)
    assert issued_by(person.certificate, root.certificate)
    assert issued_by(root.certificate, root.certificate)
    (tmp_path / "root.pem").write_bytes(pem(root.certificate))
    (tmp_path / "leaf.pem").write_bytes(person.pem())
    assert "OK" in openssl(
        program, "verify", "-auth_level", "0", "-CAfile", tmp_path / "root.pem", tmp_path / "leaf.pem"
    )


def pem(*certificates: Certificate) -> bytes:
    return b"".join(
        x509.load_der_x509_certificate(c.der).public_bytes(serialization.Encoding.PEM) for c in certificates
    )


def test_an_unknown_kind_of_key_is_refused() -> None:
    for kind in ("rsa", "dsa-2048", "p255", "rsa-x"):
        with pytest.raises(UsageError) as caught:
            Authority.root("Root", key=kind)
        assert caught.value.code == "option-invalid"


def test_the_same_name_has_the_same_key_and_other_names_have_others(root: Authority) -> None:
    assert Authority.root("Root", key="p256").key is root.key
    assert Authority.root("Other", key="p256").key is not root.key
    assert Authority.root("Other", key=root.key).key is root.key


def test_serial_numbers_depend_on_the_arguments_only() -> None:
    def make() -> list[int]:
        root = Authority.root("Root", key="p256")
        return [
            root.certificate.serial,
            *(root.person("Nguyễn Văn An", key="p256").certificate.serial for _ in range(2)),
        ]

    first = make()
    assert first == make()
    assert len(set(first)) == 3
    assert all(serial.bit_length() == 63 for serial in first)
    assert Authority.root("Root", key="p256", serial=4).certificate.serial == 4


def test_a_hierarchy_signs_with_sha1_where_it_is_asked_to(program: Callable[[str], str], tmp_path: Path) -> None:
    root = Authority.root("Root G1", digest="sha1", style="g1")
    below = root.subordinate("CA G1")
    person, tsa = below.person("Trần Thị Bình"), root.tsa(digest="sha256")
    assert [c.signature_algorithm.digest for c in (root.certificate, below.certificate, person.certificate)] == [
        "sha1"
    ] * 3
    assert tsa.certificate.signature_algorithm.digest == "sha256"
    assert person.chain == (below.certificate, root.certificate) == below.chain
    assert issued_by(below.certificate, root.certificate)
    (tmp_path / "root.pem").write_bytes(pem(root.certificate))
    (tmp_path / "below.pem").write_bytes(pem(below.certificate))
    (tmp_path / "leaf.pem").write_bytes(pem(person.certificate))
    said = openssl(
        program,
        "verify",
        "-auth_level",
        "0",
        "-CAfile",
        tmp_path / "root.pem",
        "-untrusted",
        tmp_path / "below.pem",
        tmp_path / "leaf.pem",
    )
    assert "OK" in said


def test_a_certificate_can_be_signed_with_rsassa_pss() -> None:
    root = Authority.root("Root PSS", digest=PSS)
    assert root.certificate.signature_algorithm == PSS
    assert issued_by(root.person("An").certificate, root.certificate)


def test_subjects_hold_what_vietnamese_certificates_hold(agencies: Authority) -> None:
    person = agencies.person(
        "Nguyễn Văn An",
        cccd="001099000001",
        organisation="Sở Thí nghiệm",
        title="Giám đốc",
        email="an@so.example",
        key="p256",
    )
    shown = x509.load_der_x509_certificate(person.certificate.der).subject.rfc4514_string()
    assert "UID=CCCD:001099000001" in shown
    assert "O=Sở Thí nghiệm" in shown
    body = agencies.organisation(
        "Sở Thí nghiệm",
        mst="0100000000-001",
        mns="1234567",
        units=["Phòng A", "Phòng B"],
        province="Hà Nội",
        key="p256",
    )
    subject = x509.load_der_x509_certificate(body.certificate.der).subject
    assert [a.value for a in subject.get_attributes_for_oid(x509.NameOID.USER_ID)] == [
        "MST:0100000000-001",
        "MNS:1234567",
    ]
    assert len(subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)) == 2
    plain = x509.load_der_x509_certificate(agencies.organisation("Sở", key="p256").certificate.der)
    assert not plain.subject.get_attributes_for_oid(x509.NameOID.USER_ID)


def test_a_name_is_given_in_three_ways(root: Authority) -> None:
    as_dict = root.issue({"C": "VN", "2.5.4.3": "An"}, key="p256")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An")])
    as_name = root.issue(name, key="p256")
    assert as_name.certificate.subject == name.public_bytes()
    assert root.issue(as_dict.certificate.subject, key="p256").certificate.subject == as_dict.certificate.subject
    long = root.issue({"CN": "Đ" * 127}, key="p256")  # longer than X.520 allows, as met
    assert "Đ".encode() * 127 in long.certificate.subject


def test_styles_differ_as_the_real_ones_do() -> None:
    found = {}
    for style in ("public", "g2", "g1"):
        root = Authority.root(f"Root {style}", key="p256", style=style)
        found[style] = root.person("An", email="an@so.example", key="p256").certificate
        bare = x509.load_der_x509_certificate(root.person("An", key="p256").certificate.der)
        with pytest.raises(x509.ExtensionNotFound):
            bare.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert "2.5.29.17" in found[style].extensions
    assert "2.5.29.37" not in found["public"].extensions
    assert GOVERNMENT_POLICY in str(
        x509.load_der_x509_certificate(found["g2"].der).extensions.get_extension_for_class(x509.CertificatePolicies)
    )
    assert "2.16.840.1.113730.1.1" in found["g1"].extensions
    assert len(found["g1"].extensions["2.5.29.35"].value) > 40  # the issuer's name and serial, too
    for certificate in found.values():
        assert certificate.subject_key_id is not None
        assert certificate.authority_key_id is not None


def test_extensions_are_replaced_added_and_taken_away(root: Authority) -> None:
    rows = root.issue({"CN": "A"}, key="p256").certificate.extensions
    usage = key_usage("crl_sign", critical=False)
    own = Extension("1.3.6.1.4.1.55555.1", True, b"\x05\x00")
    changed = root.issue({"CN": "A"}, key="p256", extra=[usage, own], without=["2.5.29.31"]).certificate.extensions
    assert changed["2.5.29.15"] == usage
    assert changed["1.3.6.1.4.1.55555.1"] == own
    assert set(changed) == (set(rows) | {own.oid}) - {"2.5.29.31"}
    assert root.issue({"CN": "A"}, key="p256", extensions=[usage]).certificate.extensions == {usage.oid: usage}
    assert root.issue({"CN": "A"}, key="p256", extensions=[]).certificate.version == 1
    twice = root.issue({"CN": "A"}, key="p256", extensions=[own, own])
    assert twice.certificate.repeated_extensions


def test_helpers_of_extensions_are_what_cryptography_reads(root: Authority) -> None:
    spki = public_key_info(root.key)
    rows = [
        basic_constraints(3),
        key_usage("digital_signature", "key_agreement", "decipher_only"),
        subject_key(spki),
        authority_key(spki, root.certificate.subject, 0x80),
        distribution_points("http://a.example/1", "http://b.example/2", issuer=root.certificate.subject),
        policies("2.5.29.32.0"),
        extension(x509.OCSPNoCheck()),
    ]
    read = x509.load_der_x509_certificate(
        root.issue({"CN": "A"}, key="p256", extensions=rows).certificate.der
    ).extensions
    assert read.get_extension_for_class(x509.BasicConstraints).value.path_length == 3
    assert read.get_extension_for_class(x509.AuthorityKeyIdentifier).value.authority_cert_serial_number == 0x80
    points = read.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [p.full_name[0].value for p in points] == ["http://a.example/1", "http://b.example/2"]
    assert points[0].crl_issuer[0].value.public_bytes() == root.certificate.subject
    usage = extension(x509.KeyUsage(True, *[False] * 8))
    assert key_usage("digital_signature", critical=False) == usage
    assert key_usage().value == b"\x03\x01\x00"
    with pytest.raises(UsageError):
        key_usage("nonsense")


def test_subordinates_carry_what_they_are_asked_for(root: Authority) -> None:
    below = root.subordinate(
        {"CN": "Sub"},
        key="p256",
        digest="sha384",
        style="public",
        extra=[basic_constraints(1)],
        without=["2.5.29.14"],
        serial=7,
        valid=(AT, AT + HOUR),
    )
    assert below.digest == "sha384"
    assert below.certificate.signature_algorithm.digest == "sha384"
    assert below.certificate.serial == 7
    assert below.certificate.not_after == AT + HOUR
    assert below.certificate.subject_key_id is None
    assert below.person("An", key="p256").certificate.signature_algorithm.digest == "sha384"
    assert "2.5.29.37" not in below.person("An", key="p256").certificate.extensions


def test_times_after_2049_and_times_without_zone() -> None:
    far = datetime.datetime(2050, 1, 1, tzinfo=datetime.UTC)
    root = Authority.root("Root", key="p256", valid=(AT, far))
    assert root.certificate.not_after == far
    with pytest.raises(UsageError) as caught:
        Authority.root("Root", key="p256", valid=(datetime.datetime(2020, 1, 1), far))  # noqa: DTZ001 - the case
    assert caught.value.code == "time-zone-missing"


def test_keys_leave_as_pem_and_pkcs12_and_never_in_a_repr(agencies: Authority) -> None:
    person = agencies.person("An", cccd="001099000001", key="p256")
    locked = person.pem(b"secret")
    assert b"ENCRYPTED" in locked
    assert locked.count(b"BEGIN CERTIFICATE") == 3
    read = serialization.pkcs12.load_key_and_certificates(person.pkcs12(b"secret"), b"secret")
    assert len(read[2]) == 2
    for value in (person, agencies, person.signer(), TimestampAuthority(identity=person, time=AT)):
        assert "001099000001" not in repr(value)
        assert person.certificate.fingerprint.hex()[:16] in repr(value) or value is agencies


def test_an_identity_signs(agencies: Authority) -> None:
    person = agencies.person("An", key="rsa-2048")
    signer = person.signer()
    assert signer.certificate == person.certificate
    assert signer.chain == person.chain
    for algorithm in signer.algorithms:
        assert verify(person.certificate.public_key, algorithm, signer.sign(b"text", algorithm), data=b"text")
    assert person.signer(PSS).algorithms == (PSS,)


# -- revocation lists -----------------------------------------------------------------------------


def test_a_revocation_list_is_read_and_verified(agencies: Authority, program: Callable[[str], str], tmp_path: Path):
    gone = agencies.person("Gone", key="p256").certificate
    data = agencies.crl(
        revoked={gone.serial: (AT, "keyCompromise"), 5: (AT, None), 200: (AT, "certificateHold")},
        this_update=AT,
        next_update=AT + HOUR,
        number=300,
    )
    read = x509.load_der_x509_crl(data)
    assert read.is_signature_valid(x509.load_der_x509_certificate(agencies.certificate.der).public_key())
    assert read.last_update_utc == AT
    assert read.next_update_utc == AT + HOUR
    assert read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 300
    entry = read.get_revoked_certificate_by_serial_number(gone.serial)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    assert not read.get_revoked_certificate_by_serial_number(5).extensions
    assert read.get_revoked_certificate_by_serial_number(gone.serial + 1) is None
    (tmp_path / "list.crl").write_bytes(data)
    (tmp_path / "ca.pem").write_bytes(pem(*agencies.chain))
    assert "verify OK" in openssl(
        program, "crl", "-inform", "DER", "-in", tmp_path / "list.crl", "-CAfile", tmp_path / "ca.pem", "-noout"
    )


def test_openssl_refuses_a_certificate_on_the_list(agencies: Authority, program: Callable[[str], str], tmp_path: Path):
    gone = agencies.person("Gone", key="p256").certificate
    for issuer, name, revoked in ((agencies, "a", {gone: (AT, None)}), (agencies, "b", {})):
        crl = x509.load_der_x509_crl(issuer.crl(revoked=revoked, this_update=AT, next_update=AT + HOUR))
        (tmp_path / f"{name}.crl").write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "ca.pem").write_bytes(pem(*agencies.chain))
    (tmp_path / "leaf.pem").write_bytes(pem(gone))

    def said(name: str) -> str:
        at = str(int((AT + HOUR / 2).timestamp()))
        files = ("-CAfile", tmp_path / "ca.pem", "-CRLfile", tmp_path / f"{name}.crl", tmp_path / "leaf.pem")
        return openssl(program, "verify", "-attime", at, "-crl_check", *files, check=False)

    assert "certificate revoked" in said("a")
    assert "OK" in said("b")


def test_delta_scoped_and_indirect_lists(root: Authority, agencies: Authority) -> None:
    gone = agencies.person("Gone", key="p256").certificate
    own = root.person("Own", key="p256").certificate
    delta = x509.load_der_x509_crl(agencies.crl(this_update=AT, delta_base=8, revoked={gone: (AT, "removeFromCRL")}))
    assert delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).critical
    assert delta.next_update_utc is None
    scope = Scope(distribution_point="http://a.example/c", only_user=True, reasons=["keyCompromise", "aACompromise"])
    read = x509.load_der_x509_crl(root.crl(this_update=AT, scope=scope))
    point = read.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    assert point.only_contains_user_certs
    assert not point.indirect_crl
    assert point.only_some_reasons == frozenset({x509.ReasonFlags.key_compromise, x509.ReasonFlags.aa_compromise})
    assert point.full_name[0].value == "http://a.example/c"
    for flag, attribute in (("only_ca", "only_contains_ca_certs"), ("only_attribute", "only_contains_attribute_certs")):
        read = x509.load_der_x509_crl(root.crl(this_update=AT, scope=Scope(**{flag: True})))
        assert getattr(read.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value, attribute)
    revoked = {own: (AT, None), gone: (AT, None), 9: (AT, None)}
    indirect = asn1crl.CertificateList.load(root.crl(this_update=AT, scope=Scope(indirect=True), revoked=revoked))
    entries = indirect["tbs_cert_list"]["revoked_certificates"]
    issuers = [entry.issuer_name for entry in entries]
    assert issuers[0] is None
    assert issuers[1].untag().dump() == agencies.certificate.subject
    assert "certificate_issuer" not in str(entries[2].native)
    with pytest.raises(UsageError):
        root.crl(this_update=AT, revoked={1: (AT, "no such")})
    with pytest.raises(UsageError):
        root.crl(this_update=AT, scope=Scope(reasons=["no such"]))


def test_a_list_of_version_1(root: Authority) -> None:
    data = root.crl(this_update=AT, revoked={1: (AT, None)}, without=["2.5.29.35", "2.5.29.20"], digest="sha384")
    read = asn1crl.CertificateList.load(data)["tbs_cert_list"]
    assert read["version"].native is None
    assert read["signature"].hash_algo == "sha384"


# -- OCSP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["good", "revoked", "unknown"])
@pytest.mark.parametrize("delegated", [False, True])
def test_an_ocsp_response_is_read_and_verified(agencies: Authority, status: str, delegated: bool) -> None:
    person = agencies.person("An", key="p256")
    responder = agencies.ocsp_responder(key="p256") if delegated else None
    data = agencies.ocsp(
        person,
        status,
        AT,
        revoked=(AT - HOUR, "keyCompromise") if status == "revoked" else None,
        next_update=AT + HOUR,
        responder=responder,
        nonce=b"12345678",
        by_name=delegated,
    )
    read = ocsp.load_der_ocsp_response(data)
    assert read.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert read.certificate_status.name.lower() == status
    assert read.serial_number == person.certificate.serial
    assert read.produced_at_utc == read.this_update_utc == AT
    assert read.next_update_utc == AT + HOUR
    assert read.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"12345678"
    signer = (responder or agencies).certificate
    key = x509.load_der_x509_certificate(signer.der).public_key()
    key.verify(
        read.signature,
        read.tbs_response_bytes,
        ec.ECDSA(read.signature_hash_algorithm),
    )
    assert [c.public_bytes(serialization.Encoding.DER) for c in read.certificates] == (
        [signer.der] if delegated else []
    )
    if delegated:
        assert read.responder_name.public_bytes() == signer.subject
    else:
        assert read.responder_key_hash == signer.subject_key_id
    if status == "revoked":
        assert read.revocation_time_utc == AT - HOUR
        assert read.revocation_reason is x509.ReasonFlags.key_compromise


def test_openssl_verifies_an_ocsp_response(agencies: Authority, program: Callable[[str], str], tmp_path: Path) -> None:
    person = agencies.person("An", key="p256")
    for name, responder in (("own", None), ("delegated", agencies.ocsp_responder(key="p256"))):
        (tmp_path / name).write_bytes(agencies.ocsp(person, "good", AT, responder=responder))
        (tmp_path / "ca.pem").write_bytes(pem(*agencies.chain))
        (tmp_path / "issuer.pem").write_bytes(pem(agencies.certificate))
        (tmp_path / "leaf.pem").write_bytes(person.pem())
        said = openssl(
            program,
            "ocsp",
            "-respin",
            tmp_path / name,
            "-CAfile",
            tmp_path / "ca.pem",
            "-issuer",
            tmp_path / "issuer.pem",
            "-cert",
            tmp_path / "leaf.pem",
            "-verify_other",
            tmp_path / "issuer.pem",
        )
        assert "Response verify OK" in said
        assert "good" in said


def test_details_of_ocsp_responses(agencies: Authority) -> None:
    person = agencies.person("An", key="p256")
    later = AT + HOUR
    cutoff = Extension("1.3.6.1.5.5.7.48.1.6", False, b"\x18\x0f20250101000000Z")
    data = agencies.ocsp(
        person.certificate,
        "revoked",
        later,
        revoked=(AT, None),
        this_update=AT,
        id_digest="sha256",
        digest="sha512",
        certificates=agencies.chain,
        extra=[cutoff],
        single_extra=[cutoff],
    )
    read = ocsp.load_der_ocsp_response(data)
    assert (read.produced_at_utc, read.this_update_utc) == (later, AT)
    assert read.revocation_reason is None
    assert isinstance(read.hash_algorithm, hashes.SHA256)
    assert isinstance(read.signature_hash_algorithm, hashes.SHA512)
    assert len(read.certificates) == 2
    single = asn1ocsp.OCSPResponse.load(data).response_data["responses"][0]
    assert single["single_extensions"][0]["extn_id"].native == "archive_cutoff"
    for wrong in ({"status": "revoked"}, {"status": "good", "revoked": (AT, None)}, {"status": "bad"}):
        with pytest.raises(UsageError):
            agencies.ocsp(person, at=AT, **wrong)


def test_an_ocsp_response_that_is_no_answer() -> None:
    assert ocsp.load_der_ocsp_response(ocsp_failure("tryLater")).response_status is ocsp.OCSPResponseStatus.TRY_LATER
    with pytest.raises(UsageError):
        ocsp_failure("no such")


# -- timestamps -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tsa(root: Authority) -> Identity:
    return root.tsa(key="p256")


def request(data: bytes, digest: str = "sha256", **fields: object) -> bytes:
    return tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": {"algorithm": digest},
                "hashed_message": hashlib.new(digest, data).digest(),
            },
            **fields,
        }
    ).dump()


@pytest.mark.parametrize("ess", ["v1", "v2", None])
@pytest.mark.parametrize("key", ["p256", "rsa-2048"])
def test_openssl_verifies_a_token(
    root: Authority, program: Callable[[str], str], tmp_path: Path, key: str, ess: str | None
) -> None:
    identity = root.tsa(f"TSA {key}", key=key)
    stamp = TimestampAuthority(identity=identity, time=AT, ess=ess)
    (tmp_path / "data").write_bytes(b"text")
    (tmp_path / "root.pem").write_bytes(pem(root.certificate))
    openssl(program, "ts", "-query", "-data", tmp_path / "data", "-sha256", "-cert", "-out", tmp_path / "q")
    (tmp_path / "r").write_bytes(stamp((tmp_path / "q").read_bytes()))
    files = ("-queryfile", tmp_path / "q", "-in", tmp_path / "r", "-CAfile", tmp_path / "root.pem")
    said = openssl(program, "ts", "-verify", *files, check=False)
    assert ("Verification: OK" in said) is (ess is not None), said


def read(response: bytes) -> tuple[tsp.TimeStampResp, tsp.TSTInfo]:
    answer = tsp.TimeStampResp.load(response, strict=True)
    assert answer["status"]["status"].native == "granted"
    return answer, answer["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


def test_a_token_says_what_it_is_told(tsa: Identity) -> None:
    moment = AT + datetime.timedelta(microseconds=120_000)
    extra = Extension("1.3.6.1.4.1.55555.2", False, b"\x05\x00")
    stamp = TimestampAuthority(
        identity=tsa,
        time=lambda: moment,
        accuracy=datetime.timedelta(seconds=1, milliseconds=500, microseconds=3),
        ordering=True,
        names_itself=True,
        digest="sha384",
        extra=[extra],
    )
    answer, info = read(stamp(request(b"text", nonce=2**63, req_policy=stamp.policy)))
    assert info["gen_time"].native == moment
    assert info["accuracy"].native == {"seconds": 1, "millis": 500, "micros": 3}
    assert info["ordering"].native
    assert info["nonce"].native == 2**63
    assert info["serial_number"].native == 1
    assert info["tsa"].chosen.untag().dump() == tsa.certificate.subject
    assert info["extensions"][0]["extn_id"].native == extra.oid
    assert info["policy"].native == stamp.policy
    signed = answer["time_stamp_token"]["content"]
    assert not signed["certificates"]
    assert signed["signer_infos"][0]["digest_algorithm"]["algorithm"].native == "sha384"
    _, second = read(stamp(request(b"text", cert_req=True)))
    assert second["serial_number"].native == stamp.serial == 2
    stamp.accuracy = datetime.timedelta(milliseconds=5)
    assert read(stamp(request(b"text")))[1]["accuracy"].native["millis"] == 5


def test_a_token_is_had_without_a_request(tsa: Identity) -> None:
    stamp = TimestampAuthority(identity=tsa, time=AT)
    token = tsp.ContentInfo.load(stamp.token(b"\x01" * 20, "sha1"), strict=True)
    info = token["content"]["encap_content_info"]["content"].parsed
    assert info["message_imprint"]["hash_algorithm"]["algorithm"].native == "sha1"
    assert len(token["content"]["certificates"]) == 1


def test_a_token_of_an_authority_below_another_carries_the_chain(agencies: Authority) -> None:
    stamp = TimestampAuthority(identity=agencies.tsa(key="rsa-2048"), time=AT, signature=PSS)
    token = tsp.ContentInfo.load(stamp.token(b"\x01" * 32), strict=True)["content"]
    assert len(token["certificates"]) == 2
    assert token["signer_infos"][0]["signature_algorithm"]["algorithm"].native == "rsassa_pss"


REQUEST = request(b"text")


def refusal(response: bytes) -> set[str]:
    """Return the failure of a response without token, which ``asn1crypto`` does not read as a whole."""
    [status] = core.SequenceOf.load(response, spec=tsp.PKIStatusInfo, strict=True)
    assert status["status"].native == "rejection"
    return status["fail_info"].native


@pytest.mark.parametrize(
    ("asked", "failure"),
    [
        (b"", "bad_data_format"),
        (b"\x30\x00", "bad_data_format"),
        (REQUEST + b"\0", "bad_data_format"),
        (REQUEST.replace(b"\x02\x01\x01", b"\x02\x01\x02"), "bad_data_format"),
        (b"\x30\x07\x02\x01\x01\x30\x02\x05\x00", "bad_data_format"),
        (REQUEST[:-33] + b"\x1f" + REQUEST[-32:], "bad_data_format"),
        (request(b"text", extensions=[{"extn_id": "1.2.3", "critical": False, "extn_value": b""}]), "bad_data_format"),
        (request(b"text", "md5"), "bad_alg"),
        (request(b"text", "sha224"), "bad_alg"),
        (request(b"text", req_policy="1.2.3"), "unaccepted_policy"),
    ],
)
def test_what_is_not_accepted_is_refused_by_name(tsa: Identity, asked: bytes, failure: str) -> None:
    assert refusal(TimestampAuthority(identity=tsa, time=AT)(asked)) == {failure}


def test_a_short_imprint_and_a_failure_on_purpose(tsa: Identity) -> None:
    short = tsp.TimeStampReq.load(REQUEST)
    short["message_imprint"]["hashed_message"] = b"\x01" * 20
    stamp = TimestampAuthority(identity=tsa, time=AT)
    assert refusal(stamp(short.dump())) == {"bad_data_format"}
    stamp.failure = "timeNotAvailable"
    assert refusal(stamp(REQUEST)) == {"time_not_available"}
