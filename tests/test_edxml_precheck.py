"""The look at what is usual says the same as the checks in detail; a carried signature is itself whenever made."""

# ruff: noqa: DTZ001 - timestamps of packets are local by definition

from __future__ import annotations

import copy
import datetime
import enum
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest
from hypothesis import given

import strategies
import vndoc
from samples import DOCUMENT, STATUS, XMLDSIG, edit, read
from vndoc.edxml import precheck, profile_of
from vndoc.envelope import Attachment, Organization, SignatureMarkup
from vndoc.errors import VndocError
from vndoc.identifiers import OrganCode

PROFILES = [profile_of(name) for name in ("qcvn-102", "vxp")]


class Word(str):
    __slots__ = ()


class Number(enum.IntEnum):
    ONE = 1


ODD: tuple[Any, ...] = (
    None, "", " ", "\n", "\u00a0", "a\u2028b", "a\x00", "a\ufffe", "null", "x", "01", "99", Word("x"), b"x", 0, 1, -1,
    5, 70_000, 10**18, -(10**18), True, Number.ONE, 1.5, datetime.date(2026, 3, 4),
    datetime.datetime(2026, 3, 4, 5, 6, 7), datetime.datetime(2026, 3, 4, tzinfo=datetime.UTC),
    OrganCode("H41"), OrganCode(" "), OrganCode("a\x01"),
    OrganCode("null"), (), ("",), ("x",), (None,), [], Organization(), (Organization(),), Organization(organ_name="x"),
)  # fmt: skip


def _changed(value: Any) -> Iterator[Any]:
    """Yield *value*, a block, with each odd value in the place of each of its fields, at every depth."""
    for field in attrs.fields(type(value)):
        if field.name.startswith("_"):
            continue
        own = getattr(value, field.name)
        for odd in ODD:
            made = copy.copy(value)
            object.__setattr__(made, field.name, odd)  # whatever a converter would say
            yield made
        several = isinstance(own, tuple)
        for number, one in enumerate(own if several else (own,)):
            if not attrs.has(type(one)) or isinstance(one, OrganCode | SignatureMarkup):
                continue
            for inner in _changed(one):
                made = copy.copy(value)
                new = (*own[:number], inner, *own[number + 1 :]) if several else inner
                object.__setattr__(made, field.name, new)
                yield made


def _said(packet: Any, profile: vndoc.Profile) -> str:
    try:
        precheck.check(packet, profile)
    except VndocError as error:
        return f"{error} {error.place}"
    except (TypeError, AttributeError, ValueError) as error:  # a value that no converter lets in
        return type(error).__name__
    return "nothing"


def _both(packet: Any, profile: vndoc.Profile, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    quick = _said(packet, profile)
    with monkeypatch.context() as patch:
        patch.setattr(precheck, "_is_usual", lambda *_: False)
        return quick, _said(packet, profile)


@pytest.mark.parametrize("text", [DOCUMENT, STATUS])
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_odd_value_in_every_place(text: str, profile: vndoc.Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[bool, int] = {True: 0, False: 0}
    for packet in _changed(read(text).packet):
        quick, detailed = _both(packet, profile, monkeypatch)
        assert quick == detailed
        seen[quick == "nothing"] += 1
    assert min(seen.values()) > 100


@given(strategies.documents())
def test_any_document(packet: vndoc.DocumentPacket) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for profile in PROFILES:
            quick, detailed = _both(packet, profile, monkeypatch)
            assert quick == detailed


def test_what_is_usual_is_found_at_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(precheck, "_survey")
    attachment = Attachment.of(b"%PDF", name="a.pdf", label="application/pdf")
    for profile in PROFILES:
        precheck.check(read(DOCUMENT).document.evolve(attachments=(attachment,)), profile)
        precheck.check(read(STATUS).packet, profile)
    with pytest.raises(NameError):  # and what is not, is looked at in detail
        precheck.check(read(DOCUMENT).document.evolve(subject=" "), PROFILES[0])


# -- the carried signature -------------------------------------------------------------------------------

_SIGNATURE = (
    f'<ds:Signature xmlns:ds="{XMLDSIG}" Id="s"> a<ds:SignedInfo b="1" xmlns:x="urn:x" x:c="2"/>\n'
    "<ds:Object><edXML:Subject>x</edXML:Subject>y</ds:Object></ds:Signature>"
)
_SIGNED = edit(DOCUMENT, ("    </edXML:edXMLHeader>", _SIGNATURE + "</edXML:edXMLHeader>"))
_NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_MADE = SignatureMarkup(
    name="Signature",
    namespace=XMLDSIG,
    prefix="ds",
    attributes=(("Id", "s"),),
    children=(
        " a",
        SignatureMarkup(name="SignedInfo", namespace=XMLDSIG, prefix="ds", attributes=(("b", "1"), ("{urn:x}c", "2"))),
        "\n",
        SignatureMarkup(
            name="Object",
            namespace=XMLDSIG,
            prefix="ds",
            children=(SignatureMarkup(name="Subject", namespace=_NS, prefix="edXML", children=("x",)), "y"),
        ),
    ),
)


def _signature() -> SignatureMarkup:
    found = read(_SIGNED).document.signature
    assert found is not None
    return found


def test_a_signature_is_what_it_would_be_if_made_at_once() -> None:
    assert _signature() == _MADE
    assert hash(_signature()) == hash(_MADE)
    assert _signature().children == _MADE.children
    assert _signature().attributes == _MADE.attributes
    assert repr(_signature()) == repr(_MADE)
    assert attrs.asdict(_signature()) == attrs.asdict(_MADE)


def _pickled(value: SignatureMarkup) -> SignatureMarkup:
    found: SignatureMarkup = pickle.loads(pickle.dumps(value))  # noqa: S301 - made here
    return found


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, _pickled])
def test_a_copy_of_a_signature(again: Any) -> None:
    assert again(_signature()) == _MADE
    assert attrs.evolve(again(_signature()), name="x") == attrs.evolve(_MADE, name="x")


def test_a_signature_has_nothing_else() -> None:
    for value in (_signature(), _MADE):
        assert not hasattr(value, "text")
        with pytest.raises(AttributeError, match="'SignatureMarkup' object has no attribute 'text'"):
            value.text  # type: ignore[attr-defined] # noqa: B018
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        _signature().children = ()  # type: ignore[misc]


def test_a_signature_outlives_its_reading_and_is_made_once() -> None:
    with read(_SIGNED) as reading:
        value = reading.document.signature
    del reading
    assert value is not None
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: value.children == _MADE.children, range(64)))
    assert value.children is value.children
