"""A small HTTP server in a thread that misbehaves as told: for the tests of fetching."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Reply = Callable[[socket.socket, str, dict[str, str], bytes], None]
"""Writes an answer: gets the connection, the path, the headers and the body."""


@attrs.define(eq=False)
class Server:
    """``pages`` are answers by path; ``asked`` is what came in: method, path, headers, body."""

    port: int
    pages: dict[str, Reply] = attrs.field(factory=dict)
    asked: list[tuple[str, str, dict[str, str], bytes]] = attrs.field(factory=list)
    closing: threading.Event = attrs.field(factory=threading.Event)
    scheme: str = "http"

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


def answer(content: bytes, *, status: str = "200 OK", kind: str = "application/octet-stream", **headers: str) -> Reply:
    """Return a reply with *content*; underscores in the names of headers become hyphens."""
    rows = {"Content-Type": kind, "Content-Length": str(len(content))}
    rows |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in rows.items()) + "\r\n"
    return lambda conn, *_: conn.sendall(head.encode() + content)


def _serve(server: Server, conn: socket.socket) -> None:
    with conn, contextlib.suppress(OSError):
        conn.settimeout(10)
        data = b""
        while b"\r\n\r\n" not in data:
            more = conn.recv(65536)
            if not more:
                return
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += conn.recv(65536)
        method, path, _ = first.split(" ")
        server.asked.append((method, path, headers, body))
        server.pages.get(path, answer(b"", status="404 Not Found"))(conn, path, headers, body)


@contextlib.contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server on a port of 127.0.0.1; over TLS with a *context*."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        server = Server(listener.getsockname()[1], scheme="http" if context is None else "https")
        threads: list[threading.Thread] = []

        def work(conn: socket.socket) -> None:
            try:
                found = conn if context is None else context.wrap_socket(conn, server_side=True)
            except (OSError, ValueError):
                conn.close()
                return
            _serve(server, found)

        def listen() -> None:
            while not server.closing.is_set():
                try:
                    conn, _ = listener.accept()
                except TimeoutError:
                    continue
                conn.settimeout(10)
                threads.append(threading.Thread(target=work, args=(conn,), daemon=True))
                threads[-1].start()

        loop = threading.Thread(target=listen, daemon=True)
        loop.start()
        try:
            yield server
        finally:
            server.closing.set()
            loop.join()
            for thread in threads:
                thread.join(timeout=10)


def tls(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """Return the context of a server called *name*, and the PEM file of the certificate to be trusted for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    try:
        names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(name))]
    except ValueError:
        names = [x509.DNSName(name)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, secret = folder / f"{name}.pem", folder / f"{name}.key"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return context, path
