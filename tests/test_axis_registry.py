"""The registry of the simulated axis: files, what is wrong with them, and the server around it."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import vndoc.testing
from axis_support import NORTH, SOUTH, Vxp, call, running
from vndoc.errors import SourceError, UsageError, VndocError
from vndoc.testing.axis import EXAMPLE, Agency, AxisServer, AxisSimulator, System, load_systems
from vndoc.testing.axis import registry as registry_module

TOML = """\
[[system]]
id = "00.53.W00"
secret = "s"
[[system.agency]]
code = "H53"
old_code = "000.00.00.H53"
name = "Cơ quan Mẫu"
[[system.agency]]
code = "H53.01"
name = "Sở Mẫu"
parent = "H53"
mail = "a@example.com"
mobile = "1"
fax = "2"
center_code = "c"
is_agency = false
closed = true

[[system]]
id = "00.54.W00"
secret = "t"
username = "u"
password = "p"
"""

VALUE: dict[str, Any] = {"system": [{"id": "a", "secret": "s", "agency": [{"code": "H1", "name": "x"}]}]}


def code_of(path: Path) -> str:
    with pytest.raises(VndocError) as caught:
        load_systems(path)
    assert str(path) in caught.value.text("vi")
    assert caught.value.text("vi") != caught.value.text("en")
    return caught.value.code


def test_toml_and_json(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(TOML, encoding="utf-8")
    one, two = load_systems(path)
    assert one == System(
        id="00.53.W00", secret="s", agencies=(
            Agency(code="H53", old_code="000.00.00.H53", name="Cơ quan Mẫu"),
            Agency(code="H53.01", name="Sở Mẫu", parent="H53", mail="a@example.com", mobile="1", fax="2",
                   center_code="c", is_agency=False, closed=True),
        ),
    )  # fmt: skip
    assert (two.username, two.password, two.agencies) == ("u", "p", ())
    path = tmp_path / "a.json"
    path.write_text(json.dumps(VALUE), encoding="utf-8")
    assert load_systems(str(path))[0].agencies[0].code == "H1"


@pytest.mark.parametrize(
    "value",
    [
        None, [], {}, {"system": []}, {"system": {}}, {"system": [1]}, {**VALUE, "more": 1},
        {"system": [{"id": "a"}]}, {"system": [{"secret": "a"}]}, {"system": [{"id": 1, "secret": "s"}]},
        {"system": [{"id": "a", "secret": "s", "odd": "x"}]}, {"system": [{"id": "a", "secret": "s", "agency": {}}]},
        {"system": [{"id": "a", "secret": "s", "agency": [1]}]},
        {"system": [{"id": "a", "secret": "s", "agency": [{"code": "x"}]}]},
        {"system": [{"id": "a", "secret": "s", "agency": [{"code": "x", "name": "y", "closed": "no"}]}]},
    ],
)  # fmt: skip
def test_other_shapes(tmp_path: Path, value: object) -> None:
    path = tmp_path / "{a}.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    assert code_of(path) == "option-invalid"


@pytest.mark.parametrize("data", [b"\xff", b"{", b"[" * 100_000])
def test_what_cannot_be_read(tmp_path: Path, data: bytes) -> None:
    for name in ("a.json", "a.toml"):
        path = tmp_path / name
        path.write_bytes(data)
        assert code_of(path) == "option-invalid"
    assert code_of(tmp_path / "none.toml") == "source-unreadable"


def test_a_file_at_the_limit_and_beyond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(VALUE), encoding="utf-8")
    monkeypatch.setattr(registry_module, "MAX_REGISTRY_BYTES", path.stat().st_size)
    assert len(load_systems(path)) == 1
    monkeypatch.setattr(registry_module, "MAX_REGISTRY_BYTES", path.stat().st_size - 1)
    assert code_of(path) == "option-invalid"


@pytest.mark.parametrize("make", [lambda: Agency(code="", name="x"), lambda: Agency(code="a\n", name="x"),
                                  lambda: Agency(code="a", name=" "), lambda: System(id="a", secret="")])  # fmt: skip
def test_values_that_are_no_text(make: Any) -> None:
    with pytest.raises(UsageError):
        make()


def test_levels() -> None:
    codes = {"H41": 1, "000.00.00.H41": 1, "H41.12": 2, "H41.12.03": 3, "TT2": 1}
    assert {code: Agency(code=code, name="x").level for code in codes} == codes


# -- the server --------------------------------------------------------------------------------------


def test_the_example_works_at_once() -> None:
    with AxisServer() as server:
        assert server.host == "127.0.0.1"
        assert Vxp(server.port, EXAMPLE[0]).ask("countReceiveEdoc").json["ErrorCode"] == "0"
        folder = server.axis.folder
        assert folder.is_dir()
        with pytest.raises(UsageError):
            server.start()
    assert not folder.exists()
    server.stop()  # twice does nothing


def test_a_port_that_is_taken_and_one_that_is_none() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for host, port in (("127.0.0.1", taken.getsockname()[1]), ("127.0.0.1", 70_000), ("no such host", 0)):
            with AxisSimulator() as axis, pytest.raises(UsageError) as caught:
                AxisServer(axis, host=host, port=port)
            assert caught.value.code == "option-invalid"
            assert f"{host}:{port}" in caught.value.text()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        AxisSimulator(folder=tmp_path / "file")
    assert caught.value.code == "target-unwritable"


def test_a_folder_of_the_callers_stays(tmp_path: Path) -> None:
    AxisSimulator(folder=tmp_path / "a" / "b").close()
    assert (tmp_path / "a" / "b").is_dir()


def test_https(tmp_path: Path) -> None:
    pem = _self_signed(tmp_path / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with AxisSimulator() as axis, AxisServer(axis, tls=context) as server:
        assert server.url == f"https://127.0.0.1:{server.port}"
        with urllib.request.urlopen(f"{server.url}/", context=ssl.create_default_context(cafile=pem)) as answer:  # noqa: S310 - https
            assert answer.status == 200


def _self_signed(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    return path


def test_ipv6_addresses_stand_in_brackets() -> None:
    try:
        server = AxisServer(host="::1")
    except SourceError:
        pytest.skip("this machine has no ::1")
    with server:
        assert server.url == f"http://[::1]:{server.port}"


def test_many_senders_at_once() -> None:
    from test_axis_vxp import PACKET  # noqa: PLC0415 - only here

    with running() as server:

        def work() -> None:
            for _ in range(5):
                assert Vxp(server.port, NORTH).send(PACKET, "H41").json["status"] == "OK"

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = Vxp(server.port, SOUTH).waiting()
        assert len({row["docId"] for row in rows}) == 20


def test_a_caller_that_leaves_in_the_middle_leaves_nothing_behind() -> None:
    import time  # noqa: PLC0415 - only here

    with running() as server:
        headers = Vxp(server.port, NORTH).headers({"from": "H41"}, "application/octet-stream")
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(
                f"POST /sendEdoc HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n{head}\r\n<edXML".encode()
            )
            time.sleep(0.1)
        deadline = time.monotonic() + 5
        while list(server.axis.folder.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert list(server.axis.folder.iterdir()) == []
        assert server.axis.core.submissions() == []
        assert call(server.port, "GET", "/").status == 200


def test_names_of_the_package_are_loaded_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert vndoc.testing.AxisSimulator is AxisSimulator
    assert vndoc.testing.AxisServer is AxisServer
    with pytest.raises(AttributeError):
        vndoc.testing.Nothing  # noqa: B018 - the access is what is tested
    import sys  # noqa: PLC0415 - only here

    for name in [name for name in sys.modules if name.startswith("vndoc.testing.axis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(vndoc.testing, "axis")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(UsageError) as caught:
        _ = vndoc.testing.AxisServer
    assert caught.value.code == "extra-missing"
