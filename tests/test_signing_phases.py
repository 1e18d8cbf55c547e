"""The two phases of signing by the names that do not ask for the format."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cms_support import AT, CONTENT, person, signed
from vndoc import signature
from vndoc.errors import SignatureError, UsageError, VndocError
from vndoc.signature import PublicCredential, ToBeSigned, cms
from vndoc.signature.xmldsig import read_xml
from vndoc.signers.keys import sign_with

DOCUMENT = "<a>Văn bản</a>".encode()
WHO = person("rsa-2048")
CREDENTIAL = PublicCredential(WHO.certificate, WHO.chain)


def value_of(waiting: ToBeSigned) -> bytes:
    return sign_with(WHO.key, waiting.algorithm, waiting.octets)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(VndocError) as caught:
        call()
    return caught.value.code


def test_a_document_is_signed_in_xml() -> None:
    waiting = signature.prepare(DOCUMENT, credential=CREDENTIAL, format="xml", signing_time=AT)
    assert waiting.digest == hashlib.sha256(waiting.octets).digest()
    value = value_of(waiting)
    done = signature.complete(waiting.state, value)
    assert done == signature.complete_xml(waiting.state, value)
    [facts] = read_xml(done)
    assert not facts.reasons
    assert facts.verify(WHO.certificate)


def test_a_content_is_signed_in_cms() -> None:
    waiting = signature.prepare(CONTENT, credential=CREDENTIAL, format="cms", detached=False, signing_time=AT)
    done = signature.complete(waiting.state, value_of(waiting), content=CONTENT)
    [facts] = cms.read_cms(done)
    assert not facts.reasons
    assert facts.verify(WHO.certificate)


def test_a_counter_signature_is_completed_by_the_same_name() -> None:
    first = signed()
    waiting = cms.prepare_counter_signature(first, credential=CREDENTIAL)
    done = signature.complete(waiting.state, value_of(waiting), existing=first)
    [facts] = cms.read_cms(done, content=CONTENT)
    assert len(facts.counter_signatures) == 1


@pytest.mark.parametrize("format_", ["xml", "cms"])
def test_another_value_completes_nothing(format_: signature.SignatureFormat) -> None:
    waiting = signature.prepare(DOCUMENT, credential=CREDENTIAL, format=format_, signing_time=AT)
    assert code_of(lambda: signature.complete(waiting.state, bytes(256))) == "signature-value"


COMPLETES = """
import pathlib, sys
from vndoc.signature import complete

folder = pathlib.Path(sys.argv[1])
more = {"content": (folder / "content").read_bytes()} if (folder / "content").exists() else {}
done = complete((folder / "state").read_bytes(), (folder / "value").read_bytes(), **more)
(folder / "done").write_bytes(done)
"""


@pytest.mark.parametrize("format_", ["xml", "cms"])
def test_another_process_completes(format_: signature.SignatureFormat, tmp_path: Path) -> None:
    """The state is all that there is of the first process: the second one knows neither key nor document."""
    how = {} if format_ == "xml" else {"detached": False}
    waiting = signature.prepare(DOCUMENT, credential=CREDENTIAL, format=format_, signing_time=AT, **how)
    (tmp_path / "state").write_bytes(waiting.state)
    (tmp_path / "value").write_bytes(value_of(waiting))
    if format_ == "cms":
        (tmp_path / "content").write_bytes(DOCUMENT)
    command = [sys.executable, "-c", COMPLETES, str(tmp_path)]
    subprocess.run(command, check=True)
    [facts] = (read_xml if format_ == "xml" else cms.read_cms)((tmp_path / "done").read_bytes())
    assert not [reason for reason in facts.reasons if reason.decides]
    assert all(covered.intact for covered in facts.covered)
    assert facts.verify(WHO.certificate)
    (tmp_path / "value").write_bytes(bytes(256))
    refused = subprocess.run(command, check=False, capture_output=True)
    assert refused.returncode == 1
    assert b"signature-value" in refused.stderr


def test_formats_and_states_that_are_none() -> None:
    with pytest.raises(UsageError, match="pdf") as caught:
        signature.prepare(DOCUMENT, credential=CREDENTIAL, format="pdf")  # type: ignore[arg-type]
    assert caught.value.code == "option-invalid"
    for state in (b"", b"{}", b"[]", b"\xff"):
        assert code_of(lambda state=state: signature.complete(state, b"x")) == "signing-state"  # type: ignore[misc]
    waiting = signature.prepare(DOCUMENT, credential=CREDENTIAL, format="cms")
    body = {**json.loads(waiting.state), "format": "pades"}
    del body["sha256"]
    body["sha256"] = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    with pytest.raises(SignatureError) as refused:
        signature.complete(json.dumps(body).encode(), b"x")
    assert (refused.value.code, refused.value.values["detail"]) == ("signing-state", "format")
