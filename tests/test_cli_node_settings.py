"""The configuration of ``vndoc node``: every mistake is named, paths belong to its folder, HTTP and TLS can be set."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest

from cli_support import results
from vndoc.cli._node_opening import open_node
from vndoc.cli._node_settings import read_settings
from vndoc.errors import OwnFaultError, UsageError, VndocError
from vndoc.node import NodePolicy
from vndoc.testing.pki import Authority
from vndoc.transport import SpoolTransport
from vndoc.transport.amqp import AmqpTransport
from vndoc.transport.http import HttpOptions
from vndoc.transport.secret import Secret
from vndoc.transport.vxp import VxpTransport

SPOOL = 'kind = "spool"\nroot = "spool"\ncodes = ["H41"]\n'
VXP = (
    'kind = "vxp"\nendpoint = "https://axis.invalid"\nsystem_id = "00.41.W00"\nsecret = { env = "VNDOC_TEST_SECRET" }\n'
)
AMQP = 'kind = "amqp"\nurl = "amqps://u:geheim@mq.invalid"\ncodes = ["H41"]\n'


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VNDOC_TEST_SECRET", "geheim-geheim")


def config(
    folder: Path, carrier: str = SPOOL, *, node: str = "signatures = false", store: str = "sqlite:///s.db"
) -> Path:
    path = folder / "node.toml"
    head = f'[store]\nurl = "{store}"\nblobs = "blobs"\n[agencies.H41]\nname = "Tỉnh Mẫu"\n'
    path.write_text(f"{head}[node]\n{node}\n[carriers.c]\n{carrier}", encoding="utf-8")
    return path


def carrier_of(path: Path) -> Any:
    node = open_node(read_settings(path))
    node.close()
    return node._ctx.carriers["c"]


def test_paths_are_those_of_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home := tmp_path / "home").mkdir()
    (elsewhere := tmp_path / "elsewhere").mkdir()
    SpoolTransport.create(home / "spool")
    monkeypatch.chdir(elsewhere)
    (found,) = results("node", "poll", "--config", config(home))
    assert (found["status"], found["last_error"]) == ("passed", None)
    assert (home / "s.db").is_file()
    assert (home / "blobs").is_dir()
    assert list(elsewhere.iterdir()) == []


def test_a_relative_name_of_the_file_does_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SpoolTransport.create(tmp_path / "spool")
    config(tmp_path)
    monkeypatch.chdir(tmp_path)
    (found,) = results("node", "poll", "--config", "node.toml")
    assert found["status"] == "passed"


def test_http_is_set_by_a_table(tmp_path: Path) -> None:
    table = """[carriers.c.http]
connect_timeout = 2
total_timeout = 30.5
attempts = 5
proxy = "http://proxy.invalid:3128"
proxy_login = { env = "VNDOC_TEST_SECRET" }
"""
    carrier = carrier_of(config(tmp_path, VXP + table))
    assert isinstance(carrier, VxpTransport)
    assert carrier.client.http.options == HttpOptions(
        connect_timeout=2,
        total_timeout=30.5,
        attempts=5,
        proxy="http://proxy.invalid:3128",
        proxy_login=Secret("geheim-geheim"),
    )


def test_tls_is_set_with_files_of_the_folder(tmp_path: Path) -> None:
    root = Authority.root("CA của trục", key="p256").certificate
    (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(root.der), encoding="ascii")
    table = '[carriers.c.http]\nca_file = "ca.pem"\n'
    assert carrier_of(config(tmp_path, VXP + table)).client.http.options.ca_file == str(tmp_path / "ca.pem")
    carrier = carrier_of(config(tmp_path, AMQP + '[carriers.c.tls]\nca_file = "ca.pem"\n'))
    assert isinstance(carrier, AmqpTransport)
    assert len(carrier._parameters.ssl_options.context.get_ca_certs()) == 1


def test_times_of_the_national_axis_are_days(tmp_path: Path) -> None:
    carrier = carrier_of(config(tmp_path, VXP + "lookback = 7\nwindow = 0.5\n"))
    assert (carrier._lookback, carrier._window) == (datetime.timedelta(days=7), datetime.timedelta(hours=12))


@pytest.mark.parametrize(
    ("carrier", "detail"),
    [
        (VXP.replace('"https://axis.invalid"', "5"), "carriers.c.endpoint"),
        (VXP.replace('{ env = "VNDOC_TEST_SECRET" }', "5"), "carriers.c.secret"),
        (VXP.replace('{ env = "VNDOC_TEST_SECRET" }', '""'), "carriers.c.secret"),
        (VXP.replace('"VNDOC_TEST_SECRET"', '"VNDOC_TEST_EMPTY"'), "carriers.c.secret"),
        (VXP.replace('"VNDOC_TEST_SECRET"', "5"), "carriers.c.secret.env"),
        (VXP + "max_bytes = true\n", "carriers.c.max_bytes"),
        (VXP + "lookback = 1e300\n", "carriers.c.lookback"),
        (VXP + "http = 5\n", "carriers.c.http"),
        (VXP + "[carriers.c.http]\nspeed = 3\n", "carriers.c.http.speed"),
        (VXP + '[carriers.c.http]\nssl_context = "x"\n', "carriers.c.http.ssl_context"),
        (VXP + '[carriers.c.http]\nattempts = "3"\n', "carriers.c.http.attempts"),
        (VXP + "[carriers.c.http]\nattempts = 3.5\n", "carriers.c.http.attempts"),
        (VXP + "[carriers.c.http]\nca_file = 3\n", "carriers.c.http.ca_file"),
        (AMQP + '[carriers.c.tls]\nproxy = "x"\n', "carriers.c.tls.proxy"),
        (SPOOL.replace('["H41"]', '"H41"'), "carriers.c.codes"),
        (SPOOL.replace('["H41"]', "[41]"), "carriers.c.codes"),
        ('kind = ["spool"]\n', "carriers.c.kind"),
    ],
)
def test_mistakes_in_a_carrier_are_named(
    tmp_path: Path, carrier: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VNDOC_TEST_EMPTY", "")
    with pytest.raises(UsageError) as error:
        open_node(read_settings(config(tmp_path, carrier)))
    assert error.value.code == "node-settings"
    assert detail in error.value.text()
    assert "geheim" not in error.value.text()


def test_what_the_carrier_itself_does_not_take(tmp_path: Path) -> None:
    with pytest.raises(OwnFaultError) as error:
        open_node(read_settings(config(tmp_path, SPOOL + "speed = 3\n")))
    assert error.value.code == "carrier-configuration"
    assert "speed" in error.value.text()


@pytest.mark.parametrize(
    ("node", "code", "detail"),
    [
        ("", "node-settings", "node.trust"),
        ("signatures = true", "node-settings", "node.trust"),
        ('trust = "t"\nsignatures = "vn_defautl"', "unknown-policy", "vn_defautl"),
        ('signatures = false\nprofile = "qcvn"', "unknown-profile", "qcvn"),
        ("signatures = false\nprofile = 5", "node-settings", "node.profile"),
        ("signatures = false\ntrust = 5", "node-settings", "node.trust"),
        ("signatures = false\nbatch = true", "node-settings", "node.batch"),
        ("signatures = false\nahead = 65", "node-settings", "ahead"),
        ("signatures = false\npoll_seconds = true", "node-settings", "node.poll_seconds"),
        ("signatures = false\npoll_seconds = 0", "node-settings", "poll_every"),
        ("signatures = false\nlease_seconds = -1", "node-settings", "lease"),
        ("signatures = false\nlifetime_days = nan", "node-settings", "[node]"),
    ],
)
def test_mistakes_in_the_policy_are_named(tmp_path: Path, node: str, code: str, detail: str) -> None:
    (tmp_path / "t").mkdir()
    with pytest.raises(UsageError) as error:
        open_node(read_settings(config(tmp_path, node=node)))
    assert error.value.code == code
    assert detail in error.value.text()


def test_a_policy_that_may_be_named_or_meant(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    for node in ('trust = "t"', 'trust = "t"\nsignatures = true', 'trust = "t"\nsignatures = "vn-default"'):
        gateway = open_node(read_settings(config(tmp_path, node=node)))
        gateway.close()
        assert gateway.policy.signatures == "vn_default"


@pytest.mark.parametrize("name", ["poll_every", "lease", "lifetime", "breaker_rest"])
def test_lengths_of_time_are_not_nothing(name: str) -> None:
    values: dict[str, Any] = {name: datetime.timedelta(0)}
    with pytest.raises(ValueError, match=name):
        NodePolicy(**values)


def test_carriers_are_closed_where_the_store_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr(SpoolTransport, "close", lambda self: closed.append(self.name))
    with pytest.raises(VndocError) as error:
        open_node(read_settings(config(tmp_path, store="sqlite:///no/such/folder/s.db")))
    assert error.value.code == "store-unavailable"
    assert closed == ["c"]


@pytest.mark.parametrize(
    ("table", "vi", "en"),
    [
        ("[retention]\ndocuments_days = 0\n", "[retention] documents: ít nhất 30 ngày", "documents: at least 30 days"),
        (
            "[retention]\ncopies_days = 1e300\n",
            "retention.copies_days không phải",
            "retention.copies_days is no length",
        ),
    ],
)
def test_what_only_tidy_uses_is_checked_by_every_command(tmp_path: Path, table: str, vi: str, en: str) -> None:
    path = config(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + table, encoding="utf-8")
    (found,) = results("node", "status", "--config", path, code=2)
    assert found["error"]["code"] == "node-settings"
    assert vi in found["error"]["text"]["vi"]
    assert en in found["error"]["text"]["en"]
    assert not (tmp_path / "s.db").exists()


def test_a_way_that_there_is_not_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = config(tmp_path, node='signatures = false\nunsure = "perhaps"')
    (found,) = results("node", "status", "--config", path, code=2)
    assert "node.unsure takes ask, repeat, not perhaps" in found["error"]["text"]["en"]
    assert "node.unsure nhận ask, repeat, không phải perhaps" in found["error"]["text"]["vi"]


def test_a_file_as_editors_of_windows_write_it(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    path = config(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    (found,) = results("node", "status", "--config", path)
    assert found["health"]["alive"]
