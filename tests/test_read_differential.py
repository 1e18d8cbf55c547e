"""``vndoc.read`` on its fast and its stream route: the same packets, deviations, contents and errors.

The same document goes in twice through the public entry point: as UTF-8, which may take the fast route, and as
UTF-16, which never does. What the attachments hold is compared with the standard library's own decoder.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import vndoc
from vndoc.limits import DEFAULT

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
SHORT = attrs.evolve(DEFAULT, inline_text=64)
_ENCODING = re.compile(r'encoding=("|\')[^"\']*\1')

_payload = st.integers(0, 9).flatmap(
    lambda n: st.binary(max_size=60) if n == 9 else st.binary(min_size=52, max_size=200)
)
_usual = st.sampled_from(["{}", "{}", "{}", "\n{}\n", "  {}\r\n", "wrapped", "damaged", "padded", "cut"])
_exotic = st.sampled_from(["{}", "cdata", "comment", "charref", "wrapped"])
_quote = st.sampled_from(['"', "'"])
_prefix = st.sampled_from(["edXML:", "edXML:", "", "e:"])
_name = st.sampled_from(["VanBan.pdf", "Phụ lục.docx", "a.zip", "ghi chú.txt", "x&amp;y.xls"])
_noise = st.sampled_from(
    [
        *[""] * 40,
        "<!-- <ContentTransferEncoded>AAAA</ContentTransferEncoded> -->",
        "<?pi <Attachment><ContentTransferEncoded>AAAA?>",
        "<Lạ>x</Lạ>",
        "<Other a='>' b=\"&lt;\"/>",
        "<Content>Nội dung</Content>",
        "<Subject><![CDATA[<ContentTransferEncoded>" + "A" * 90 + "</ContentTransferEncoded>]]></Subject>",
    ]
)


def _dress(text: str, how: str) -> str:
    middle = len(text) // 8 * 4
    if how == "wrapped":
        return "\r\n".join(text[i : i + 20] for i in range(0, len(text), 20))
    if how == "cdata":
        return f"{text[:middle]}<![CDATA[{text[middle:]}]]>"
    if how == "comment":
        return f"{text[:middle]}<!-- giữa -->{text[middle:]}"
    if how == "charref":
        return text.replace("A", "&#65;").replace("B", "&#x42;", 1)
    if how == "damaged":
        return f"{text[:middle]}!{text[middle:]}"
    if how == "padded":
        return f"{text[:middle]}===={text[middle:]}"
    if how == "cut":
        return text[:-1]
    return how.format(text)


@st.composite
def _documents(draw: Any) -> tuple[str, list[tuple[bytes, str]]]:
    prefix, quote = draw(_prefix), draw(_quote)
    wrap = _exotic if draw(st.integers(0, 3)) == 3 else _usual
    files = draw(st.lists(st.tuples(_payload, wrap), min_size=1, max_size=4))
    declared = f"xmlns:{prefix[:-1]}={quote}{NS}{quote}" if prefix else ""
    parts = []
    for number, (data, how) in enumerate(files):
        text = _dress(base64.b64encode(data).decode(), how)
        tag = f"{prefix}ContentTransferEncoded"
        parts.append(
            f"<Attachment>{draw(_noise)}<ContentId>cid:{number}</ContentId><AttachmentName>{draw(_name)}</AttachmentName>"
            f"<ContentType>application/pdf</ContentType><{tag} {declared}>{text}</{tag}></Attachment>"
        )
    header = (
        "<MessageHeader><From><OrganId>H41</OrganId><OrganName>Mẫu</OrganName></From><To><OrganId>H20</OrganId></To>"
        "<Code><CodeNumber>07</CodeNumber><CodeNotation>TB-UBND</CodeNotation></Code><Subject>Trích yếu</Subject>"
        f"{draw(_noise)}</MessageHeader>"
    )
    document = (
        f"<?xml version={quote}1.0{quote} encoding={quote}UTF-8{quote}?>\n<edXML xmlns={quote}{NS}{quote}>"
        f"<edXMLEnvelope><edXMLHeader>{header}</edXMLHeader></edXMLEnvelope>\n"
        f"<AttachmentEncoded>{''.join(parts)}</AttachmentEncoded></edXML>"
    )
    return document, files


def _as_utf16(document: str) -> bytes:
    return _ENCODING.sub('encoding="UTF-16"', document, count=1).encode("utf-16")


def _outcome(data: bytes) -> tuple[object, str]:
    """What reading gives, in a form that can be compared, and the route it took."""
    try:
        reading = vndoc.read(data, limits=SHORT)
    except vndoc.VndocError as error:
        return (type(error), error.code), "refused"
    with reading:
        contents: list[object] = []
        for attachment in reading.document.attachments:
            try:
                contents.append((attachment.digest(), attachment.size))
            except vndoc.VndocError as error:
                contents.append((type(error), error.code, tuple(error.values.items())))
        named = [(a.name, a.label, a.content_id) for a in reading.document.attachments]
        header = reading.document.evolve(attachments=())
        return (header, reading.deviations, reading.manifest, named, contents), reading.skeleton.route


def _expected(data: bytes, how: str) -> bytes | None:
    """What the standard library says the attachment holds; None where the text is damaged."""
    text = base64.b64encode(data).decode()
    dressed = _dress(text, {"cdata": "{}", "comment": "{}", "charref": "{}"}.get(how, how))
    try:
        return base64.b64decode("".join(dressed.split()), validate=True)
    except binascii.Error:
        return None


_ROUTES: Counter[str] = Counter()


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(made=_documents())
def _compare(made: tuple[str, list[tuple[bytes, str]]]) -> None:
    document, files = made
    fast, route = _outcome(document.encode())
    slow, other = _outcome(_as_utf16(document))
    _ROUTES[route] += 1
    event(route)
    assert other in ("stream", "refused")
    assert fast == slow
    assert isinstance(fast, tuple)
    if route != "refused":
        for (data, how), got in zip(files, fast[4], strict=True):
            wanted = _expected(data, how)
            if wanted is None:
                assert got[0] is vndoc.AttachmentError
            else:
                assert got == (hashlib.sha256(wanted).digest(), len(wanted))


def test_both_routes_give_the_same() -> None:
    _ROUTES.clear()
    _compare()
    total = sum(_ROUTES.values())
    assert _ROUTES["elided"] > total / 2, f"too few cases with elided runs: {dict(_ROUTES)}"


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(made=_documents(), data=st.data())
def test_both_routes_agree_on_damaged_documents(made: tuple[str, list[tuple[bytes, str]]], data: st.DataObject) -> None:
    """Characters changed, dropped, doubled: the same outcome, though errors may differ in their detail."""
    document, _ = made
    at = data.draw(st.integers(60, len(document) - 1))
    change = data.draw(st.sampled_from(["drop", "double", "<", ">", "&", '"', "]]>", "\x00", "é", "<!--", "cut"]))
    tail = "" if change == "cut" else document[at + 1 :]
    middle = {"drop": "", "cut": "", "double": document[at] * 2}.get(change, change)
    broken = document[:at] + middle + tail
    fast, route = _outcome(broken.encode())
    slow, _ = _outcome(_as_utf16(broken))
    event(route)
    assert fast == slow


def test_a_forged_token_stays_text() -> None:
    """A text that looks like a token, or becomes one through character references, is a text like any other."""
    run = "A" * 400
    forged = "&#86;NDOC" + "0" * 32 + "x000000"
    document = (
        f'<edXML xmlns="{NS}"><edXMLEnvelope><edXMLHeader><MessageHeader><Subject>VNDOC{"0" * 32}x000000</Subject>'
        f"</MessageHeader></edXMLHeader></edXMLEnvelope><AttachmentEncoded>"
        f"<!-- <Attachment><ContentTransferEncoded>{run}</ContentTransferEncoded></Attachment> -->"
        f"<Attachment><AttachmentName>a</AttachmentName><ContentTransferEncoded>{forged}</ContentTransferEncoded></Attachment>"
        "</AttachmentEncoded></edXML>"
    )
    outcome, route = _outcome(document.encode())
    assert route == "stream"
    assert isinstance(outcome, tuple)
    assert outcome[4] == [(hashlib.sha256(base64.b64decode("VNDOC" + "0" * 32 + "x000000")).digest(), 33)]


@pytest.mark.parametrize("size", [64, 65])
def test_the_limit_of_inline_texts(size: int) -> None:
    """At the limit a text stays in the skeleton, one past it is cut out; the content is the same."""
    text = "A" * 64 if size == 64 else "A" * 68
    document = (
        f'<edXML xmlns="{NS}"><edXMLEnvelope><edXMLHeader><MessageHeader><Subject>x</Subject></MessageHeader>'
        "</edXMLHeader></edXMLEnvelope><AttachmentEncoded><Attachment>"
        f"<ContentTransferEncoded>{text}</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>"
    )
    with vndoc.read(document.encode(), limits=SHORT) as reading:
        assert reading.skeleton.route == ("plain" if size == 64 else "elided")
        assert reading.document.attachments[0].open().read() == bytes(len(text) // 4 * 3)
