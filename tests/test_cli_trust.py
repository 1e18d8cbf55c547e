"""``vndoc trust``: nothing is trusted unasked; what is odd about a folder is told."""

from __future__ import annotations

import datetime
import itertools
import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

from cli_support import call, results
from vndoc.cli import _trust_commands
from vndoc.cli._app import command_in
from vndoc.cli._trust import open_folder
from vndoc.cli._trust_check import CHECKS
from vndoc.cli._trust_settings import Setting, write_settings
from vndoc.pki import Purpose, TrustAnchor, recognised
from vndoc.testing.pki import Authority, Identity

AT = datetime.datetime(2026, 3, 4, tzinfo=datetime.UTC)
LONG_AGO = (datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2010, 1, 1, tzinfo=datetime.UTC))
ROOT = Authority.root("Gốc để tin cậy", key="p256")
CA = ROOT.subordinate("CA bên dưới", key="p256")
SHA256 = ROOT.certificate.fingerprint.hex()
COLONS = ROOT.certificate.fingerprint.hex(":").upper()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root.cer"
    path.write_bytes(ROOT.certificate.der)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trust"


def put(path: Path, identity: Authority | Identity) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(identity.certificate.der)
    return path


def checked(folder: Path, *arguments: object, code: int = 0) -> dict[str, Any]:
    (found,) = results("trust", "check", "--trust", folder, "--at", AT.isoformat(), *arguments, code=code)
    return found


def named(found: dict[str, Any]) -> dict[str, str]:
    return {one["check"]: one["severity"] for one in found["findings"]}


# -- add -----------------------------------------------------------------------------------------------


def test_nothing_is_added_silently(root: Path, folder: Path) -> None:
    base = ("trust", "add", root, "--trust", folder, "--purpose", "government")
    (found,) = results(*base, code=1)
    assert (found["outcome"], found["certificate"]["sha256"]) == ("not-confirmed", SHA256)
    (found,) = results(*base, "--fingerprint", "00" * 32, code=1)
    assert found["outcome"] == "other-fingerprint"
    (found,) = results(*base, "--fingerprint", SHA256[:-2], "--yes", code=1)
    assert found["outcome"] == "other-fingerprint"
    (found,) = results(*base, "--fingerprint", "", "--yes", code=1)
    assert found["outcome"] == "other-fingerprint"
    assert not folder.exists()
    page = call(*base, "--lang", "vi")
    assert page.exit_code == 1
    assert COLONS in page.stdout
    assert "Chưa thêm" in page.stdout
    assert "Không có trong bảng vân tay" in page.stdout


@pytest.mark.parametrize("how", [("--yes",), ("--fingerprint", SHA256), ("--fingerprint", COLONS)])
def test_add(root: Path, folder: Path, how: tuple[str, ...]) -> None:
    base = ("trust", "add", root, "--trust", folder, "--purpose", "government", "--purpose", "timestamp", *how)
    (found,) = results(*base, "--legacy", "--not-after", "2030-03-05", "--name", "Gốc của tôi")
    assert found["outcome"] == "added"
    assert [one["check"] for one in found["findings"]] == ["unknown", "legacy", "distrusted"]
    [one] = open_folder(folder).anchors
    assert one.anchor == TrustAnchor(
        certificate=ROOT.certificate,
        purposes=frozenset({Purpose.GOVERNMENT, Purpose.TIMESTAMP}),
        legacy=True,
        not_after=datetime.datetime.fromisoformat("2030-03-05T23:59:59+07:00"),
        name="Gốc của tôi",
    )
    (listed,) = results("trust", "list", "--trust", folder)
    assert listed["anchors"][0]["trusted"] == found["setting"]
    assert listed["anchors"][0]["files"] == [f"{SHA256}.cer"]
    (again,) = results(*base, code=1)
    assert again["outcome"] == "present"
    (again,) = results(*base, "--overwrite")
    [one] = open_folder(folder).anchors
    assert (one.anchor.legacy, one.anchor.not_after) == (False, None)


def test_add_to_what_is_there(root: Path, folder: Path) -> None:
    put(folder / "national" / "mine.cer", ROOT)
    base = ("trust", "add", root, "--trust", folder, "--purpose", "government", "--yes")
    (found,) = results(*base, code=1)
    assert found["outcome"] == "present"
    results(*base, "--overwrite")
    [one] = open_folder(folder).anchors
    assert (one.files, one.anchor.purposes) == (("national/mine.cer",), frozenset({Purpose.GOVERNMENT}))


def test_the_row_is_written_before_the_certificate(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its row a certificate in the folder itself would be trusted for both families."""

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(_trust_commands, "Draft", fail)
    with pytest.raises(MemoryError):
        call("trust", "add", root, "--trust", folder, "--purpose", "timestamp", "--yes")
    assert open_folder(folder).anchors == ()
    assert set(open_folder(folder).settings) == {SHA256}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--purpose", "all"), "option-invalid"),
        (("--purpose", "national", "--not-after", "soon"), "option-invalid"),
    ],
)
def test_options_of_add(root: Path, folder: Path, arguments: tuple[str, ...], code: str) -> None:
    (found,) = results("trust", "add", root, "--trust", folder, "--yes", *arguments, code=2)
    assert found["error"]["code"] == code
    assert not folder.exists()


def test_add_takes_one_certificate(tmp_path: Path, folder: Path) -> None:
    both = tmp_path / "both.pem"
    pems = (load_der_x509_certificate(a.certificate.der).public_bytes(Encoding.PEM) for a in (ROOT, CA))
    both.write_bytes(b"".join(pems))
    base = ("--trust", folder, "--purpose", "national", "--yes")
    for path, code in ((both, "certificate-malformed"), (tmp_path / "none.cer", "source-unreadable")):
        (found,) = results("trust", "add", path, *base, code=2)
        assert found["error"]["code"] == code


@pytest.mark.parametrize("command", [("add", "--purpose", "government", "--yes"), ("show",)])
def test_revocation_data_is_no_certificate(tmp_path: Path, folder: Path, command: tuple[str, ...]) -> None:
    folder.mkdir()
    day = datetime.timedelta(days=1)
    for data in (ROOT.crl(this_update=AT, next_update=AT + day), ROOT.ocsp(CA.certificate, "good", AT)):
        path = tmp_path / "list.bin"
        path.write_bytes(data)
        found = call("trust", command[0], path, "--trust", folder, *command[1:], "--lang", "en")
        assert found.exit_code == 2
        assert "subfolder revocation" in found.stderr
    path.write_bytes(b"\x30\x03\x02\x01\x00")
    assert "subfolder" not in call("trust", command[0], path, "--trust", folder, *command[1:]).stderr


def test_revocation_lists_may_be_pem(tmp_path: Path, folder: Path) -> None:
    """As openssl writes them; what is damaged in it is told as a list that cannot be read."""
    der = ROOT.crl(this_update=AT, next_update=AT + datetime.timedelta(days=1))
    text = load_der_x509_crl(der).public_bytes(Encoding.PEM)
    place = folder / "revocation"
    place.mkdir(parents=True)
    (place / "root.crl").write_bytes(text)
    assert open_folder(folder).crls == {"revocation/root.crl": der}
    (found,) = results("trust", "bundle", tmp_path / "b.zip", "--from", place / "root.crl")
    assert [item["kind"] for item in found["items"]] == ["crl"]
    shown = call("trust", "show", place / "root.crl", "--lang", "en")
    assert (shown.exit_code, "subfolder revocation" in shown.stderr) == (2, True)
    (place / "root.crl").write_bytes(text.replace(b"-----BEGIN X509 CRL-----\n", b"-----BEGIN X509 CRL-----\n!"))
    assert named(checked(folder, code=1))["file-unreadable"] == "error"


def test_every_list_of_a_pem_file_counts_and_lists_under_other_names_too(tmp_path: Path, folder: Path) -> None:
    """The second list in a file revokes what the first one does not know of yet."""
    from vndoc.signature.cms import sign_cms  # noqa: PLC0415

    day = datetime.timedelta(days=1)
    person = ROOT.person("Trần Thị Thu Hồi", key="p256")
    revoked = {person.certificate: (AT - day, "keyCompromise")}
    old = ROOT.crl(this_update=AT - 2 * day, next_update=AT + day, number=1)
    new = ROOT.crl(this_update=AT - day, next_update=AT + day, number=2, revoked=revoked)
    pem = [load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in (old, new)]
    place = folder / "revocation"
    for name in ("revocation", "government"):
        (folder / name).mkdir(parents=True)
    (folder / "government" / "root.cer").write_bytes(ROOT.certificate.der)
    path = tmp_path / "a.p7m"
    path.write_bytes(sign_cms(b"x", signer=person.signer(), detached=False))
    verify = ("verify", path, "--policy", "vn_default", "--trust", folder, "--at", AT.isoformat())
    both = b"".join(pem)
    for name, data, codes in (
        ("lists.crl", pem[0], set()),
        ("lists.crl", both, {"certificate-revoked"}),
        ("lists.pem", both, {"certificate-revoked"}),
        ("lists.der", new, {"certificate-revoked"}),
        ("lists.crl", both.replace(b"X509 CRL-----\n", b"X509 CRL-----\n!", 1), {"revocation-unknown"}),
    ):
        (place / name).write_bytes(data)
        (found,) = results(*verify, code=3 if codes else 0)
        assert codes <= {reason["code"] for reason in found["verdict"]["reasons"]}
        (place / name).unlink()
    (place / "lists.pem").write_bytes(both)
    assert open_folder(folder).crls == {"revocation/lists.pem": old, "revocation/lists.pem#2": new}
    (found,) = results("trust", "bundle", tmp_path / "b.zip", "--from", place / "lists.pem")
    assert [item["kind"] for item in found["items"]] == ["crl", "crl"]


def test_a_folder_that_cannot_be_made(root: Path, tmp_path: Path) -> None:
    base = ("trust", "add", root, "--trust", root / "x", "--purpose", "national", "--yes")
    (found,) = results(*base, code=2)
    assert found["error"]["code"] == "target-unwritable"
    (found,) = results("trust", "list", "--trust", tmp_path / "none", code=2)
    assert found["error"]["code"] == "source-unreadable"


def test_verify_reads_the_same_folder(root: Path, folder: Path, tmp_path: Path) -> None:
    from vndoc.signature.cms import sign_cms  # noqa: PLC0415

    person = ROOT.person("Trần Thị Mẫu", key="p256")
    path = tmp_path / "a.p7m"
    path.write_bytes(sign_cms(b"n\xe1\xbb\x99i dung", signer=person.signer(), detached=False))
    verify = ("verify", path, "--policy", "archive", "--trust", folder, "--at", AT.isoformat())
    results("trust", "add", root, "--trust", folder, "--purpose", "timestamp", "--yes")
    results(*verify, code=3)
    results("trust", "add", root, "--trust", folder, "--purpose", "government", "--yes", "--overwrite")
    results(*verify)
    add = ("trust", "add", root, "--trust", folder, "--purpose", "government", "--yes", "--overwrite")
    results(*add, "--not-after", "2026-03-03")
    results(*verify, code=3)


# -- trust.json ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"00": {"purposes": ["national"]}}',
        f'{{"{"zz" * 32}": {{"purposes": ["national"]}}}}',
        f'{{"{SHA256}": {{"purposes": ["national"]}}, "{COLONS}": {{"purposes": ["national"]}}}}',
        f'{{"{SHA256}": []}}',
        f'{{"{SHA256}": {{}}}}',
        f'{{"{SHA256}": {{"purposes": []}}}}',
        f'{{"{SHA256}": {{"purposes": ["all"]}}}}',
        f'{{"{SHA256}": {{"purposes": [["national"]]}}}}',
        f'{{"{SHA256}": {{"purposes": "national"}}}}',
        f'{{"{SHA256}": {{"purposes": ["national"], "legacy": 1}}}}',
        f'{{"{SHA256}": {{"purposes": ["national"], "not_after": 5}}}}',
        f'{{"{SHA256}": {{"purposes": ["national"], "not_after": "soon"}}}}',
        f'{{"{SHA256}": {{"purposes": ["national"], "name": 5}}}}',
        f'{{"{SHA256}": {{"purposes": ["national"], "notafter": "2030-03-05"}}}}',
        f'{{"{SHA256}": {{"purposes": ["national"], "purposes": ["government"]}}}}',
        " " * (1 << 20) + "{}",
    ],
    ids=itertools.count(),  # keys differ from run to run
)
def test_wrong_settings_stop_everything(folder: Path, text: str) -> None:
    put(folder / "root.cer", ROOT)
    (folder / "trust.json").write_text(text)
    for command in ("list", "check"):
        (found,) = results("trust", command, "--trust", folder, code=2)
        assert found["error"]["code"] == "trust-settings-invalid"
    assert "trust.json" in call("trust", "list", "--trust", folder, "--lang", "vi").stderr


def test_settings_by_hand(folder: Path) -> None:
    put(folder / "root.cer", ROOT)
    row = {"purposes": ["timestamp"], "not_after": "2030-03-05T10:00"}
    (folder / "trust.json").write_text(json.dumps({COLONS: row}))
    [one] = open_folder(folder).anchors
    assert one.anchor.purposes == {Purpose.TIMESTAMP}
    assert one.anchor.not_after == datetime.datetime.fromisoformat("2030-03-05T10:00+07:00")
    assert one.anchor.name == ROOT.certificate.subject_text


# -- check ---------------------------------------------------------------------------------------------


def test_a_sound_folder(folder: Path) -> None:
    put(folder / "government" / "root.cer", ROOT)
    put(folder / "timestamp" / "tsa.cer", Authority.root("Gốc thời gian", key="p256"))
    put(folder / "pool" / "ca.cer", CA)
    found = checked(folder)
    assert named(found) == {"unknown": "warning"}
    assert checked(folder, "--strict", code=1)["counts"] == {"error": 0, "warning": 2, "note": 0}
    page = call("trust", "check", "--trust", folder, "--lang", "vi")
    assert page.exit_code == 0
    assert "government/root.cer" in page.stdout


def test_what_is_odd(folder: Path) -> None:
    put(folder / "government" / "a.cer", ROOT)
    put(folder / "national" / "b.cer", ROOT)
    put(folder / "national" / "ca.cer", CA)
    put(folder / "national" / "twin.cer", Authority.root("Gốc để tin cậy", key="p384"))
    put(folder / "national" / "person.cer", CA.person("Người ký", key="p256"))
    put(folder / "national" / "old.cer", Authority.root("Gốc cũ", key="rsa-1024", digest="sha1", valid=LONG_AGO))
    put(folder / "legacy" / "g1.cer", Authority.root("Gốc G1", digest="sha1"))
    (folder / "national" / "junk.cer").write_bytes(b"junk")
    (folder / "revocation").mkdir()
    stale = ROOT.crl(this_update=LONG_AGO[0], next_update=LONG_AGO[1])
    (folder / "revocation" / "stale.crl").write_bytes(stale)
    (folder / "revocation" / "fresh.crl").write_bytes(ROOT.crl(this_update=AT, next_update=AT))
    (folder / "revocation" / "endless.crl").write_bytes(ROOT.crl(this_update=AT))
    (folder / "revocation" / "junk.crl").write_bytes(b"junk")
    answer = ROOT.ocsp(CA.certificate, at=LONG_AGO[0], next_update=LONG_AGO[1])
    (folder / "revocation" / "stale.ocsp").write_bytes(answer)
    (folder / "revocation" / "endless.ocsp").write_bytes(ROOT.ocsp(CA.certificate, at=AT))
    rows = {"00" * 32: Setting(purposes=frozenset({Purpose.NATIONAL}))}
    young = Authority.root("Gốc mới", key="p256", valid=(AT + datetime.timedelta(1), AT + datetime.timedelta(9)))
    put(folder / "new.cer", young)
    ended = Setting(purposes=frozenset({Purpose.NATIONAL}), not_after=AT)
    write_settings(folder, {**rows, young.certificate.fingerprint.hex(): ended})
    found = checked(folder, code=1)
    by_check = {(one["check"], one["file"]) for one in found["findings"]} - {("unknown", None)}
    assert {row for row in by_check if row[0] != "unknown"} == {
        ("file-unreadable", "national/junk.cer"),
        ("file-unreadable", "revocation/junk.crl"),
        ("key-refused", "national/old.cer"),
        ("duplicate", "government/a.cer"),
        ("same-name", "government/a.cer"),
        ("same-name", "national/twin.cer"),
        ("not-a-root", "national/ca.cer"),
        ("not-a-ca", "national/person.cer"),
        ("expired", "national/old.cer"),
        ("digest-weak", "national/old.cer"),
        ("legacy", "legacy/g1.cer"),
        ("not-yet-valid", "new.cer"),
        ("distrusted", "new.cer"),
        ("setting-unused", "trust.json"),
        ("revocation-stale", "revocation/stale.crl"),
        ("revocation-stale", "revocation/stale.ocsp"),
        ("no-time-anchor", None),
    }
    order = [one["severity"] for one in found["findings"]]
    assert order == sorted(order, key=["error", "warning", "note"].index)
    (broken,) = results("trust", "list", "--trust", folder, code=2)
    assert broken["error"]["code"] == "certificate-malformed"


def test_an_empty_folder(folder: Path) -> None:
    folder.mkdir()
    assert named(checked(folder)) == {"nothing-trusted": "warning"}


def test_an_unusable_key(folder: Path) -> None:
    der = ROOT.certificate.der
    junk = ROOT.certificate.spki[:-65] + b"\x04" + b"\1" * 64  # no point of the curve
    put(folder / "root.cer", ROOT).write_bytes(der.replace(ROOT.certificate.spki, junk))
    assert named(checked(folder, code=1))["key-unusable"] == "error"
    (found,) = results("trust", "list", "--trust", folder)
    assert found["anchors"][0]["certificate"]["key"] is None


@pytest.mark.parametrize(
    ("family", "purposes", "fits"),
    [
        ("vgca-g1", ("government", "timestamp"), True),
        ("vgca-g2", ("national",), False),
        ("national", ("national",), True),
        ("public-ca", ("government", "national"), False),
        ("foreign-tsa", ("timestamp",), True),
        ("foreign-tsa", ("timestamp", "government"), False),
    ],
)
def test_known_fingerprints(
    root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, family: str, purposes: tuple[str, ...], *, fits: bool
) -> None:
    """A family that is known decides what an anchor can be trusted for."""
    row = attrs.evolve(next(iter(recognised.RECOGNISED.values())), family=family, fingerprint=SHA256.upper())
    for module in ("vndoc.pki.trust", "vndoc.cli._trust_commands"):
        monkeypatch.setattr(f"{module}.RECOGNISED", {SHA256.upper(): row})
    named_for = [word for purpose in purposes for word in ("--purpose", purpose)]
    (added,) = results("trust", "add", root, "--trust", folder, *named_for, "--yes")
    assert added["certificate"]["recognised"]["family"] == family
    found = checked(folder, code=0 if fits else 1)
    assert found["counts"]["error"] == (not fits)
    assert ("purpose-unfit" in named(found)) is not fits
    page = call("trust", "show", root, "--lang", "vi")
    assert "Hãy đối chiếu vân tay" in page.stdout


def test_every_known_family_has_its_purposes() -> None:
    from vndoc.cli._trust_check import _FITTING  # noqa: PLC0415

    assert set(_FITTING) == {row.family for row in recognised.RECOGNISED.values()}


def test_every_check_is_published() -> None:
    schema = json.loads(call("schema", "trust-check").stdout)
    assert schema["$defs"]["trust_finding"]["properties"]["check"]["enum"] == list(CHECKS)


# -- list, show ----------------------------------------------------------------------------------------


def test_show(root: Path, folder: Path) -> None:
    results("trust", "add", root, "--trust", folder, "--purpose", "national", "--yes", "--not-after", "2040-01-01")
    (found,) = results("trust", "show", root)
    [one] = found["certificates"]
    assert (one["trusted"], one["certificate"]["key"], one["certificate"]["ca"]) == (None, "ecdsa 256", True)
    (found,) = results("trust", "show", COLONS[:23], "--trust", folder)
    assert found["certificates"][0]["trusted"]["purposes"] == ["national"]
    (found,) = results("trust", "show", "00000000", "--trust", folder, code=1)
    assert found["certificates"] == []
    results("trust", "show", SHA256, code=1)
    for wrong in ("0000000", "not-there.cer"):
        (found,) = results("trust", "show", wrong, "--trust", folder, code=2)
        assert found["error"]["code"] == "option-invalid"


@pytest.mark.parametrize(("lang", "words"), [("vi", "chữ ký số công cộng"), ("en", "public signatures")])
def test_pages(root: Path, folder: Path, lang: Any, words: str) -> None:
    how = ("--legacy", "--not-after", "2040-01-01")
    results("trust", "add", root, "--trust", folder, "--purpose", "national", "--yes", *how)
    for arguments in (("list",), ("show", SHA256), ("show", "00000000")):
        page = call("trust", *arguments, "--trust", folder, "--lang", lang)
        assert (words in page.stdout) is (arguments[-1] != "00000000")
    assert "2040-01-01" in call("trust", "list", "--trust", folder, "--lang", lang).stdout
    group = command_in(lang).commands["trust"]
    assert list(group.commands) == ["list", "add", "check", "show", "bundle"]
    texts = [group.help, *(c.help for c in group.commands.values())]
    texts += [p.help for c in group.commands.values() for p in c.params if hasattr(p, "help")]
    assert all(text and " " in text for text in texts)


def test_a_name_commands_no_terminal(root: Path, folder: Path) -> None:
    evil = "a\x1b[2Jb\u202e"
    base = ("trust", "add", root, "--trust", folder, "--purpose", "national", "--yes")
    assert "\x1b" not in call(*base, "--name", evil).stdout
    assert "\x1b" not in call("trust", "list", "--trust", folder).stdout
    assert "\u202e" not in call("trust", "list", "--trust", folder, "--json").stdout
