"""``vndoc verify --fetch``, ``--bundle`` and ``vndoc trust bundle``, against a server of our own."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from cli_support import call, document, results, save
from http_server import Server, answer, running
from vndoc.cli import _trust
from vndoc.pki import Crl, bundle
from vndoc.pki.bundle import Bundle
from vndoc.signature.cms import sign_cms
from vndoc.signature.evidence import EvidenceRecord
from vndoc.signature.seal import seal
from vndoc.signature.tsp import read_request
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.testing.pki import Authority, TimestampAuthority, access, distribution_points

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
HOUR = datetime.timedelta(hours=1)
CONTENT = b"content"


class World:
    """A hierarchy whose certificates point to the server; the signature holds the leaf alone."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        at = server.url
        root = Authority.root("Gốc trên mạng", key="p256")
        self.tsa_root = Authority.root("Gốc dấu thời gian trên mạng", key="p256")
        self.ca = root.subordinate("CA trên mạng", key="p256", extra=[distribution_points(at("/root.crl"))])
        rows = [access(at("/ca.cer"), at("/ocsp")), distribution_points(at("/ca.crl"))]
        self.person = self.ca.person("Nguyễn Văn Mạng", key="p256", organisation="Sở Mạng", extra=rows)
        tsa = self.tsa_root.tsa("TSA trên mạng", extra=[distribution_points(at("/tsa.crl"))])
        self.stamp = TimestampAuthority(identity=tsa, time=NOW - HOUR)
        how = {"this_update": NOW - HOUR, "next_update": NOW + HOUR}
        server.pages |= {
            "/ca.cer": answer(self.ca.certificate.der),
            "/root.crl": answer(root.crl(**how)),
            "/ca.crl": answer(self.ca.crl(**how)),
            "/tsa.crl": answer(self.tsa_root.crl(**how)),
            "/ocsp": answer(self.ca.ocsp(self.person, "good", NOW - HOUR, next_update=NOW + HOUR)),
        }
        self.trust = folder / "trust"
        for name, anchor in (("government", root), ("timestamp", self.tsa_root)):
            (self.trust / name).mkdir(parents=True)
            (self.trust / name / "root.cer").write_bytes(anchor.certificate.der)
        self.content = folder / "content.bin"
        self.content.write_bytes(CONTENT)
        signer = attrs.evolve(self.person, chain=()).signer()
        self.cms = folder / "content.p7s"
        self.cms.write_bytes(sign_cms(CONTENT, signer=signer, signing_time=NOW - HOUR, stamp=self.stamp))
        self.xml = folder / "signed.xml"
        self.xml.write_bytes(sign_xml(b"<a>x</a>", signer=signer, signing_time=NOW - HOUR, stamp=self.stamp))
        self.leaf = folder / "leaf.cer"
        self.leaf.write_bytes(self.person.certificate.der)
        self.host = ("--fetch", "--allow-host", f"127.0.0.1:{server.port}")

    def verify(self, *arguments: object, file: Path | None = None, code: int = 0) -> dict[str, Any]:
        base = ("verify", file or self.cms, "--policy", "vn_default", "--trust", self.trust)
        content = () if file else ("--content", self.content)
        (found,) = results(*base, *content, *arguments, code=code)
        return found

    def bundle(self, *arguments: object, code: int = 0, name: str = "bundle.zip") -> tuple[Path, dict[str, Any]]:
        out = self.folder / name
        (found,) = results("trust", "bundle", out, *arguments, code=code)
        return out, found


@pytest.fixture
def world(tmp_path):
    with running() as server:
        yield World(tmp_path, server)


def reasons(found: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in found["verdict"]["reasons"]}


# -- verify ----------------------------------------------------------------------------------------------


def test_nothing_is_fetched_unasked(world):
    found = world.verify(code=3)
    assert "revocation-not-checked" in reasons(found)
    assert world.server.asked == []


def test_cms_and_xml_are_verified_over_the_network(world):
    assert world.verify(*world.host)["status"] == "passed"
    assert world.verify(*world.host, file=world.xml)["status"] == "passed"
    assert {path for _, path, *_ in world.server.asked} >= {"/root.crl", "/tsa.crl", "/ocsp", "/ca.cer"}


def test_a_packet_is_verified_over_the_network(world):
    path = save(world.folder / "packet.edxml", seal(document(), world.person.signer(), stamp=world.stamp))
    assert world.verify(file=path, code=3)["status"] == "indeterminate"
    assert world.verify(*world.host, file=path)["status"] == "passed"


def test_a_cache_is_used(world):
    cache = world.folder / "cache"
    assert world.verify(*world.host, "--cache", cache)["status"] == "passed"
    count = len(world.server.asked)
    assert world.verify(*world.host, "--cache", cache)["status"] == "passed"
    assert len(world.server.asked) == count
    for entry in cache.iterdir():
        entry.write_bytes(b"x")
    base = ("verify", world.cms, "--policy", "vn_default", "--trust", world.trust, "--content", world.content)
    page = call(*base, *world.host, "--cache", cache)
    assert page.exit_code == 0
    assert "is not used" in page.stderr


def test_other_hosts_are_refused_and_told(world):
    found = world.verify("--fetch", "--allow-host", "a.example", code=3)
    assert {"fetch-failed", "revocation-unknown"} <= reasons(found)
    assert world.server.asked == []


def test_a_server_that_fails_leaves_the_answer_open(world):
    world.server.pages.clear()
    assert world.verify(*world.host, code=3)["status"] == "indeterminate"


@pytest.mark.parametrize(
    "options",
    [
        ("--fetch",),
        ("--allow-host", "a.example"),
        ("--allow-private-host", "a.example"),
        ("--cache", "x"),
        ("--fetch", "--allow-host", "http://a.example/"),
    ],
)
def test_options_that_do_not_fit(world, options):
    found = world.verify(*options, code=2)
    assert found["error"]["code"] == "option-invalid"


# -- bundles ---------------------------------------------------------------------------------------------


def test_a_bundle_carries_a_verification_over(world):
    out, found = world.bundle("--for", world.cms, "--content", world.content, "--trust", world.trust, *world.host)
    assert found["status"] == "passed"
    kinds = [item["kind"] for item in found["items"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {"certificate": 3, "crl": 3, "ocsp": 1}
    assert found["sha256"] == Bundle.load(out.read_bytes()).digest.hex()
    world.server.asked.clear()
    assert world.verify("--bundle", out)["status"] == "passed"
    assert world.verify("--bundle", out, file=world.xml)["status"] == "passed"
    assert world.server.asked == []
    octets = bytearray(out.read_bytes())
    octets[-200] ^= 1
    out.write_bytes(octets)
    assert world.verify("--bundle", out, code=2)["error"]["code"] in {"bundle-changed", "bundle-malformed"}


def test_a_bundle_for_a_certificate(world):
    out, found = world.bundle("--for", world.leaf, "--trust", world.trust, *world.host)
    assert [item["kind"] for item in found["items"]] == ["certificate"] * 2 + ["crl"] * 2 + ["ocsp"]
    tsa, _ = world.bundle("--from", world.server.url("/tsa.crl"), *world.host, name="tsa.zip")
    both, found = world.bundle("--from", out, "--from", tsa, name="both.zip")
    assert len(found["items"]) == 6
    assert world.verify("--bundle", out, code=3)["status"] == "indeterminate"
    assert world.verify("--bundle", out, "--bundle", tsa)["status"] == "passed"
    assert world.verify("--bundle", both)["status"] == "passed"


def test_a_bundle_of_files(world):
    crl = world.folder / "a.crl"
    crl.write_bytes(world.tsa_root.crl(this_update=NOW, next_update=NOW + HOUR))
    page = call("trust", "bundle", world.folder / "b.zip", "--from", crl, "--from", world.leaf, "--lang", "vi")
    assert page.exit_code == 0
    assert "Nguyễn Văn Mạng" in page.stdout
    assert "Đã ghi 2 mục" in page.stdout
    _, found = world.bundle("--from", crl, name="c.zip")
    assert (found["items"][0]["source"], found["items"][0]["until"]) == ("a.crl", (NOW + HOUR).isoformat())


def test_what_is_missing_is_told(world):
    del world.server.pages["/root.crl"]
    out, found = world.bundle("--for", world.leaf, "--trust", world.trust, *world.host, code=3)
    assert [failure["url"] for failure in found["failures"]] == [world.server.url("/root.crl")]
    assert out.exists()
    page = call("trust", "bundle", out, "--overwrite", "--for", world.leaf, "--trust", world.trust, *world.host)
    assert page.exit_code == 3
    assert "404" in page.stdout


def test_nothing_at_all(world):
    out, found = world.bundle("--from", world.server.url("/nothing"), *world.host, code=1)
    assert found["failures"][0]["error"]["code"] == "fetch-status"
    assert not out.exists()
    assert call("trust", "bundle", out, "--from", world.server.url("/nothing"), *world.host).exit_code == 1


def test_without_a_network_the_chain_at_hand_is_taken(world):
    _, found = world.bundle("--for", world.leaf)
    assert [item["kind"] for item in found["items"]] == ["certificate"]


def test_a_bundle_that_is_too_large(world, monkeypatch):
    out, _ = world.bundle("--for", world.leaf)
    for module in (_trust, bundle):
        monkeypatch.setattr(module, "MAX_BUNDLE", 100)
    monkeypatch.setattr(_trust, "MAX_CRL", 100)
    assert world.verify("--bundle", out, code=2)["error"]["code"] == "bundle-too-big"
    assert len(_trust.read_file(out)) == 101


def test_a_file_that_exists_stays(world):
    out, _ = world.bundle("--for", world.leaf)
    octets = out.read_bytes()
    _, found = world.bundle("--for", world.leaf, code=2)
    assert found["error"]["code"] == "target-exists"
    assert out.read_bytes() == octets


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "option-invalid"),
        (("--from", "http://a.example/x"), "option-invalid"),
        (("--from", "content.bin"), "bundle-malformed"),
        (("--from", "missing"), "source-unreadable"),
        (("--for", "content.bin"), None),
    ],
)
def test_what_no_bundle_is_made_of(world, monkeypatch, arguments, code):
    monkeypatch.chdir(world.folder)
    _, found = world.bundle(*arguments, code=2)
    assert code in {None, found["error"]["code"]}


# -- evidence --------------------------------------------------------------------------------------------


def test_a_record_is_made_over_the_network_and_stands_alone(world):
    record = world.folder / "a.evidence"
    base = ("--trust", world.trust, "--content", world.content)
    make = ("evidence", "make", world.cms, "--policy", "vn_default", *base, "-o", record)
    (found,) = results(*make, code=3)
    assert "revocation-not-checked" in reasons(found)
    assert world.server.asked == []
    page = call(*make, "--overwrite", "--lang", "en")
    assert "--bundle" in page.stdout
    (found,) = results(*make, "--overwrite", *world.host)
    assert (found["status"], found["confirmed"], found["failures"]) == ("passed", True, [])
    assert call(*make, "--overwrite", *world.host).stdout.count("--bundle") == 0
    world.server.pages.clear()
    (later,) = results("evidence", "check", record, world.cms, *base)
    assert (later["status"], later["confirmed"]) == ("passed", True)


def test_what_could_not_be_fetched_for_a_record_is_told(world):
    record = world.folder / "a.evidence"
    make = ("evidence", "make", world.xml, "--policy", "vn_default", "--trust", world.trust, "-o", record)
    del world.server.pages["/root.crl"]
    (found,) = results(*make, *world.host, code=3)
    assert [one["url"] for one in found["failures"]] == [world.server.url("/root.crl")]
    page = call(*make, *world.host, "--overwrite", "--lang", "en")
    assert world.server.url("/root.crl") in page.stdout


def test_a_record_is_made_and_checked_with_a_bundle(world):
    bundled, _ = world.bundle("--for", world.cms, "--content", world.content, "--trust", world.trust, *world.host)
    world.server.pages.clear()
    record = world.folder / "a.evidence"
    base = ("--trust", world.trust, "--content", world.content, "--bundle", bundled)
    (found,) = results("evidence", "make", world.cms, "--policy", "vn_default", *base, "-o", record)
    assert (found["status"], found["confirmed"]) == ("passed", True)
    (later,) = results("evidence", "check", record, world.cms, *base)
    assert (later["status"], later["confirmed"]) == ("passed", True)
    (later,) = results("evidence", "check", record, world.cms, *base[:-2])
    assert (later["status"], later["confirmed"]) == ("passed", True)


def test_a_reason_of_several_places_is_printed_once(world):
    base = ("verify", world.cms, "--policy", "vn_default", "--trust", world.trust, "--content", world.content)
    page = call(*base, "--lang", "en")
    assert page.stdout.count("[revocation-not-checked]") == 1


def test_a_bundle_without_revocation_data_says_so(world):
    out = world.folder / "b.zip"
    base = ("trust", "bundle", out, "--for", world.cms, "--content", world.content, "--trust", world.trust)
    page = call(*base, "--lang", "en")
    assert (page.exit_code, "no revocation data" in page.stdout) == (0, True)
    assert world.server.asked == []
    page = call(*base, *world.host, "--overwrite", "--lang", "en")
    assert (page.exit_code, "no revocation data" in page.stdout) == (0, False)


# -- timestamps over records -----------------------------------------------------------------------------


class Stamping:
    """A signature without a timestamp, and the command that makes its record with one, from a server."""

    def __init__(self, world: World) -> None:
        self.world, self.record = world, world.folder / "a.evidence"
        data = sign_cms(CONTENT, signer=attrs.evolve(world.person, chain=()).signer(), signing_time=NOW - HOUR)
        self.bare = world.folder / "bare.p7s"
        self.bare.write_bytes(data)
        self.nonces: list[int | None] = []
        self.serve(world.stamp)
        self.tsa = ("--tsa", world.server.url("/tsa"))
        self.base = ("--trust", world.trust, "--content", world.content)

    def serve(self, stamp: TimestampAuthority) -> None:
        def reply(conn, path, headers, body):
            assert headers["content-type"] == "application/timestamp-query"
            self.nonces.append(read_request(body).nonce)
            answer(stamp(body), kind="application/timestamp-reply")(conn, path, headers, body)

        self.world.server.pages["/tsa"] = reply

    def sign(self, form: str, *more: object, code: int = 0) -> tuple[Path, dict[str, Any]]:
        """Sign with the command; return the signature, and what is told."""
        files = {"cms": self.world.content, "xml": self.world.folder / "a.xml", "seal": self.world.folder / "a.edxml"}
        files["xml"].write_bytes(b"<a>x</a>")
        save(files["seal"], document())
        key, out = self.world.folder / "key.pem", self.world.folder / f"made.{form}"
        key.write_bytes(self.world.person.pem())
        (found,) = results("sign", files[form], "--key", key, "--form", form, "-o", out, *more, code=code)
        return out, found

    def make(self, *more: object, code: int = 0) -> dict[str, Any]:
        make = ("evidence", "make", self.bare, "--policy", "vn_default", *self.base, "-o", self.record)
        (found,) = results(*make, *more, code=code)
        return found

    def stamp(self, *more: object, code: int = 0) -> dict[str, Any]:
        trust = ("--trust", self.world.trust)
        (found,) = results("evidence", "stamp", self.record, "-o", self.record, *trust, *more, code=code)
        return found

    def loaded(self) -> EvidenceRecord:
        return EvidenceRecord.load(self.record.read_bytes())


@pytest.fixture
def stamping(world):
    return Stamping(world)


@pytest.mark.parametrize("form", ["cms", "xml", "seal"])
def test_a_signature_gets_a_timestamp(world, stamping, form):
    made, found = stamping.sign(form, *stamping.tsa, *world.host)
    assert found["timestamped"]
    [nonce] = stamping.nonces
    assert nonce is not None
    content = ("--content", world.content) if form == "cms" else ()
    told = world.verify(*content, *world.host, file=made)
    [report] = told["verdict"]["signatures"]
    assert report["best_signature_time"] == (NOW - HOUR).isoformat()
    assert told["status"] == "passed"


def test_a_signature_without_the_timestamp_that_was_asked_for_is_not_written(world, stamping):
    for more in ((), ("--allow-host", "127.0.0.1"), ("--fetch", "--allow-host", "example.vn")):
        made, found = stamping.sign("cms", *stamping.tsa, *more, code=2)
        assert found["error"]["code"] in {"option-invalid", "fetch-refused"}
        assert not made.exists()
    made, found = stamping.sign("cms", *world.host, code=2)
    assert found["error"]["code"] == "option-invalid"
    stamping.serve(TimestampAuthority(identity=world.stamp.identity, time=NOW, failure="badRequest"))
    made, found = stamping.sign("cms", *stamping.tsa, *world.host, code=2)
    assert found["error"]["code"] == "timestamp-refused"
    assert not made.exists()
    _, found = stamping.sign("cms")
    assert found["timestamped"] is False


def test_a_record_is_made_with_a_timestamp_and_proves_its_time_offline(stamping):
    found = stamping.make(*stamping.world.host, *stamping.tsa)
    assert (found["status"], found["confirmed"], found["failures"], found["reasons"]) == ("passed", True, [], [])
    [stamp] = found["timestamps"]
    assert (stamp["proves"], stamp["time"]) == (True, (NOW - HOUR).isoformat())
    [entry] = stamping.loaded().timestamps
    assert [Crl.load(octets).issuer for octets in entry.material.crls] == [stamping.world.tsa_root.certificate.subject]
    assert len(stamping.nonces) == 2, "once to learn who the authority is, once over what is known of it"
    assert len(set(stamping.nonces)) == 2
    assert None not in stamping.nonces
    stamping.world.server.pages.clear()
    (later,) = results("evidence", "check", stamping.record, stamping.bare, *stamping.base)
    assert (later["status"], later["confirmed"]) == ("passed", True)
    assert later["now"]["signatures"][0]["best_signature_time"] == (NOW - HOUR).isoformat()
    assert "evidence-time-proven" in [reason["code"] for reason in later["reasons"]]


def test_nothing_more_to_know_means_one_question(stamping, world):
    bundled, _ = world.bundle("--for", stamping.bare, "--content", world.content, "--trust", world.trust, *world.host)
    del world.server.pages["/tsa.crl"]
    found = stamping.make(*world.host, *stamping.tsa, "--bundle", bundled, code=3)
    assert (found["verdict"]["indication"], found["confirmed"]) == ("passed", True)
    [stamp] = found["timestamps"]
    assert "revocation-unknown" in [reason["code"] for reason in stamp["reasons"]]
    assert len(stamping.nonces) == 2, "the root of the authority was not in the record"
    page = call("evidence", "stamp", stamping.record, *stamping.tsa, "--trust", world.trust, *world.host, "-o", "-")
    assert page.exit_code == 2
    again = stamping.stamp("--overwrite", *stamping.tsa, *world.host, code=3)
    assert len(stamping.nonces) == 3
    assert [one["proves"] for one in again["timestamps"]] == [False, False]


def test_a_record_is_renewed(stamping, world):
    assert stamping.make(*world.host)["timestamps"] == []
    first = stamping.stamp("--overwrite", *stamping.tsa, *world.host)
    assert (first["status"], len(first["timestamps"])) == ("passed", 1)
    old = stamping.loaded()
    second = world.tsa_root.tsa("TSA thứ hai trên mạng", extra=[distribution_points(world.server.url("/tsa.crl"))])
    stamping.serve(TimestampAuthority(identity=second, time=NOW))
    found = stamping.stamp("--overwrite", *stamping.tsa, *world.host)
    assert (found["status"], [one["proves"] for one in found["timestamps"]]) == ("passed", [True, True])
    new = stamping.loaded()
    assert found["digest"] == new.digest
    assert attrs.evolve(new, timestamps=new.timestamps[:1]) == old
    world.server.pages.clear()
    (later,) = results("evidence", "check", stamping.record, stamping.bare, *stamping.base)
    assert (later["status"], later["confirmed"]) == ("passed", True)
    assert [r["code"] for r in later["reasons"]].count("evidence-time-proven") == 2


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_pages_of_timestamps_over_records(stamping, world, lang):
    make = ("evidence", "make", stamping.bare, "--policy", "vn_default", *stamping.base, "-o", stamping.record)
    page = call(*make, *world.host, "--lang", lang)
    assert "vndoc evidence stamp" in page.stdout
    page = call(*make, *world.host, *stamping.tsa, "--lang", lang, "--overwrite")
    assert page.exit_code == 0, page.output
    assert "timestamps/0: TSA trên mạng" in page.stdout
    assert "vndoc evidence stamp" not in page.stdout
    (world.trust / "timestamp" / "root.cer").unlink()
    stamp = ("evidence", "stamp", stamping.record, "-o", stamping.record, "--overwrite", "--trust", world.trust)
    page = call(*stamp, *stamping.tsa, *world.host, "--lang", lang)
    assert page.exit_code == 3
    assert {"vi": "CẢNH BÁO: chỉ với hồ sơ này", "en": "WARNING: from this record alone"}[lang] in page.stdout
    assert "timestamps/1: " in page.stdout


def test_an_authority_that_gives_nothing_leaves_a_record_without_timestamp(stamping, world):
    for page, code in (
        (answer(b"", status="503 Service Unavailable"), "fetch-status"),
        (answer(b"x" * 2_000_000), "fetch-too-big"),
        (answer(b"<p>", kind="text/html"), "fetch-type"),
        (answer(b"no response"), "timestamp-malformed"),
        (None, "timestamp-refused"),
    ):
        if page is None:
            stamping.serve(TimestampAuthority(identity=world.stamp.identity, time=NOW, failure="badRequest"))
        else:
            world.server.pages["/tsa"] = page
        found = stamping.make(*world.host, *stamping.tsa, "--overwrite", code=3)
        assert (found["verdict"]["indication"], found["timestamps"]) == ("passed", [])
        assert [(f["url"], f["error"]["code"]) for f in found["failures"]] == [(stamping.tsa[1], code)]
        before = stamping.record.read_bytes()
        assert stamping.loaded().timestamps == ()
        again = stamping.stamp(*stamping.tsa, *world.host, "--overwrite", code=2)
        assert again["error"]["code"] == code
        assert stamping.record.read_bytes() == before
    make = ("evidence", "make", stamping.bare, "--policy", "vn_default", *stamping.base, "-o", stamping.record)
    page = call(*make, "--overwrite", *world.host, *stamping.tsa, "--lang", "en")
    assert "authority refused: status 2, badRequest" in page.stdout
    assert "vndoc evidence stamp" in page.stdout


def test_a_verdict_that_is_worse_is_not_made_better_by_a_timestamp(stamping, world):
    world.content.write_bytes(b"other")
    found = stamping.make(*world.host, *stamping.tsa, code=1)
    assert (found["status"], found["timestamps"][0]["proves"]) == ("failed", True)
    world.server.pages["/tsa"] = answer(b"")
    assert stamping.make(*world.host, *stamping.tsa, "--overwrite", code=1)["status"] == "failed"


def test_the_authority_is_asked_only_where_that_is_allowed(stamping, world):
    for options, code in (
        ((), "option-invalid"),
        (("--fetch", "--allow-host", "a.example"), "fetch-refused"),
    ):
        assert stamping.make(*options, *stamping.tsa, code=2)["error"]["code"] == code
        assert not stamping.record.exists()
    assert stamping.make(*world.host, "--tsa", "ftp://127.0.0.1/", code=2)["error"]["code"] == "fetch-url"
    assert world.server.asked == []
    stamping.make(*world.host)
    assert stamping.stamp(*stamping.tsa, code=2)["error"]["code"] == "option-invalid"
    assert stamping.stamp(*stamping.tsa, *world.host, code=2)["error"]["code"] == "target-exists"
    assert stamping.nonces == []
    stamping.record.write_bytes(stamping.record.read_bytes().replace(b"passed", b"failed"))
    assert stamping.stamp(*stamping.tsa, *world.host, "--overwrite", code=2)["error"]["code"] == "evidence-digest"
    assert stamping.nonces == []
