"""Wrapping (A1) of what is signed without its own markup, or inside the signature: the place of it is not digested.

Who moves such a part into a wrapper and puts another one where it was changes nothing that is signed.
"""

from __future__ import annotations

import pytest

from vndoc.pki.outcome import Indication, outcome_of
from vndoc.signature.xmldsig import XmlSignatureFacts, read_xml
from xmlsig_support import DS, EXCLUSIVE, b64, codes, reference, sealed, signature, sound

GOOD, EVIL = b"<pay>1</pay>", b"<pay>9</pay>"
BASE64 = (DS + "base64",)
OBJECT, MANIFEST = DS + "Object", DS + "Manifest"
W = "urn:example:wrapper"


def wrapped(part: str) -> str:
    return f'<Object><w:w xmlns:w="{W}">{part}</w:w></Object>'


def read(data: bytes, old: str = "", new: str = "") -> XmlSignatureFacts:
    """Return the facts about the first signature of *data* in which *old* was replaced; it must be there."""
    assert old.encode() in data
    return read_xml(data.replace(old.encode(), new.encode()))[0]


def refused(facts: XmlSignatureFacts, code: str = "signed-data-misplaced") -> bool:
    """Return whether *code* alone decides, although every digest is right."""
    assert all(c.intact for c in facts.covered)
    deciding = [r.code for r in facts.reasons if r.decides]
    return set(deciding) == {code} and outcome_of(facts.reasons).indication is Indication.INDETERMINATE


# -- an Object that is signed by what its text stands for ----------------------------------------------

HOLDER = f'<Object Id="o">{b64(GOOD)}</Object>'
FORGED = f"<Object>{b64(EVIL)}</Object>"


def of_object(kind: str = OBJECT) -> bytes:
    sign = signature(reference("#o", transforms=BASE64, kind=kind), objects=HOLDER)
    return sealed(sign, octets=lambda *_: GOOD)


@pytest.mark.parametrize("kind", [OBJECT, ""])
def test_an_object_where_it_belongs_is_sound(kind):
    assert sound(read(of_object(kind)))


@pytest.mark.parametrize("kind", [OBJECT, ""])
@pytest.mark.parametrize("new", [wrapped(HOLDER), FORGED + wrapped(HOLDER), wrapped(HOLDER) + FORGED])
def test_an_object_moved_into_a_wrapper(kind, new):
    assert refused(read(of_object(kind), HOLDER, new))


def test_an_object_moved_out_of_every_signature():
    data = sealed(f"<a>{signature(reference('#o', transforms=BASE64), objects=HOLDER)}</a>", octets=lambda *_: GOOD)
    assert sound(read(data))
    outside = HOLDER.replace("<Object", f'<Object xmlns="{DS}"')
    assert refused(read(data.replace(HOLDER.encode(), b""), "</a>", f"{outside}</a>"))
    assert refused(read(data.replace(HOLDER.encode(), b""), "</a>", f"<b>{outside}</b></a>"))


def test_what_is_said_of_it():
    [said] = [r for r in read(of_object(), HOLDER, wrapped(HOLDER)).reasons if r.code == "signed-data-misplaced"]
    assert said.text().startswith('"#o" leads to /Signature/Object/w/Object,')
    assert '"#o"' in said.text("vi")


@pytest.mark.parametrize("kind", [OBJECT, MANIFEST])
def test_a_type_and_another_element_in_the_signature(kind):
    part = f'<p:p xmlns:p="{W}" Id="o">{b64(GOOD)}</p:p>'
    data = signature(reference("#o", transforms=BASE64, kind=kind), objects=f"<Object>{part}</Object>")
    assert refused(read(sealed(data, octets=lambda *_: GOOD)))


def test_a_type_and_an_element_of_the_document():
    """The Type is a hint (XML Signature 1.1, 4.4.3.2) about what the signature does not hold."""
    sign = signature(reference("#o", transforms=(EXCLUSIVE,), kind=OBJECT))
    assert sound(read(sealed(f'<a><b Id="o">1</b>{sign}</a>')))


def test_a_signature_in_the_object_of_another():
    inner = of_object().decode()
    outer = signature(
        reference("#in", transforms=(EXCLUSIVE,)), objects=f'<Object Id="in">{inner}</Object>', name="out"
    )
    [first, second] = read_xml(sealed(outer))
    assert sound(first)
    assert sound(second)


# -- a Manifest ----------------------------------------------------------------------------------------

LIST = f'<Manifest Id="m">{reference("#d", transforms=(EXCLUSIVE,))}</Manifest>'
DATA = '<Object Id="d">data</Object>'


def of_manifest(objects: str) -> bytes:
    """Return a signature over the Manifest in *objects*; the entry is digested first."""
    sign = signature(reference("#m", transforms=(EXCLUSIVE,), kind=MANIFEST), objects=objects)
    entry = sealed(sign).decode()  # the digest of the Manifest was made before that of its entry was known
    start = entry.index("<DigestValue>") + len("<DigestValue>")
    return sealed(entry[:start] + "?" + entry[entry.index("</DigestValue>") :])


def test_a_manifest_where_it_belongs_is_sound():
    facts = read(of_manifest(f"<Object>{LIST}</Object>{DATA}"))
    assert [c.what for c in facts.covered] == ["element", "manifest-entry"]
    assert sound(facts)


def test_a_manifest_in_a_wrapper():
    facts = read(of_manifest(f"{wrapped(LIST)}{DATA}"))
    assert refused(facts)


def test_what_a_manifest_lists_moved_into_a_wrapper():
    data = of_manifest(f"<Object>{LIST}</Object>{DATA}")
    facts = read(data, DATA, f"<Object>evil</Object>{wrapped(DATA)}")
    assert codes(facts).count("signed-data-misplaced") == 1
    assert refused(facts)


# -- elements of the document that are signed by what their text stands for ----------------------------


def of_text(*parts: str, more: str = "") -> bytes:
    sign = signature(*(reference(f"#{p}", transforms=BASE64) for p in parts))
    body = "".join(f'<c Id="{p}">{b64(GOOD)}</c>' for p in parts)
    return sealed(f"<a>{body}{more}{sign}</a>", octets=lambda *_: GOOD)


def test_text_that_is_signed_is_sound():
    assert sound(read(of_text("x")))
    assert sound(read(of_text("x", "y")))
    assert sound(read(of_text("x", more="<d>1</d>")))


@pytest.mark.parametrize("number", [1, 2])
def test_text_with_a_twin(number):
    parts = "xy"[:number]
    evil = f"<c>{b64(EVIL)}</c>"
    own = f'<c Id="x">{b64(GOOD)}</c>'
    assert refused(read(of_text(*parts), own, f"{evil}<w>{own}</w>"), "unsigned-twin")
    assert refused(read(of_text(*parts), own, own + evil), "unsigned-twin")


def test_text_with_a_twin_in_it():
    """The transform reads markup away, so an element of the same name in it is not signed."""
    data = of_text("x")
    assert refused(read(data, b64(GOOD), f"<c>{b64(GOOD)}</c>"), "unsigned-twin")
