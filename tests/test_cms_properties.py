"""Properties of CMS: every change of what is signed shows, and any octets give facts or an error of ours."""

from __future__ import annotations

import contextlib
import time

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from cms_support import (
    CONTENT,
    P256,
    Recipe,
    attributes_of,
    changed,
    container,
    decided,
    good,
    info_of,
    made,
    other,
    person,
    read,
    replaced,
    rows,
    signed,
    stamp,
)
from vndoc.errors import VndocError
from vndoc.limits import DEFAULT
from vndoc.pki import der
from vndoc.signature import SignatureFacts, cms, tsp
from vndoc.signature._cms_encode import octet_string
from vndoc.signature._cms_structure import _plain, _split, der_of
from vndoc.signature._cms_walk import Memory

SIGNED = signed(detached=False)
STAMPED = cms.counter_sign(signed(stamp=stamp()), signer=other().signer())
TOKEN = stamp().token(bytes(32))
REQUEST = tsp.make_request(bytes(32))
RESPONSE = stamp()(REQUEST)
PSS = signed(who=person("rsa-2048"))
DIRECT = container(info_of(Recipe(who=person(), algorithm=P256, attributes=None, over=CONTENT)), content=CONTENT)


def flipped(data: bytes, bit: int) -> bytes:
    octets = bytearray(data)
    octets[bit // 8] ^= 1 << bit % 8
    return bytes(octets)


def passes(data: bytes, content: bytes | None = CONTENT) -> bool:
    try:
        return all(good(facts) for facts in cms.read_cms(data, content=content))
    except VndocError:
        return False


@given(st.integers(0, 8 * len(CONTENT) - 1))
def test_every_bit_of_the_content_counts(bit: int) -> None:
    assert passes(STAMPED)
    assert not passes(STAMPED, flipped(CONTENT, bit))


@given(st.data())
def test_every_bit_of_the_signed_attributes_counts(data: st.DataObject) -> None:
    right = attributes_of(rows())
    bit = data.draw(st.integers(0, 8 * len(right) - 1))
    wrong = flipped(right, bit)
    value = read(made(right)).signature_value
    assert passes(made(right, value=value))
    assert not passes(made(right, signed=b"\xa0" + wrong[1:], value=value)) or bit < 8


@given(st.data())
def test_every_bit_of_the_signature_value_counts(data: st.DataObject) -> None:
    facts = read(STAMPED)
    bit = data.draw(st.integers(0, 8 * len(facts.signature_value) - 1))
    value = octet_string(flipped(facts.signature_value, bit))
    [broken] = cms.read_cms(changed(STAMPED, lambda info: replaced(info, 5, value)), content=CONTENT)
    assert not good(broken)
    assert broken.timestamps[0].intact is False
    assert "message-digest-differs" in decided(broken.counter_signatures[0])


@given(st.integers(0, 8 * len(SIGNED) - 1))
def test_a_flipped_bit_shows_or_changes_nothing_that_is_verified(bit: int) -> None:
    [right] = cms.read_cms(SIGNED)
    data = flipped(SIGNED, bit)
    if not passes(data, None):
        return
    [facts] = cms.read_cms(data)
    assert verified(facts) == verified(right)


def verified(facts: SignatureFacts) -> tuple[object, ...]:
    octets = facts.covered[0].octets
    assert octets is not None
    with octets.open() as file:
        content = file.read()
    return content, facts.covered[0].value, facts.signed_octets, facts.candidates, facts.claimed_time


def everything(facts: SignatureFacts) -> None:
    """Ask for all that facts hold: none of it may raise."""
    for certificate in (*facts.candidates, *facts.certificates, person().certificate):
        facts.verify(certificate)
        facts.binding(certificate)
    assert repr(facts)
    for one in facts.reasons:
        assert one.text("vi")
    for timestamp in facts.timestamps:
        if timestamp.token is not None:
            everything(timestamp.token.signature)
    for counter in facts.counter_signatures:
        everything(counter)


def survives(data: bytes) -> None:
    start = time.process_time()
    for content in (None, CONTENT):
        with contextlib.suppress(VndocError):
            for facts in cms.read_cms(data, content=content):
                everything(facts)
    with contextlib.suppress(VndocError):
        everything(tsp.read_token(data, imprint_of=CONTENT).signature)
    with contextlib.suppress(VndocError):
        tsp.read_request(data)
    with contextlib.suppress(VndocError):
        tsp.read_response(data, request=REQUEST)
    assert time.process_time() - start < 5


@given(st.binary(max_size=200))
def test_any_octets(data: bytes) -> None:
    survives(data)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from([SIGNED, STAMPED, TOKEN, DIRECT, RESPONSE, REQUEST, PSS])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        how = draw(st.sampled_from(["flip", "octet", "cut", "double", "insert"]))
        if how == "flip":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "octet":
            data[at] = draw(st.sampled_from([0, 0x80, 0xFF, 0x30, 0x31, 0xA0, 0x24, 0x04, 0x02]))
        elif how == "cut":
            del data[at : at + draw(st.integers(1, 40))]
        elif how == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 40))]
        else:
            data[at:at] = draw(st.binary(max_size=8))
        if not data:
            break
    return bytes(data)


@hypothesis.settings(max_examples=600)
@given(mutated())
def test_damaged_signatures(data: bytes) -> None:
    survives(data)


def _nested(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    body = st.lists(inner, max_size=4).map(b"".join)
    definite = st.builds(der.encode, st.sampled_from([0x30, 0x31, 0xA0]), body)
    return definite | body.map(lambda octets: b"\x30\x80" + octets + b"\0\0")


ELEMENTS = st.recursive(st.builds(der.encode, st.sampled_from([2, 4, 5, 6, 12, 0x80]), st.binary(max_size=20)), _nested)
"""BER of any shape."""


@given(ELEMENTS)
def test_der_of_ber_is_der(octets: bytes) -> None:
    element = der.read(octets, ber=True)
    once = der_of(element)
    again = der.read(once)
    assert der_of(again) == once
    strict(again)


def strict(element: der.Element) -> None:
    if element.constructed:
        parts = der.children(element)
        if element.tag == der.SET:
            assert [one.octets for one in parts] == sorted(one.octets for one in parts)
        for one in parts:
            strict(one)


@given(mutated())
def test_the_short_way_finds_what_the_walk_finds(data: bytes) -> None:
    short = _plain(data, DEFAULT)
    if short is None:
        return
    walked = _split(data, Memory(data), DEFAULT)
    assert (short.version, short.content_type, short.encapsulated, short.trailing) == (
        walked.version,
        walked.content_type,
        walked.encapsulated,
        walked.trailing,
    )
    assert short.digest_algorithms.octets == walked.digest_algorithms.octets
    for one, other_ in ((short.certificates, walked.certificates), (short.signers, walked.signers)):
        assert [each.octets for each in one] == [each.octets for each in other_]
    assert (short.content is None) == (walked.content is None)
    if short.content is not None and walked.content is not None:
        assert short.content.ranges == walked.content.ranges
