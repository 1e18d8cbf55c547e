"""The two phases of signing by the names that do not ask for the format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

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
