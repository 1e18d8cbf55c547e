"""``vndoc evidence make`` and ``check``: pages, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from archive_support import CONTENT, NOW, OF_2021, PERSON, ROOT, TSA_ROOT, day, made, tsa
from cli_support import call, document, results, save
from vndoc.cli._schema import schema_text
from vndoc.signature import sign_cms
from vndoc.signature.evidence import EvidenceRecord
from vndoc.signature.seal import seal

POLICY = ("--policy", "vn-default")
MADE = ("--at", "2021-06-03T00:00:00Z")
LATER = ("--at", NOW.isoformat())


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    """Return a folder with the anchors and the lists of 2021."""
    folder = tmp_path / "trust"
    for name in ("government", "timestamp", "revocation"):
        (folder / name).mkdir(parents=True)
    (folder / "government" / "root.cer").write_bytes(ROOT.certificate.der)
    (folder / "timestamp" / "tsa.cer").write_bytes(TSA_ROOT.certificate.der)
    for number, crl in enumerate(OF_2021.crls):
        (folder / "revocation" / f"{number}.crl").write_bytes(crl)
    return folder


@pytest.fixture
def anchors(trust: Path) -> Path:
    """Return the same folder years later: the lists are gone."""
    for path in (trust / "revocation").iterdir():
        path.rename(path.with_suffix(".old"))
    return trust


def kept(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def forms(tmp_path: Path) -> dict[str, Path]:
    packet = seal(document(), PERSON.signer(), signing_time=day(2021), stamp=tsa())
    return {
        "cms": kept(tmp_path / "a.p7m", made("cms", "T")),
        "xml": kept(tmp_path / "a.xml", made("xml", "T")),
        "packet": save(tmp_path / "a.edxml", packet),
    }


@pytest.mark.parametrize("kind", ["cms", "xml", "packet"])
def test_made_and_checked_years_later(tmp_path, trust, kind):
    path, record = forms(tmp_path)[kind], tmp_path / "a.evidence"
    [found] = results("evidence", "make", path, *POLICY, *MADE, "--trust", trust, "-o", record)
    assert (found["status"], found["kind"], found["confirmed"]) == ("passed", kind, True)
    assert found["size"] == record.stat().st_size
    assert found["digest"] == EvidenceRecord.load(record.read_bytes()).digest
    for crl in (trust / "revocation").iterdir():
        crl.unlink()
    asked = ("evidence", "check", record, path, *LATER, "--trust", trust)
    assert call(*asked).exit_code == 0
    [later] = results(*asked)
    assert (later["status"], later["confirmed"], later["document"]) == ("passed", True, str(path))
    assert "evidence-confirmed" in [r["code"] for r in later["reasons"]]


@pytest.mark.parametrize(("lang", "words"), [("vi", "Hồ sơ được xác nhận"), ("en", "The record is confirmed")])
def test_the_pages(tmp_path, trust, lang, words):
    path, record = forms(tmp_path)["cms"], tmp_path / "a.evidence"
    page = call("evidence", "make", path, *POLICY, *MADE, "--trust", trust, "-o", record, "--lang", lang)
    assert page.exit_code == 0, page.output
    assert "SHA-256" in page.stdout
    page = call("evidence", "check", record, path, *LATER, "--trust", trust, "--lang", lang)
    assert page.exit_code == 0
    assert words in page.stdout
    assert "001099000009" not in page.stdout


def test_exit_codes(tmp_path, trust):
    path, record = forms(tmp_path)["cms"], tmp_path / "a.evidence"
    make = ("evidence", "make", path, *POLICY, *MADE, "--trust", trust, "-o", record)
    assert call(*make).exit_code == 0
    assert call(*make).exit_code == 2, "the record is there"
    assert call(*make, "--overwrite").exit_code == 0
    check = ("evidence", "check", record)
    rest = (*LATER, "--trust", trust)
    assert call(*check, *rest).exit_code == 3, "without the document"
    other = kept(tmp_path / "b.p7m", made("cms", "T").replace(CONTENT, CONTENT[::-1]))
    changed = call(*check, other, *rest)
    assert changed.exit_code == 1
    assert "evidence-other-document" in changed.stdout
    assert call(*check, path, *LATER).exit_code == 3, "without anchors"
    record.write_bytes(record.read_bytes().replace(b"passed", b"failed"))
    broken = call(*check, path, *rest)
    assert broken.exit_code == 2
    assert "evidence-digest" in broken.stderr
    assert call("evidence", "check", tmp_path / "none", *rest).exit_code == 2
    assert call("evidence").exit_code == 2


def test_a_record_without_revocation_data_stays_open(tmp_path, anchors):
    path, record = forms(tmp_path)["xml"], tmp_path / "a.evidence"
    made_so = call("evidence", "make", path, *POLICY, *MADE, "--trust", anchors, "-o", record)
    assert made_so.exit_code == 3
    assert record.exists()
    assert call("evidence", "check", record, path, *LATER, "--trust", anchors).exit_code == 3


@pytest.mark.parametrize(("stamp", "told"), [(None, True), (tsa(), False)])
def test_a_signature_without_timestamp_is_told(tmp_path, trust, stamp, told):
    data = sign_cms(CONTENT, signer=PERSON.signer(), signing_time=day(2021), stamp=stamp, detached=False)
    path = kept(tmp_path / "a.p7m", data)
    page = call("evidence", "make", path, *POLICY, *MADE, "--trust", trust, "-o", tmp_path / "r", "--lang", "en")
    assert page.exit_code == 0, page.output
    assert ("no timestamp: when" in page.stdout) is told


def test_detached_content_and_another_policy(tmp_path, trust):
    data = sign_cms(CONTENT, signer=PERSON.signer(), signing_time=day(2021), stamp=tsa())
    path, content = kept(tmp_path / "a.p7s", data), kept(tmp_path / "a.txt", CONTENT)
    record = tmp_path / "a.evidence"
    given = ("--content", content, "--trust", trust)
    assert call("evidence", "make", path, *POLICY, *MADE, *given, "-o", record).exit_code == 0
    assert call("evidence", "check", record, path, *LATER, *given).exit_code == 0
    forgotten = call("evidence", "check", record, path, *LATER, "--trust", trust)
    assert (forgotten.exit_code, "evidence-content-missing" in forgotten.stdout) == (3, True)
    [found] = results("evidence", "check", record, path, *LATER, *given, "--policy", "archive")
    assert "evidence-other-policy" in [r["code"] for r in found["reasons"]]


def test_what_cannot_be_recorded(tmp_path, trust):
    pdf, plain = kept(tmp_path / "a.pdf", b"%PDF-1.7\n"), kept(tmp_path / "b.xml", b"<a/>")
    for path, code in ((pdf, "signature-kind"), (plain, "no-signature")):
        found = call("evidence", "make", path, *POLICY, *MADE, "--trust", trust, "-o", tmp_path / "r")
        assert found.exit_code == 2
        assert code in found.stderr
        assert not (tmp_path / "r").exists()


def test_a_record_that_does_not_stand_alone_is_told(tmp_path, trust, monkeypatch):
    from vndoc.cli import _evidence  # noqa: PLC0415

    whole = _evidence.check_evidence
    monkeypatch.setattr(_evidence, "check_evidence", lambda r, v, d, **how: whole(r, **{**how, "content": None}))
    path, record = forms(tmp_path)["cms"], tmp_path / "a.evidence"
    page = call("evidence", "make", path, *POLICY, *MADE, "--trust", trust, "-o", record, "--lang", "vi")
    assert page.exit_code == 0
    assert "CẢNH BÁO: chỉ với hồ sơ này" in page.stdout


def test_what_cannot_be_read_is_told(tmp_path, trust):
    path = kept(tmp_path / "a.xml", b"<a")
    found = call("evidence", "make", path, *POLICY, *MADE, "--trust", trust, "-o", tmp_path / "r")
    assert found.exit_code == 2


def test_a_record_that_is_too_large(tmp_path, monkeypatch):
    import attrs  # noqa: PLC0415

    from vndoc.cli import _evidence_stamp  # noqa: PLC0415

    record = kept(tmp_path / "a.evidence", b"{}" * 10)
    monkeypatch.setattr(_evidence_stamp, "DEFAULT", attrs.evolve(_evidence_stamp.DEFAULT, evidence_bytes=19))
    found = call("evidence", "check", record)
    assert (found.exit_code, "evidence-too-large" in found.stderr) == (2, True)
    monkeypatch.setattr(_evidence_stamp, "DEFAULT", attrs.evolve(_evidence_stamp.DEFAULT, evidence_bytes=20))
    assert "evidence-malformed" in call("evidence", "check", record).stderr


def test_the_schema_of_the_record_is_published(tmp_path, trust):
    path, record = forms(tmp_path)["cms"], tmp_path / "a.evidence"
    call("evidence", "make", path, *POLICY, *MADE, "--trust", trust, "-o", record)
    shown = call("schema", "evidence-record")
    assert shown.stdout == schema_text("evidence-record")
    jsonschema.validate(json.loads(record.read_bytes()), json.loads(shown.stdout))
