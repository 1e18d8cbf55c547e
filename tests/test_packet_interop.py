"""The two signatures of a packet, verified by others: the packet is taken apart by the standard library alone.

A seal is what EN 319 162-1 says: openssl and pyHanko verify the CAdES signature over the manifest, and its digests are
those of the files that come out of the packet, however the axis has packed them. A header signature is XML-DSig:
xmlsec1 and signxml verify it, where the octets behind ``cid:`` are the unpacked files.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
import subprocess
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import signxml
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.validation import generic_cms
from pyhanko_certvalidator import ValidationContext

import vndoc
from axis import Axis
from test_packet_signatures import FILES, PACKET, SENT, SIGNER, TIME, judge
from verdict_support import CA, NOW, PERSON, ROOT
from vndoc.errors import VndocError
from vndoc.pki import Certificate
from vndoc.signature.packet import sign_header
from vndoc.signature.seal import MANIFEST_NAME, SIGNATURE_NAME, seal

SEALED = vndoc.write_packet(seal(PACKET, SIGNER))
HEADERS = {
    form: sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME, form=form) for form in ("cid", "enveloped")
}
UNPACKED = {file.content_id: file.open().read() for file in FILES}
ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


def pem(certificate: Certificate) -> bytes:
    return load_der_x509_certificate(certificate.der).public_bytes(Encoding.PEM)


def files_of(data: bytes) -> dict[str, bytes]:
    """Return the files of a packet by name: decoded, and out of their zip where they are in one."""
    found = {}
    for node in ElementTree.fromstring(data).iter():
        parts = {child.tag.rpartition("}")[2]: child.text or "" for child in node}
        if "ContentTransferEncoded" in parts:
            octets = base64.b64decode(parts["ContentTransferEncoded"])
            if octets.startswith(b"PK"):
                with zipfile.ZipFile(io.BytesIO(octets)) as packed:
                    [entry] = packed.infolist()
                    octets = packed.read(entry)
            found[parts["AttachmentName"]] = octets
    return found


@pytest.mark.parametrize("arrived", [SEALED, Axis().carry(SEALED)], ids=["as-sent", "rewritten"])
def test_a_seal_holds_for_others(arrived: bytes, program: Callable[[str], str], tmp_path: Path) -> None:
    files = files_of(arrived)
    manifest, signature = files.pop(MANIFEST_NAME), files.pop(SIGNATURE_NAME)
    root = ElementTree.fromstring(manifest)
    [signs] = root.iter(f"{ASIC}SigReference")
    assert signs.get("URI") == SIGNATURE_NAME
    told = {}
    for entry in root.iter(f"{ASIC}DataObjectReference"):
        assert entry.find(f"{DS}DigestMethod").get("Algorithm") == "http://www.w3.org/2001/04/xmlenc#sha256"
        told[urllib.parse.unquote(entry.get("URI"))] = entry.findtext(f"{DS}DigestValue")
    assert told == {name: base64.b64encode(hashlib.sha256(data).digest()).decode() for name, data in files.items()}
    for name, data in (("m", manifest), ("s", signature), ("root.pem", pem(ROOT.certificate)), ("x", manifest + b" ")):
        (tmp_path / name).write_bytes(data)

    def by_openssl(content: str) -> bool:
        command = [program("openssl"), "cms", "-verify", "-binary", "-inform", "DER", "-in", "s", "-content", content]
        trust = ["-CAfile", "root.pem", "-purpose", "any", "-cades", "-out", "out"]
        return subprocess.run([*command, *trust], cwd=tmp_path, capture_output=True, check=False).returncode == 0

    assert by_openssl("m")
    assert not by_openssl("x")
    assert by_hanko(signature, manifest) == (True, True)
    assert by_hanko(signature, manifest + b" ")[0] is False


def by_hanko(signature: bytes, content: bytes) -> tuple[bool, bool]:
    """Return whether pyHanko finds the digest and the value right."""
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(ROOT.certificate.der)],
        moment=NOW,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    data = asn1_cms.ContentInfo.load(signature)["content"]
    status = asyncio.run(
        generic_cms.async_validate_detached_cms(io.BytesIO(content), data, signer_validation_context=context)
    )
    return status.intact, status.valid


def by_signxml(data: bytes, contents: dict[str, bytes]) -> bool:
    config = signxml.SignatureConfiguration(
        require_x509=True, expect_references=data.count(b"<ds:Reference "), location=".//"
    )
    try:
        found = signxml.XMLVerifier().verify(
            data,
            x509_cert=pem(PERSON.certificate).decode(),
            expect_config=config,
            uri_resolver=contents.__getitem__,
        )
    except signxml.exceptions.SignXMLException:
        return False
    return len(found) == config.expect_references


@pytest.mark.parametrize("form", HEADERS)
def test_a_header_signature_holds_for_others(form: str, program: Callable[[str], str], tmp_path: Path) -> None:
    """What stands behind ``cid:`` are the unpacked octets of the files: others digest those."""
    changed = {name: data + b" " for name, data in UNPACKED.items()}
    (tmp_path / "root.pem").write_bytes(pem(ROOT.certificate))
    (tmp_path / "ca.pem").write_bytes(pem(CA.certificate))

    def by_xmlsec(data: bytes, contents: dict[str, bytes]) -> bool:
        (tmp_path / "given.xml").write_bytes(data)
        maps = []
        for number, (name, octets) in enumerate(contents.items()):
            (tmp_path / str(number)).write_bytes(octets)
            maps += [f"--url-map:{name}", str(number)]
        ids = ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
        trust = ["--trusted-pem", "root.pem", "--untrusted-pem", "ca.pem", "--verification-time", f"{NOW:%F %T}"]
        command = [program("xmlsec1"), "--verify", *trust, *ids, *maps, "given.xml"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0

    for verifies in (by_xmlsec, by_signxml):
        assert verifies(HEADERS[form], UNPACKED)
        assert verifies(HEADERS[form], changed) is (form == "enveloped")
        other_header = HEADERS[form].replace("Trích yếu".encode(), b"Trich yeu")
        assert verifies(other_header, UNPACKED) is (form == "cid")


# -- any octets ----------------------------------------------------------------------------------------

MADE = (SEALED, *HEADERS.values(), Axis().carry(SEALED))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MADE), st.data())
def test_a_damaged_packet_gives_a_verdict_or_an_error_and_passes_with_the_same_files_only(data, draw):
    at = draw.draw(st.integers(0, len(data) - 1))
    new = draw.draw(st.binary(max_size=4) | st.sampled_from([b"<x/>", b"<!-- -->", b"</edXML>", b"&", b"=", b"A" * 4]))
    stop = min(len(data), at + draw.draw(st.integers(0, 6)))
    try:
        verdict = judge(data[:at] + new + data[stop:])
    except VndocError:
        return
    if verdict.passed:
        covered = {c.name.removeprefix("cid:"): c for report in verdict for c in report.covers}
        for file in FILES:
            named = covered.get(file.name) or covered.get(file.content_id.removeprefix("cid:"))
            if named is not None:
                assert named.value == file.digest()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_give_a_verdict_or_an_error(data):
    with contextlib.suppress(VndocError):
        assert not judge(data).passed
