"""Programs in Java (``java/*.java``) that answer questions line by line: one process for all questions of a module."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conftest import missing
from vndoc.signers.keys import PrivateKey

SOURCES = Path(__file__).parent / "java"
LIBRARIES = Path("/usr/share/java")
"""Where Debian puts the libraries of its packages (``libbcpkix-java``)."""
LONGEST = 120
"""Seconds for one answer, after which the process is ended, so that no test waits for ever."""

Value = bytes | str | Iterable[bytes | str] | None


class JavaRefusesError(Exception):
    """The program threw something instead of answering: what, with its causes."""


class Java:
    """A program that answers."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def __call__(self, word: str, **fields: Value) -> dict[str, list[bytes]]:
        """Return the fields of the answer; names with an underscore are asked for with a hyphen."""
        parts = [word.encode()]
        for name, given in fields.items():
            values: Any = () if given is None else [given] if isinstance(given, (bytes, str)) else given
            for value in values:
                octets = value.encode() if isinstance(value, str) else value
                parts.append(name.replace("_", "-").encode() + b"=" + base64.b64encode(octets))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(LONGEST, self._process.kill)
        timer.start()
        self._process.stdin.write(b"\t".join(parts) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        timer.cancel()
        assert line.endswith(b"\n"), "the program has ended"
        first, *rest = line.decode("ascii").rstrip("\r\n").split("\t")
        told: dict[str, list[bytes]] = {}
        for part in rest:
            name, _, text = part.partition("=")
            told.setdefault(name, []).append(base64.b64decode(text))
        if first != "ok":
            raise JavaRefusesError(told["why"][0].decode())
        return told


def key_octets(key: PrivateKey) -> bytes:
    """Return *key* as the programs take it: PKCS#8, DER."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def libraries(*names: str) -> list[str]:
    """Return the paths of the libraries *names*; the test is skipped without one of them."""
    found = [LIBRARIES / f"{name}.jar" for name in names]
    for path in found:
        if not path.is_file():
            missing(f"the Java library {path.name} is not installed", "VNDOC_REQUIRE_PROGRAMS")
    return [str(path) for path in found]


@contextmanager
def running(program: Callable[[str], str], folder: Path, name: str, *jars: str) -> Iterator[Java]:
    """Compile the program *name* into *folder*, start it, and end it at the end."""
    path = ":".join([*jars, str(folder)])
    sources = [str(SOURCES / f"{one}.java") for one in ("Lines", name)]
    options = ["-d", str(folder), "-cp", path, "-encoding", "UTF-8", "-Xlint:all,-path", "-Werror"]
    subprocess.run([program("javac"), *options, *sources], check=True, timeout=LONGEST)
    # without the compiler for what runs long it starts sooner
    command = [program("java"), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", path, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Java(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()  # which ends it
            process.wait(timeout=30)
