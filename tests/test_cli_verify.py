"""``vndoc verify`` and ``vndoc sign``."""

from __future__ import annotations

import base64
import datetime
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

import vndoc
from cli_support import call, document, results, save
from verdict_support import CA, NOW, PERSON, ROOT, TSA, TSA_ROOT
from vndoc.cli._app import run
from vndoc.envelope import Attachment
from vndoc.envelope.octets import MemoryOctets
from vndoc.limits import DEFAULT
from vndoc.signature.cms import sign_cms
from vndoc.signature.seal import seal
from vndoc.signature.xmldsig_making import XmlReference, sign_xml
from vndoc.testing.pki import TimestampAuthority

DS, ENC = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmlenc#"
C14N, MORE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2001/04/xmldsig-more#"
CONTENT = "Nội dung".encode()
TIME = NOW - datetime.timedelta(hours=1)
NOW_TEXT = NOW.isoformat()
POLICY = ("--policy", "vn-default", "--at", NOW_TEXT)
STAMP = TimestampAuthority(identity=TSA, time=TIME)


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    """Return a folder with everything that the signatures here need."""
    folder = tmp_path / "trust"
    for name in ("government", "timestamp", "pool", "revocation"):
        (folder / name).mkdir(parents=True)
    (folder / "government" / "root.cer").write_bytes(ROOT.certificate.der)
    pem = load_der_x509_certificate(TSA_ROOT.certificate.der).public_bytes(Encoding.PEM)
    (folder / "timestamp" / "tsa.pem").write_bytes(pem)
    (folder / "pool" / "ca.crt").write_bytes(CA.certificate.der)
    (folder / "pool" / "README.txt").write_bytes(b"not a certificate")
    span = {"this_update": TIME, "next_update": NOW + datetime.timedelta(days=1)}
    for number, authority in enumerate((ROOT, CA, TSA_ROOT)):
        (folder / "revocation" / f"{number}.crl").write_bytes(authority.crl(revoked={}, **span))
    return folder


def test_a_sealed_packet(tmp_path, trust):
    path = save(tmp_path / "a.edxml", seal(document(), PERSON.signer(), stamp=STAMP))
    (found,) = results("verify", path, *POLICY, "--trust", trust)
    assert (found["status"], found["kind"]) == ("passed", "packet")
    assert found["packet"]["sealed"]
    assert found["packet"]["original"] in {"information-only", "cannot-tell"}
    [signature] = found["verdict"]["signatures"]
    assert signature["signer"]["display_name"] == "Trần Thị Thử"
    assert signature["best_signature_time"] == TIME.isoformat()


@pytest.mark.parametrize(("lang", "words"), [("vi", ("hợp lệ", "Người ký: Trần Thị Thử")), ("en", ("valid", "Signer"))])
def test_the_page(tmp_path, trust, lang, words):
    path = save(tmp_path / "a.edxml", seal(document(), PERSON.signer(), stamp=STAMP))
    page = call("verify", path, *POLICY, "--trust", trust, "--lang", lang)
    assert page.exit_code == 0
    assert all(word in page.stdout for word in words)
    assert "001099000123" not in page.stdout


def test_without_trust_nothing_is_believed(tmp_path):
    path = save(tmp_path / "a.edxml", seal(document(), PERSON.signer(), signing_time=TIME))
    (found,) = results("verify", path, *POLICY, code=3)
    assert found["verdict"]["signatures"][0]["intact"]
    page = call("verify", path, *POLICY, "--lang", "vi")
    assert page.exit_code == 3
    assert "chưa đủ căn cứ xác định" in page.stdout
    assert "người ký tự ghi" in page.stdout


def test_the_page_of_a_signature_without_certificate(tmp_path):
    value = base64.b64encode(b"v" * 64).decode()
    digest = base64.b64encode(hashlib.sha256(b"<a></a>").digest()).decode()
    path = tmp_path / "a.xml"
    path.write_text(
        f'<a><Signature xmlns="{DS}"><SignedInfo><CanonicalizationMethod Algorithm="{C14N}"/>'
        f'<SignatureMethod Algorithm="{MORE}rsa-sha256"/><Reference URI=""><Transforms>'
        f'<Transform Algorithm="{DS}enveloped-signature"/></Transforms>'
        f'<DigestMethod Algorithm="{ENC}sha256"/><DigestValue>{digest}</DigestValue></Reference></SignedInfo>'
        f"<SignatureValue>{value}</SignatureValue></Signature></a>"
    )
    page = call("verify", path, *POLICY)
    assert page.exit_code == 3
    assert "no-signing-certificate" in page.stdout
    assert "Signer:" not in page.stdout


def test_a_packet_without_signature(tmp_path, trust):
    path = save(tmp_path / "a.edxml", document())
    (found,) = results("verify", path, *POLICY, "--trust", trust, code=3)
    assert found["verdict"]["reasons"][0]["code"] == "no-signature"
    assert call("verify", path, *POLICY).exit_code == 3


def test_a_changed_packet_fails(tmp_path, trust):
    packet = document(attachments=(Attachment.of(b"%PDF-1.7 aaa", name="a.pdf"),))
    data = vndoc.write_packet(seal(packet, PERSON.signer(), stamp=STAMP))
    old, new = base64.b64encode(b"%PDF-1.7 aaa"), base64.b64encode(b"%PDF-1.7 bbb")
    assert data.count(old) == 1
    path = tmp_path / "a.edxml"
    path.write_bytes(data.replace(old, new, 1))
    (found,) = results("verify", path, *POLICY, "--trust", trust, code=1)
    assert found["verdict"]["sub_indication"] == "HASH_FAILURE"


def test_cms_detached_and_not(tmp_path, trust):
    (tmp_path / "a.txt").write_bytes(CONTENT)
    (tmp_path / "a.p7s").write_bytes(sign_cms(CONTENT, signer=PERSON.signer()))
    (tmp_path / "b.p7m").write_bytes(sign_cms(CONTENT, signer=PERSON.signer(), detached=False))
    with_content = ("--content", tmp_path / "a.txt")
    (found,) = results("verify", tmp_path / "a.p7s", *POLICY, "--trust", trust, *with_content)
    assert (found["kind"], found["packet"]) == ("cms", None)
    results("verify", tmp_path / "a.p7s", *POLICY, "--trust", trust, code=3)
    results("verify", tmp_path / "b.p7m", *POLICY, "--trust", trust)


def test_xml(tmp_path, trust):
    path = tmp_path / "a.xml"
    path.write_bytes(sign_xml(b"<a>1</a>", signer=PERSON.signer(), signing_time=TIME))
    (found,) = results("verify", path, *POLICY, "--trust", trust)
    assert found["kind"] == "xml"
    assert call("verify", path, *POLICY, "--trust", trust).exit_code == 0


def test_xml_that_is_larger_than_that_of_any_packet(tmp_path, trust):
    path = tmp_path / "a.xml"
    path.write_bytes(sign_xml(b"<a>" + b"x " * 9_000_000 + b"</a>", signer=PERSON.signer(), signing_time=TIME))
    assert path.stat().st_size > DEFAULT.buffered_bytes
    (found,) = results("verify", path, *POLICY, "--trust", trust)
    assert found["kind"] == "xml"
    for name, code in (("edXML", "limit-skeleton-bytes"), ("b", "no-signature")):
        path.write_bytes(
            b"<%b xmlns='http://www.go.vn/eDoc'>%b</%b>" % (name.encode(), b"x " * 3_000_000, name.encode())
        )
        (found,) = results("verify", path, *POLICY, code=2)
        assert found["error"]["code"] == code


def test_content_beside_xml(tmp_path, trust):
    """It is what the references outside the document lead to; a packet has none, and to pass over it would mislead."""
    (tmp_path / "content").write_bytes(CONTENT)
    path = tmp_path / "a.xml"
    outside = XmlReference(uri="urn:x", content=MemoryOctets(CONTENT))
    path.write_bytes(sign_xml(b"<a/>", signer=PERSON.signer(), signing_time=TIME, references=[outside]))
    given = (*POLICY, "--trust", trust, "--content")
    assert results("verify", path, *given, tmp_path / "content")[0]["status"] == "passed"
    assert results("verify", path, *given, path, code=1)[0]["status"] == "failed"
    assert results("verify", path, *POLICY, "--trust", trust, code=3)[0]["status"] == "indeterminate"
    packet = save(tmp_path / "a.edxml", seal(document(), PERSON.signer()))
    assert results("verify", packet, *given, path, code=2)[0]["error"]["code"] == "option-invalid"


def test_a_folder_of_files(tmp_path, trust):
    folder = tmp_path / "in"
    folder.mkdir()
    save(folder / "a.edxml", seal(document(), PERSON.signer()))
    (folder / "b.p7m").write_bytes(sign_cms(CONTENT, signer=PERSON.signer(), detached=False))
    (folder / "c.txt").write_bytes(b"x")
    assert len(results("verify", folder, *POLICY, "--trust", trust)) == 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7", "signature-kind"),
        (b"<a/>", "no-signature"),
        (b"0\x03abc", "cms-malformed"),
        (b"", "empty-input"),
        (b"<a>", "xml-malformed"),
        (b"-----BEGIN PKCS7-----\nMIIB", "not-xml"),
    ],
)
def test_what_cannot_be_verified(tmp_path, data, code):
    path = tmp_path / "a"
    path.write_bytes(data)
    (found,) = results("verify", path, *POLICY, code=2)
    assert found["error"]["code"] == code


def test_trust_folders(tmp_path, trust):
    path = save(tmp_path / "a.edxml", seal(document(), PERSON.signer()))
    (trust / "legacy").mkdir()
    (trust / "government" / "root.cer").rename(trust / "legacy" / "root.cer")
    results("verify", path, *POLICY, "--trust", trust)
    (trust / "legacy" / "root.cer").rename(trust / "root.cer")
    results("verify", path, *POLICY, "--trust", trust)
    (trust / "national").mkdir()
    (trust / "national" / "root.cer").write_bytes(ROOT.certificate.der)
    results("verify", path, *POLICY, "--trust", trust)
    for name in ("0.crl", "1.crl", "2.crl"):
        (trust / "revocation" / name).unlink()
    results("verify", path, *POLICY, "--trust", trust, code=3)
    (trust / "pool" / "junk.cer").write_bytes(b"junk")
    (found,) = results("verify", path, *POLICY, "--trust", trust, code=2)
    assert found["error"]["code"] == "certificate-malformed"
    (found,) = results("verify", path, *POLICY, "--trust", tmp_path / "none", code=2)
    assert found["error"]["code"] == "source-unreadable"


def test_options(tmp_path):
    path = save(tmp_path / "a.edxml", document())
    (found,) = results("verify", path, "--policy", "none", code=2)
    assert found["error"]["code"] == "unknown-policy"
    (found,) = results("verify", path, "--policy", "archive", "--at", "noon", code=2)
    assert found["error"]["code"] == "option-invalid"
    assert call("verify", path).exit_code == 2
    (found,) = results("verify", path, "--policy", "archive", "--at", "2026-11-22T10:00", code=3)
    assert found["verdict"]["at"] == "2026-11-22T10:00:00+07:00"
    (found,) = results("verify", path, "--policy", "archive", code=3)
    now = datetime.datetime.now(datetime.UTC)
    assert abs(datetime.datetime.fromisoformat(found["verdict"]["at"]) - now) < datetime.timedelta(minutes=5)


# -- sign ----------------------------------------------------------------------------------------------


def test_sign_and_verify(tmp_path, trust):
    key = tmp_path / "key.pem"
    key.write_bytes(PERSON.pem())
    packet = save(tmp_path / "a.edxml", document())
    output = tmp_path / "signed.edxml"
    (found,) = results("sign", packet, "--key", key, "-o", output)
    assert (found["form"], found["size"]) == ("seal", output.stat().st_size)
    later = ("--policy", "archive", "--trust", trust)
    (judged,) = results("verify", output, *later)
    assert judged["packet"]["sealed"]
    (again,) = results("sign", packet, "--key", key, "-o", output, code=2)
    assert again["error"]["code"] == "target-exists"
    page = call("sign", packet, "--key", key, "-o", output, "--overwrite", "--lang", "vi")
    assert "đã ký" in page.stdout


def test_sign_other_files(tmp_path, trust, monkeypatch):
    monkeypatch.setenv("KEY_SECRET", "bí mật")
    (tmp_path / "key.p12").write_bytes(PERSON.pkcs12("bí mật".encode()))
    how = ("--key", tmp_path / "key.p12", "--passphrase-env", "KEY_SECRET")
    (tmp_path / "a.txt").write_bytes(CONTENT)
    (tmp_path / "a.xml").write_bytes(b"<a/>")
    results("sign", tmp_path / "a.txt", *how, "--form", "cms", "-o", tmp_path / "a.p7s")
    results("sign", tmp_path / "a.xml", *how, "--form", "xml", "-o", tmp_path / "b.xml")
    later = ("--policy", "archive", "--trust", trust)
    results("verify", tmp_path / "a.p7s", "--content", tmp_path / "a.txt", *later)
    results("verify", tmp_path / "b.xml", *later)


def test_a_passphrase_for_a_key_that_is_not_protected(tmp_path, monkeypatch):
    """The document is signed, and whoever thinks the key safe is told."""
    monkeypatch.setenv("KEY_SECRET", "bí mật")
    (tmp_path / "a.txt").write_bytes(CONTENT)
    base = ("sign", tmp_path / "a.txt", "--form", "cms", "--passphrase-env", "KEY_SECRET", "--overwrite")
    for name, secret in (("open.pem", None), ("locked.pem", "bí mật".encode())):
        key = tmp_path / name
        key.write_bytes(PERSON.pem(secret))
        how = (*base, "--key", key, "-o", tmp_path / "a.p7s")
        (found,) = results(*how)
        assert found["key_protected"] is (secret is not None)
        for lang, word in (("vi", "không được bảo vệ"), ("en", "not protected")):
            assert (word in call(*how, "--lang", lang).stderr) is (secret is None)


def test_certificates_beside_the_key(tmp_path):
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat  # noqa: PLC0415

    key = PERSON.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "own.cer").write_bytes(PERSON.certificate.der)
    packet = save(tmp_path / "a.edxml", document())
    base = ("sign", packet, "--key", tmp_path / "key.pem", "-o", tmp_path / "b.edxml")
    (found,) = results(*base, code=2)
    assert found["error"]["code"] == "signer-certificate-missing"
    results(*base, "--certificates", tmp_path / "own.cer")


def test_options_of_sign(tmp_path):
    (tmp_path / "key.pem").write_bytes(PERSON.pem())
    packet = save(tmp_path / "a.edxml", document())
    base = ("sign", packet, "--key", tmp_path / "key.pem", "-o", tmp_path / "b.edxml")
    for wrong in (("--form", "pdf"), ("--passphrase-env", "VNDOC_NO_SUCH_VARIABLE")):
        (found,) = results(*base, *wrong, code=2)
        assert found["error"]["code"] == "option-invalid"
    assert not (tmp_path / "b.edxml").exists()


@pytest.mark.parametrize(("lang", "word"), [("vi", "khi chưa có --fetch"), ("en", "without --fetch")])
def test_the_help_says_when_something_is_fetched(capsys, lang, word):
    assert run(["verify", "--lang", lang, "--help"]) == 0
    assert word in " ".join(capsys.readouterr().out.split())


def test_what_is_missing_to_sign_is_told_with_the_option_for_it(tmp_path):
    (tmp_path / "key.p12").write_bytes(PERSON.pkcs12(b"geheim"))
    (tmp_path / "key.pem").write_bytes(PERSON.pem().partition(b"-----BEGIN CERT")[0])
    (tmp_path / "certificate.pem").write_bytes(b"".join(PERSON.pem().partition(b"-----BEGIN CERT")[1:]))
    packet = save(tmp_path / "a.edxml", document())
    for key, option in (("key.p12", "--passphrase-env"), ("key.pem", "--certificates")):
        for lang in ("vi", "en"):
            page = call("sign", packet, "--key", tmp_path / key, "-o", tmp_path / "out.edxml", "--lang", lang)
            assert page.exit_code == 2
            assert option in page.stderr
    (found,) = results("sign", packet, "--key", tmp_path / "certificate.pem", "-o", tmp_path / "out.edxml", code=2)
    assert found["error"]["text"]["en"].endswith("there is no private key in it.")
    assert found["error"]["text"]["vi"].endswith("tệp không có khóa bí mật nào.")
    (tmp_path / "two.pem").write_bytes(PERSON.pem() * 2)
    (found,) = results("sign", packet, "--key", tmp_path / "two.pem", "-o", tmp_path / "out.edxml", code=2)
    assert "there are 2 private keys in it" in found["error"]["text"]["en"]


def test_a_status_is_told_from_a_document_in_words(tmp_path):
    status = vndoc.StatusPacket(
        from_=vndoc.Organization(organ_id="H14", organ_name="Đơn vị mẫu"),
        response_for=vndoc.ResponseFor.to(document()),
        staff_info=vndoc.StaffInfo(department="Văn thư", staff="Trần Thị Mẫu"),
        status_code="03",
        timestamp=NOW.replace(tzinfo=None, microsecond=0),
    )
    path = save(tmp_path / "status.edxml", status)
    for lang, text in (
        ("vi", "gói tin văn bản, không phải gói tin trạng thái"),
        ("en", "a document packet, not a status"),
    ):
        page = call("verify", path, *POLICY, "--lang", lang)
        assert page.exit_code == 2
        assert text in page.stderr
