"""``vndoc node``: two gateways that share folders, driven by the command alone."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import vndoc
from cli_support import call, results
from node_support import FIRST, SENDER, change, packet
from vndoc.cli._node_http import listening
from vndoc.cli._node_opening import open_node
from vndoc.cli._node_settings import read_settings
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import SourceError, UsageError
from vndoc.node import Health
from vndoc.transport import SpoolTransport

KEY = f"{SENDER}|2026|1/UBND-VP"
TABLE = f"""code,name,connection,carrier
{SENDER},Đơn vị gửi,connected,spool
{FIRST},Đơn vị nhận,connected,spool
"""


def config(folder: Path, code: str, extra: str = "") -> Path:
    path = folder / f"{code}.toml"
    path.write_text(
        f"""
[store]
url = {{ env = "VNDOC_TEST_STORE_{code[-3:]}" }}
blobs = "{code}.blobs"

[agencies."{code}"]
name = "Đơn vị {code}"

[table]
file = "table.csv"

[node]
signatures = false
poll_seconds = 0.05
{extra}

[carriers.spool]
kind = "spool"
root = "{folder / code}"
codes = ["{code}"]
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def sites(tmp_path: Path, monkeypatch) -> tuple[Path, Path]:
    for code, other in ((SENDER, FIRST), (FIRST, SENDER)):
        SpoolTransport.create(tmp_path / code)
        (tmp_path / code / "outgoing" / other).symlink_to(tmp_path / other / "incoming")
        monkeypatch.setenv(f"VNDOC_TEST_STORE_{code[-3:]}", f"sqlite:///{tmp_path / code}.db")
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    return config(tmp_path, SENDER), config(tmp_path, FIRST)


def save(folder: Path, sent: vndoc.DocumentPacket, name: str = "goi-tin.edxml") -> Path:
    path = folder / name
    path.write_bytes(vndoc.write_packet(sent))
    return path


def run_once(*configs: Path) -> None:
    for path in configs:
        results("node", "run", "--config", path, "--once")


def test_a_document_goes_there_and_its_status_comes_back(sites, tmp_path: Path) -> None:
    sender, receiver = sites
    file = save(tmp_path, packet())
    (sent,) = results("node", "send", file, "--config", sender, "--not-secret-by", "Nguyễn Văn An")
    assert sent["accepted"]["business_key"] == KEY
    assert sent["accepted"]["repeated"] is False
    (again,) = results("node", "send", file, "--config", sender, "--not-secret-by", "Nguyễn Văn An")
    assert again["accepted"] == {**sent["accepted"], "repeated": True}
    run_once(sender)
    (polled,) = results("node", "poll", "--config", receiver)
    assert (polled["seen"], polled["decided"], polled["settled"]) == (1, 1, 1)
    run_once(receiver, sender)
    (tracked,) = results("node", "status", KEY, "--config", sender)
    assert tracked["tracking"]["direction"] == "out"
    assert tracked["tracking"]["lives"] == [{"receiver": FIRST, "life": "arrived"}]
    (delivery,) = tracked["tracking"]["deliveries"]
    assert delivery == {"recipient": FIRST, "delivery": "arrived", "life": "arrived", "final": True}
    assert [entry["code"] for entry in tracked["tracking"]["history"]] == ["01"]
    page = call("node", "status", KEY, "--config", sender, "--lang", "vi").stdout
    assert f"{KEY}: văn bản đi" in page
    assert f"gửi đến {FIRST}: đã đến" in page
    assert f"tại {FIRST}: đã đến (01)" in page
    (came,) = results("node", "status", KEY, "--config", receiver)
    assert (came["tracking"]["direction"], came["tracking"]["deliveries"]) == ("in", [])
    assert came["tracking"]["lives"] == [{"receiver": FIRST, "life": "arrived"}]
    assert f"{KEY}: received" in call("node", "status", KEY, "--config", receiver).stdout
    (health,) = results("node", "status", "--config", receiver)
    assert health["health"]["ready"] is True
    assert health["health"]["stuck"] == 0


def test_pages_in_both_languages(sites, tmp_path: Path) -> None:
    sender, receiver = sites
    file = save(tmp_path, packet())
    arguments = ("node", "send", file, "--config", sender, "--not-secret-by", "x")
    assert "accepted" in call(*arguments).stdout
    assert "đã nhận gửi từ trước" in call(*arguments, "--lang", "vi").stdout
    assert "1 sent" in call("node", "run", "--config", sender, "--once").stdout
    assert "1 taken in" in call("node", "poll", "--config", receiver).stdout
    assert "alive: yes" in call("node", "status", "--config", receiver).stdout
    assert "không có gì" in call("node", "dead", "--config", receiver, "--lang", "vi").stdout


def test_a_document_that_may_not_be_sent(sites, tmp_path: Path) -> None:
    sender, _ = sites
    file = save(tmp_path, packet(1, "000.00.00.H99"))
    (sent,) = results("node", "send", file, "--config", sender, "--not-secret-by", "x", code=1)
    assert sent["accepted"] is None
    assert "recipient-undeliverable" in {finding["id"] for finding in sent["findings"]}
    page = call("node", "send", file, "--config", sender, "--not-secret-by", "x").stdout
    assert "may not be sent" in page


def test_a_status_is_no_document(sites, tmp_path: Path, golden: Path) -> None:
    sender, _ = sites
    file = golden / "status_03_accepted.edxml"
    (sent,) = results("node", "send", file, "--config", sender, "--not-secret-by", "x", code=2)
    assert sent["error"]["code"] == "wrong-packet-kind"


def test_what_waits_for_an_operator_is_listed_tried_again_and_given_up(sites, tmp_path: Path) -> None:
    sender, _ = sites
    file = save(tmp_path, packet())
    results("node", "send", file, "--config", sender, "--not-secret-by", "x")
    wrong = sender.read_text(encoding="utf-8").replace(f'codes = ["{SENDER}"]', 'codes = ["000.00.00.H77"]')
    broken = tmp_path / "broken.toml"
    broken.write_text(wrong, encoding="utf-8")
    run_once(broken)
    (row,) = results("node", "dead", "--config", sender, code=1)
    assert row["row"]["code"] == "carrier-unknown-sender"
    assert "carrier-unknown-sender" in call("node", "dead", "--config", sender).stdout
    (done,) = results("node", "dead", "--config", sender, "--retry", row["input"])
    assert done["done"] == "retried"
    run_once(broken)
    (done,) = results("node", "dead", "--config", sender, "--give-up", row["input"])
    assert done["done"] == "given-up"
    assert results("node", "dead", "--config", sender) == []
    (failed,) = results("node", "dead", "--config", sender, "--retry", "unknown", code=2)
    assert failed["error"]["code"] == "row-unknown"


def test_an_unknown_document(sites) -> None:
    (found,) = results("node", "status", "no|2026|1/X", "--config", sites[0], code=2)
    assert found["error"]["code"] == "document-unknown"


def test_it_runs_until_it_is_told_to_stop_and_is_monitored(sites, tmp_path: Path) -> None:
    sender, _ = sites
    results("node", "send", save(tmp_path, packet()), "--config", sender, "--not-secret-by", "x")
    command = [sys.executable, "-m", "vndoc", "node", "run", "--config", sender, "--listen", "127.0.0.1:0", "--log"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LANG": "C.UTF-8"}
    )
    try:
        assert process.stdout is not None
        assert SENDER in process.stdout.readline()
        address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        base = address.removesuffix("/metrics")
        end = time.monotonic() + 30
        while "vndoc_sent_total" not in (text := read(f"{base}/metrics")) and time.monotonic() < end:
            time.sleep(0.05)
        assert 'vndoc_sent_total{carrier="spool",kind="edoc"} 1' in text
        assert json.loads(read(f"{base}/health"))["ready"] is True
        assert refused(f"{base}/other") == 404
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped" in out or "dừng" in out
    lines = [json.loads(line) for line in err.splitlines()]
    assert {"node starts", "message handed over", "node stops"} <= {line["message"] for line in lines}
    assert all(datetime.datetime.fromisoformat(line["at"]).tzinfo for line in lines)


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own process
        return str(answer.read().decode())


def refused(url: str) -> int:
    """Return the status of an answer that is an error."""
    with pytest.raises(urllib.error.HTTPError) as error:
        read(url)
    error.value.close()
    return error.value.code


def test_a_monitor_is_answered(sites) -> None:
    gateway = open_node(read_settings(sites[0]))
    with listening(None, gateway) as address:
        assert address is None
    with listening("127.0.0.1:0", gateway) as address:
        assert "vndoc_up 1" in read(f"http://{address}/metrics")
        assert json.loads(read(f"http://{address}/health"))["alive"] is True
        assert refused(f"http://{address}/") == 404
        assert json.loads(read(f"http://{address}/health?verbose=1"))["alive"] is True
        host, port = address.split(":")
        for method, path, status in (
            ("HEAD", "/health", 200),
            ("POST", "/metrics", 501),
            ("GET", "/" + "x" * 70000, 414),
        ):
            connection = http.client.HTTPConnection(host, int(port), timeout=10)
            connection.request(method, path)
            answer = connection.getresponse()
            assert (answer.status, "html" in answer.headers["Content-Type"]) == (status, False)
            assert answer.headers["Cache-Control"] == "no-store"
            assert (answer.read() == b"") == (method == "HEAD")
            connection.close()
        gateway.health = lambda: Health(alive=False, ready=False)
        assert refused(f"http://{address}/health") == 503
    gateway.close()


def test_the_log_goes_to_standard_error(sites) -> None:
    found = call("node", "run", "--config", sites[0], "--once", "--log", "--listen", "127.0.0.1:0")
    assert "monitored at http://" in found.stdout
    assert {json.loads(line)["message"] for line in found.stderr.splitlines()} == {"node starts", "node stops"}


@pytest.mark.parametrize("address", ["9100", "127.0.0.1:99999", "127.0.0.1:x", "256.0.0.1:1"])
def test_addresses_that_cannot_be_listened_on(sites, address: str) -> None:
    (found,) = results("node", "run", "--config", sites[0], "--once", "--listen", address, code=2)
    assert found["error"]["code"] == "option-invalid"


# -- the configuration -----------------------------------------------------------------------------------

GOOD = """
[store]
url = "sqlite:///s.db"
blobs = "b"
[agencies."A"]
name = "x"
[carriers.c]
kind = "spool"
"""


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("x = ", "TOML"),
        (GOOD + "[other]\na = 1", "other"),
        ("store = 1", "store"),
        (GOOD.replace("blobs", "blob"), "store.blob"),
        (GOOD.replace('blobs = "b"', ""), "store.blobs"),
        (GOOD.replace('"b"', "1"), "store.blobs"),
        (GOOD.replace('[agencies."A"]\nname = "x"', ""), "agencies"),
        (GOOD.replace('name = "x"', 'nom = "x"'), "agencies.A.nom"),
        (GOOD.replace('kind = "spool"', 'root = "x"'), "carriers.c.kind"),
        (GOOD.replace("[carriers.c]", "[carriers]\nd = 1\n[carriers.c]"), "carriers.d"),
        (GOOD.replace('"sqlite:///s.db"', '{ env = "VNDOC_NOT_SET" }'), "VNDOC_NOT_SET"),
        (GOOD + "[node]\nspeed = 3", "node.speed"),
    ],
)
def test_mistakes_in_the_configuration_are_named(tmp_path: Path, text: str, detail: str) -> None:
    path = tmp_path / "node.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_settings(path)
    assert error.value.code == "node-settings"
    assert detail in error.value.text()
    (found,) = results("node", "status", "--config", path, code=2)
    assert found["error"]["code"] == "node-settings"


@pytest.mark.parametrize("extra", ['unsure = "perhaps"', "batch = 0", "lifetime_days = 'x'", "poll_seconds = 1e300"])
def test_values_that_a_policy_does_not_take(tmp_path: Path, extra: str, monkeypatch) -> None:
    monkeypatch.setenv(f"VNDOC_TEST_STORE_{SENDER[-3:]}", "sqlite:///x.db")
    path = config(tmp_path, SENDER, extra)
    (found,) = results("node", "status", "--config", path, code=2)
    assert found["error"]["code"] == "node-settings"


def test_secrets_come_from_elsewhere_and_are_not_shown(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "secret.txt").write_text("from-a-file\n", encoding="utf-8")
    monkeypatch.setenv("VNDOC_TEST_SECRET", "from-the-environment")
    path = tmp_path / "node.toml"
    text = (
        GOOD
        + 'a = { env = "VNDOC_TEST_SECRET" }\nb = { file = "secret.txt" }\nc = { d = { env = "VNDOC_TEST_SECRET" } }'
    )
    path.write_text(text, encoding="utf-8")
    settings = read_settings(path)
    assert settings.carriers["c"]["a"] == "from-the-environment"
    assert settings.carriers["c"]["b"] == "from-a-file"
    assert settings.carriers["c"]["c"] == {"d": "from-the-environment"}
    assert "from-" not in repr(settings)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        read_settings(tmp_path / "missing.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(SourceError):
        read_settings(tmp_path / "x.toml")


def test_a_recall_is_a_document_too(sites, tmp_path: Path) -> None:
    sender, receiver = sites
    first = packet()
    results("node", "send", save(tmp_path, first), "--config", sender, "--not-secret-by", "x")
    run_once(sender, receiver)
    file = save(tmp_path, change(1, first, number=9), "thu-hoi.edxml")
    (sent,) = results("node", "send", file, "--config", sender, "--not-secret-by", "x")
    assert sent["accepted"]["change"]


# -- tidy --------------------------------------------------------------------------------------------------


def aged(database: Path, *columns: str) -> None:
    """Set these times, as table.column, back to the year 2000."""
    with contextlib.closing(sqlite3.connect(database)) as link, link:
        for table, column in (name.split(".") for name in columns):
            link.execute(f"UPDATE {table} SET {column} = '2000-01-01T00:00:00.000000Z'")  # noqa: S608 - names of ours


def test_tidy_removes_what_nobody_names_and_no_row_unless_asked(sites, tmp_path: Path) -> None:
    sender, receiver = sites
    results("node", "send", save(tmp_path, packet()), "--config", sender, "--not-secret-by", "x")
    run_once(sender, receiver, sender)
    aged(tmp_path / f"{FIRST}.db", "inbox.ended_at", "outbox.ended_at", "documents.created_at", "evidence.at")
    with contextlib.closing(open_node(read_settings(receiver))) as gateway:
        orphan = gateway.store.blobs.put(MemoryOctets(b"of nobody"))
        fresh = gateway.store.blobs.put(MemoryOctets(b"of nobody yet"))
        [path] = (p for p in (tmp_path / f"{FIRST}.blobs").rglob("*") if p.name.endswith(orphan.digest.hex()[4:]))
        os.utime(path, (0, 0))
        named = {info.digest for info in gateway.store.blobs.list()} - {orphan.digest}
    (found,) = results("node", "tidy", "--config", receiver)
    assert (found["status"], found["purged"], found["collected"]) == ("passed", None, 1)
    with contextlib.closing(open_node(read_settings(receiver))) as gateway:
        assert {info.digest for info in gateway.store.blobs.list()} == named >= {fresh.digest}
    assert "[retention]" in call("node", "tidy", "--config", receiver, "--lang", "vi").stdout


def test_tidy_deletes_what_is_kept_no_longer_and_nothing_unfinished(sites, tmp_path: Path) -> None:
    sender, receiver = sites
    results("node", "send", save(tmp_path, packet()), "--config", sender, "--not-secret-by", "x")
    run_once(sender, receiver, sender)
    with receiver.open("a", encoding="utf-8") as file:
        file.write("[retention]\nmessages_days = 30\ncopies_days = 30.5\ndocuments_days = 3653\n")
    aged(tmp_path / f"{FIRST}.db", "inbox.ended_at", "outbox.ended_at", "documents.created_at")
    (found,) = results("node", "tidy", "--config", receiver)
    assert found["purged"] == {"messages": 1, "copies": 1, "documents": 0, "evidence": 0, "snapshots": 0}
    (known,) = results("node", "status", KEY, "--config", receiver)
    assert known["tracking"]["lives"] == [{"receiver": FIRST, "life": "arrived"}], "it is not done: it stays"
    page = call("node", "tidy", "--config", receiver, "--lang", "en")
    assert page.exit_code == 0
    assert "0 messages" in page.stdout


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("messages_days = 6", "messages: at least 7 days"),
        ("copies_days = 1e300", "retention.copies_days"),
        ("days = 30", "retention.days"),
        ('evidence_days = "30"', "retention.evidence_days"),
    ],
)
def test_times_that_cannot_be_kept_to(sites, line: str, detail: str) -> None:
    _, receiver = sites
    with receiver.open("a", encoding="utf-8") as file:
        file.write(f"[retention]\n{line}\n")
    (found,) = results("node", "tidy", "--config", receiver, code=2)
    assert found["error"]["code"] == "node-settings"
    assert detail in found["error"]["text"]["en"]
    assert found["error"]["text"]["vi"] != found["error"]["text"]["en"]
