"""What Circular 15/2025/TT-BKHCN asks of software that verifies, duty by duty (V1 to V9), through the command.

Each duty has what passes and what does not because of that duty alone.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cli_support import call, results
from verdict_support import CA, NOW, PERSON, ROOT, TSA, TSA_ROOT
from vndoc.pki import Purpose, SignatureAlgorithm, TrustStore
from vndoc.pki.algorithms import Family
from vndoc.signature.cms import read_cms, sign_cms
from vndoc.signature.evidence import EvidenceRecord
from vndoc.testing.pki import Authority, Identity, TimestampAuthority

CONTENT = "Nội dung công văn".encode()
DAY = datetime.timedelta(days=1)
TIME = NOW - DAY / 24
STAMP = TimestampAuthority(identity=TSA, time=TIME)
STRANGER = Authority.root("Gốc lạ", key="p256")


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return trusting(tmp_path / "trust")


def trusting(folder: Path, *, revoked: Any = None) -> Path:
    """Return a folder that trusts both roots, with a list of each authority."""
    for name in ("government", "timestamp", "revocation"):
        (folder / name).mkdir(parents=True)
    (folder / "government" / "root.cer").write_bytes(ROOT.certificate.der)
    (folder / "timestamp" / "tsa.cer").write_bytes(TSA_ROOT.certificate.der)
    for number, authority in enumerate((ROOT, CA, TSA_ROOT)):
        rows = revoked if authority is CA and revoked else {}
        crl = authority.crl(revoked=rows, this_update=TIME, next_update=NOW + DAY)
        (folder / "revocation" / f"{number}.crl").write_bytes(crl)
    return folder


def made(folder: Path, who: Identity = PERSON, **how: Any) -> Path:
    how = {"signing_time": TIME, "stamp": STAMP, "detached": False} | how
    path = folder / "ký.p7m"
    path.write_bytes(sign_cms(CONTENT, signer=who.signer(how.pop("algorithm", None)), **how))
    return path


def verified(path: Path, trust: Path, *more: object, code: int = 0, at: datetime.datetime = NOW) -> dict[str, Any]:
    """Return what is told of the one signature."""
    options = ("--policy", "vn_default", "--trust", trust, "--at", at.isoformat(), *more)
    (found,) = results("verify", path, *options, code=code)
    [signature] = found["verdict"]["signatures"]
    return dict(signature)


def codes(signature: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in signature["reasons"]}


def test_v1_the_value_is_that_of_the_key_in_the_certificate(tmp_path, trust):
    path = made(tmp_path)
    assert verified(path, trust)["indication"] == "passed"
    data = path.read_bytes()
    at = data.rindex(read_cms(data)[0].signature_value)
    path.write_bytes(data[: at + 20] + bytes([data[at + 20] ^ 1]) + data[at + 21 :])
    found = verified(path, trust, code=1)
    assert (found["sub_indication"], "signature-value-wrong" in codes(found)) == ("SIG_CRYPTO_FAILURE", True)


def test_v2_the_path_leads_to_an_anchor_whose_family_is_told(tmp_path, trust):
    assert verified(made(tmp_path), trust)["anchor_family"] == "government"
    found = verified(made(tmp_path, STRANGER.person("Người lạ", key="p256")), trust, code=3)
    assert "self-signed-not-trusted" in codes(found)
    assert found["anchor_family"] is None


def test_v3_the_certificate_counted_when_it_signed(tmp_path):
    good = verified(made(tmp_path), trusting(tmp_path / "good"))
    assert [row["status"] for row in good["revocation"]][:1] == ["good"]
    rows = {PERSON.certificate: (TIME - DAY, "keyCompromise")}
    revoked = verified(made(tmp_path), trusting(tmp_path / "bad", revoked=rows), code=3)
    assert revoked["sub_indication"] == "REVOKED_NO_POE"
    bare = tmp_path / "bare"
    trusting(bare)
    for path in (bare / "revocation").iterdir():
        path.unlink()
    unknown = verified(made(tmp_path), bare, code=3)
    assert unknown["sub_indication"] == "TRY_LATER"
    assert [r for r in unknown["reasons"] if r["warning"]], "the warning of annex II"


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_v4_the_digest_is_that_of_the_signature(tmp_path, trust, digest):
    path = made(tmp_path, detached=True, algorithm=SignatureAlgorithm(Family.ECDSA, digest))
    content = tmp_path / "nội-dung"
    content.write_bytes(CONTENT)
    found = verified(path, trust, "--content", content)
    assert found["intact"]
    assert [c["digest"] for c in found["covers"]] == [digest]
    assert [c["value"] for c in found["covers"]] == [hashlib.new(digest, CONTENT).hexdigest()]
    content.write_bytes(CONTENT + b" ")
    assert verified(path, trust, "--content", content, code=1)["sub_indication"] == "HASH_FAILURE"


def test_v5_anchors_are_added_and_taken_away(tmp_path, trust):
    path = made(tmp_path, STRANGER.person("Người lạ", key="p256"))
    crl = STRANGER.crl(revoked={}, this_update=TIME, next_update=NOW + DAY)
    (trust / "revocation" / "lạ.crl").write_bytes(crl)
    assert verified(path, trust, code=3)["passed"] is False
    new = tmp_path / "gốc.cer"
    new.write_bytes(STRANGER.certificate.der)
    told = hashlib.sha256(STRANGER.certificate.der).hexdigest()
    assert call("trust", "add", new, "--trust", trust, "--purpose", "government", "--fingerprint", told).exit_code == 0
    assert verified(path, trust)["passed"] is True
    store = TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}).with_anchor(
        STRANGER.certificate, purposes={Purpose.NATIONAL}
    )
    assert [a.certificate for a in store.without(told).anchors] == [ROOT.certificate]


def test_v6_an_attached_timestamp_has_to_hold(tmp_path, trust):
    good = verified(made(tmp_path), trust)
    assert [t["proves"] for t in good["timestamps"]] == [True]
    assert good["best_signature_time"] == TIME.isoformat()
    other = TimestampAuthority(identity=STRANGER.tsa(key="rsa-2048"), time=TIME)
    bad = verified(made(tmp_path, stamp=other), trust, code=3)
    assert [t["proves"] for t in bad["timestamps"]] == [False]
    assert "timestamp-not-assured" in codes(bad)


def test_v7_certificate_revocation_data_and_result_are_kept_in_a_file(tmp_path, trust):
    path, record = made(tmp_path), tmp_path / "bằng-chứng.json"
    options = ("--policy", "vn_default", "--trust", trust, "--at", NOW.isoformat())
    assert call("evidence", "make", path, *options, "-o", record).exit_code == 0
    held = json.loads(record.read_bytes())
    assert held["report"]["indication"] == "passed"
    read = EvidenceRecord.load(record.read_bytes())
    assert PERSON.certificate in read.certificates
    assert set(read.material.crls) == {path.read_bytes() for path in (trust / "revocation").iterdir()}
    record.unlink()  # and that is all there is of it


def test_v8_the_answer_is_in_vietnamese(tmp_path, trust):
    def answer(*more: object) -> str:
        page = call("verify", path, "--policy", "vn_default", *more, "--at", NOW.isoformat(), "--lang", "vi")
        return str(page.stdout.splitlines()[0].rpartition(": ")[2])

    path = made(tmp_path)
    assert answer("--trust", trust) == "hợp lệ"
    assert answer() == "chưa đủ căn cứ xác định"
    path.write_bytes(path.read_bytes().replace(CONTENT, CONTENT[:-1] + b"!"))
    assert answer("--trust", trust) == answer() == "không hợp lệ"


def test_v9_what_has_to_be_shown_is_shown(tmp_path, trust):
    page = call(
        "verify", made(tmp_path), "--policy", "vn_default", "--trust", trust, "--at", NOW.isoformat(), "--lang", "vi"
    )
    rows = dict(line.strip().split(": ", 1) for line in page.stdout.splitlines() if ": " in line)
    begin, end = (t.isoformat() for t in (PERSON.certificate.not_before, PERSON.certificate.not_after))
    assert rows["Tổ chức cấp chứng thư số"] == "Authority of tests"
    assert rows["Người ký"] == "Trần Thị Thử"
    assert rows["Đơn vị quản lý chứng thư số"] == "CA thử nghiệm"
    assert rows["Thời điểm ký"] == f"{TIME.isoformat()}, theo dấu thời gian"
    assert rows["Tính toàn vẹn"] == "nguyên vẹn"
    assert rows["Chứng thư số tại thời điểm ký"] == "hợp lệ"
    assert rows["Hiệu lực của chứng thư số"] == f"{begin} – {end}"
