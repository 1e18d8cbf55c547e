"""The digest that is made while a packet arrives: it is used where it is right, and never changes what is found."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vndoc
from vndoc.envelope.octets import MemoryOctets
from vndoc.packets.files import TemporarySpool
from vndoc.pki.algorithms import DIGESTS, hasher
from vndoc.signature._xmldsig_ahead import planned
from vndoc.signature.xmldsig import XmlSource, read_xml
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.xml import Canonical, Skeleton, parse_document, split
from vndoc.xml.ahead import Ahead, Plan
from vndoc.xml.elide import Arrival
from vndoc.xml.parser import parse_partly
from xmlsig_support import AN, AT, ENVELOPED, codes, reference, sealed, signature, sound

HEADER = "/edXML/edXMLEnvelope/edXMLHeader"
TEXT = base64.b64encode(hashlib.sha512(b"ahead").digest() * 300).decode()
WRAPPED = base64.encodebytes(base64.b64decode(TEXT)).decode()


def packet(*texts: str, between: str = "", before: str = "", after: str = "") -> bytes:
    attachments = between.join(
        f"<Attachment><ContentTransferEncoded>{text}</ContentTransferEncoded></Attachment>" for text in texts
    )
    return (
        f'{before}<edXML xmlns="urn:e"><edXMLEnvelope><edXMLHeader><Subject>Về việc</Subject></edXMLHeader>'
        f"</edXMLEnvelope><AttachmentEncoded>{attachments}</AttachmentEncoded></edXML>{after}"
    ).encode()


def signed(*texts: str, form: Canonical = Canonical.EXCLUSIVE, **around: str) -> bytes:
    return sign_xml(packet(*texts, **around), signer=AN.signer(), signing_time=AT, canonicalization=form, parent=HEADER)


def arrived(data: bytes, step: int) -> Skeleton:
    """Return the skeleton of *data*, which came *step* octets at a time."""
    arrival = Arrival(vndoc.Limits(), Ahead(planned))
    for start in range(0, len(data), step):
        arrival.feed(data[start : start + step])
    return split(MemoryOctets(data), spool=TemporarySpool, arrival=arrival)


def judged(skeleton: Skeleton, data: bytes) -> tuple[object, bool]:
    """Return the facts about the signature of *skeleton*, which are those of the whole tree, and if the hash helped."""
    helped = False
    source = XmlSource.of_skeleton(skeleton, len(data))
    if source.foretold is not None:
        ready = source.foretold

        def watched(*given: object, **named: object) -> tuple[bytes, int] | None:
            nonlocal helped
            found = ready(*given, **named)  # type: ignore[arg-type]
            helped = helped or found is not None
            return found

        object.__setattr__(source, "foretold", watched)
    found = read_xml(source)
    whole = read_xml(parse_document(data))
    assert [codes(f) for f in found] == [codes(f) for f in whole]
    assert [[(c.intact, c.value, c.octets and c.octets.size) for c in f.covered] for f in found] == [
        [(c.intact, c.value, c.octets and c.octets.size) for c in f.covered] for f in whole
    ]
    return found[0], helped


@pytest.mark.parametrize("step", [13, 1000, 1 << 20])
@pytest.mark.parametrize("texts", [(TEXT,), (WRAPPED,), (TEXT, WRAPPED, TEXT)])
def test_what_is_right_is_foretold(step, texts):
    data = signed(*texts)
    facts, helped = judged(arrived(data, step), data)
    assert sound(facts)
    assert helped


@pytest.mark.parametrize("form", list(Canonical))
def test_in_every_canonical_form(form):
    data = signed(TEXT, form=form)
    facts, helped = judged(arrived(data, 4096), data)
    assert sound(facts)
    assert helped


def test_comments_and_instructions_around_and_between():
    around = {"before": "<?a b?><!-- x -->\n", "between": "<!-- y --><?c?>\n", "after": "\n<!-- z -->"}
    data = signed(TEXT, TEXT, **around)
    facts, helped = judged(arrived(data, 5000), data)
    assert sound(facts)
    assert helped


def test_carriage_returns_are_not_foretold():
    data = signed(WRAPPED.replace("\n", "\r\n"))
    facts, helped = judged(arrived(data, 4096), data)
    assert sound(facts)
    assert not helped


@pytest.mark.parametrize(("count", "expected"), [(32, True), (33, False)])
def test_as_many_texts_as_are_followed(count, *, expected):
    text = TEXT[:12_000]
    data = signed(*[text] * count)
    facts, helped = judged(arrived(data, 1 << 16), data)
    assert sound(facts)
    assert helped is expected


@pytest.mark.parametrize(
    ("old", "new", "helps"),
    [
        (b"<Subject>", b"<Subject x='1'>", True),
        (TEXT[40:60].encode(), b"A" * 20, True),
        (b"</edXML>", b"<!-- later --></edXML>", True),
        (b"</edXML>", b"<More/></edXML>", True),
        (b'URI=""', b'URI="#nowhere"', False),
    ],
)
def test_every_change_is_found(old, new, *, helps):
    data = signed(TEXT).replace(old, new, 1)
    facts, helped = judged(arrived(data, 3000), data)
    assert helped is helps
    assert bool(codes(facts)) is (b"<!--" not in new)


def test_a_signature_that_comes_after_the_attachments():
    data = sign_xml(packet(TEXT), signer=AN.signer(), signing_time=AT)  # the last child of the root
    facts, helped = judged(arrived(data, 4096), data)
    assert sound(facts)
    assert not helped


def test_a_second_signature_is_digested_as_ever():
    data = sign_xml(signed(TEXT), signer=AN.signer(), signing_time=AT, breaking=True)
    facts, _ = judged(arrived(data, 4096), data)
    assert codes(facts) == ["digest-mismatch"]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([TEXT, WRAPPED, TEXT[:9000], WRAPPED.replace("\n", "\r")]), min_size=1, max_size=4),
    st.integers(1, 9000),
    st.integers(0, 1 << 20),
    st.binary(min_size=1, max_size=3),
)
def test_whatever_arrives_is_judged_as_the_whole_tree(texts, step, where, octets):
    data = signed(*texts)
    at = where % len(data)
    changed = data[:at] + octets + data[at + len(octets) :]
    try:
        expected = read_xml(parse_document(changed))
    except vndoc.VndocError:
        return
    found = read_xml(XmlSource.of_skeleton(arrived(changed, step), len(changed)))
    assert [codes(f) for f in found] == [codes(f) for f in expected]


def test_a_foretelling_that_turns_out_wrong_does_no_harm():
    """The plan is of whoever asks: here it names another digest, another form, or leaves out something else."""
    data = signed(TEXT)

    def other(root):
        node = next(root.iter("{*}Subject"))
        return Plan(node, Canonical.EXCLUSIVE, (), "sha256", lambda: hasher(DIGESTS["sha256"]))

    arrival = Arrival(vndoc.Limits(), Ahead(other))
    arrival.feed(data)
    facts, helped = judged(split(MemoryOctets(data), spool=TemporarySpool, arrival=arrival), data)
    assert sound(facts)
    assert not helped


@pytest.mark.parametrize(("count", "expected"), [(300, True), (30_000, False)])
def test_long_beginnings_are_not_foretold(count, *, expected):
    """What stands before a text is parsed for each text: that has to stay cheap."""
    data = signed(TEXT, before=f"<!--{'x' * count * 10}-->")
    facts, helped = judged(arrived(data, 1 << 16), data)
    assert sound(facts)
    assert helped is expected


def test_many_namespaces_are_not_foretold():
    scope = "".join(f"<b xmlns:n{number}='urn:{number}'/>" for number in range(200))
    data = sign_xml(
        packet(TEXT).replace(b"<Subject>", scope.encode() + b"<Subject>"),
        signer=AN.signer(),
        signing_time=AT,
        parent=HEADER,
    )
    facts, helped = judged(arrived(data, 4096), data)
    assert sound(facts)
    assert not helped


def test_a_digest_that_cannot_be_made_is_no_error_while_a_packet_arrives():
    def broken(root):
        raise vndoc.CertificateError("algorithm-unsupported", found="x")

    data = signed(TEXT)
    arrival = Arrival(vndoc.Limits(), Ahead(broken))
    arrival.feed(data)
    facts, helped = judged(split(MemoryOctets(data), spool=TemporarySpool, arrival=arrival), data)
    assert sound(facts)
    assert not helped


def test_what_is_no_reference_to_the_document_around_is_passed_over():
    steps = (Canonical.EXCLUSIVE.value,)
    sign = signature(reference("#x", transforms=steps), reference("", transforms=(ENVELOPED, *steps)))
    data = sealed(packet(TEXT).replace(b"<Subject>", sign.encode() + b'<Subject Id="x">'))
    facts, helped = judged(arrived(data, 4096), data)
    assert sound(facts)
    assert helped
    alone = signature(reference("", transforms=steps, digest="AAAA")).replace(">?<", ">AAAA<")
    data = packet(TEXT).replace(b"<Subject>", alone.encode() + b"<Subject>")
    facts, helped = judged(arrived(data, 4096), data)
    assert codes(facts) == ["digest-mismatch"]
    assert not helped


def test_a_text_in_the_signature_is_left_out_with_it():
    inner = f"<Attachment xmlns='urn:e'><Content>{TEXT}</Content></Attachment>"
    steps = (ENVELOPED, Canonical.EXCLUSIVE.value)
    sign = signature(reference("", transforms=steps), objects=f"<Object>{inner}</Object>")
    data = sealed(packet(TEXT).replace(b"<Subject>", sign.encode() + b"<Subject>"))
    facts, helped = judged(arrived(data, 4096), data)
    assert sound(facts)
    assert not helped


def test_what_the_fast_route_does_not_take_is_read_by_the_other():
    text = packet(TEXT).decode()
    for data in (text.encode("utf-16"), text.replace("<Subject>", "<Số/><Subject>").encode()):
        assert arrived(data, 4096).route == "stream"


@pytest.mark.parametrize("data", [b"<!DOCTYPE a><a>", b"<a>\x00", b"< ", "<Số>".encode(), b"x"])
def test_beginnings_that_are_none(data):
    assert parse_partly(data) is None or parse_partly(data).tag == "a"
