"""Timestamps of XAdES that name what they are over: HashDataInfo (1.1.1) and Include (from 1.2.2 on).

The octets are put together a second time with the canonicaliser of lxml, over copies that were parsed anew.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from test_xades_read import AN, V111, V122, V132, V141, qualified
from vndoc.errors import VndocError
from vndoc.pki import Purpose, RevocationChecker, TrustStore
from vndoc.signature import _xmldsig_budget, verify_xml
from vndoc.signature._imprint import key_of
from vndoc.signature._xades_named import MAX_NAMED
from vndoc.signature.facts import TimestampFacts, TimestampKind
from vndoc.signature.xmldsig import read_xml
from vndoc.testing.pki import TimestampAuthority
from vndoc.xml import Canonical
from xmlsig_support import AT, C14N, CA, DS, ENVELOPED, EXCLUSIVE, ROOT, reference, sealed, signature

TSA = TimestampAuthority(identity=CA.tsa(), time=AT)
REFS = '<CompleteCertificateRefs Id="refs"><CertRefs/></CompleteCertificateRefs>'
VALUES = (
    '<CertificateValues Id="certs"><EncapsulatedX509Certificate>'
    f"{base64.b64encode(ROOT.certificate.der).decode()}</EncapsulatedX509Certificate></CertificateValues>"
)
BASE64 = f'<Transform Algorithm="{DS}base64"/>'


SIGNED = "SignedSignatureProperties"


def document(namespace: str, *, elsewhere: str = "") -> str:
    """Return a signature, not yet sealed, whose parts all have an Id; *elsewhere* are properties in an Object."""
    kind = f"{namespace}SignedProperties"
    text = qualified(namespace=namespace, kind=kind, unsigned=REFS + VALUES)
    for name, own in (("SignedInfo", "si"), ("SignatureValue", "sv"), ("KeyInfo", "ki"), (SIGNED, "ssp")):
        text = text.replace(f"<{name}>", f'<{name} Id="{own}">', 1)
    if elsewhere:
        text = text.replace(
            "</Signature>", f'<Object Id="far"><p xmlns="{namespace}">{elsewhere}</p></Object></Signature>'
        )
    return text


DATA = "<a><b>Kính gửi</b></a>".encode()
"""The signed document without the signature."""


def octets_of(data: bytes, name: str) -> bytes:
    """Return the canonical octets of the element with the Id *name*, ``""`` for what the first reference leads to."""
    if not name:
        return DATA
    [node] = etree.fromstring(data).xpath("//*[@Id = $name]", name=name)
    copy = etree.fromstring(etree.tostring(node, with_tail=False))
    return etree.tostring(copy, method="c14n")


def transforms(*steps: str) -> str:
    inner = "".join(s if s.startswith("<") else f'<Transform Algorithm="{s}"/>' for s in steps)
    return f'<Transforms xmlns="{DS}">{inner}</Transforms>'


def hash_data(name: str, *steps: str) -> str:
    steps = (ENVELOPED, C14N) if not name and not steps else steps
    uri = f"#{name}" if name else ""
    return f'<HashDataInfo uri="{uri}">{transforms(*steps) if steps else ""}</HashDataInfo>'


def include(name: str, more: str = "") -> str:
    return f'<Include URI="#{name}"{more}/>'


def stamped(data: bytes, name: str, named: str, octets: bytes, *, namespace: str = "") -> bytes:
    """Return *data* with the timestamp property *name* at the end of its unsigned properties."""
    token = base64.b64encode(TSA.token(hashlib.sha256(octets).digest())).decode()
    own = f' xmlns="{namespace}"' if namespace else ""
    text = f"<{name}{own}>{named}<EncapsulatedTimeStamp>{token}</EncapsulatedTimeStamp></{name}>"
    end = b"</UnsignedSignatureProperties>"
    return data.replace(end, text.encode() + end)


def only(data: bytes, **how: object) -> TimestampFacts:
    [facts] = read_xml(data, **how)  # type: ignore[arg-type]
    [found] = facts.timestamps
    return found


def codes(found: TimestampFacts) -> list[str]:
    return [r.code for r in found.reasons]


def value_of(data: bytes) -> bytes:
    return base64.b64decode(next(etree.fromstring(data).iter(f"{{{DS}}}SignatureValue")).text or "")


OLD = sealed(document(V111))
NEWER = {namespace: sealed(document(namespace)) for namespace in (V122, V132)}
ARCHIVED = ("", "ssp", "sv", "refs", "certs")
"""What an archive timestamp of XAdES 1.1.1 names, in its order."""


# -- HashDataInfo --------------------------------------------------------------------------------------------


def test_an_archive_timestamp_of_1_1_1() -> None:
    octets = b"".join(octets_of(OLD, name) for name in ARCHIVED)
    data = stamped(OLD, "ArchiveTimeStamp", "".join(map(hash_data, ARCHIVED)), octets)
    found = only(data)
    assert (found.kind, found.intact, codes(found)) == (TimestampKind.ARCHIVE, True, [])
    assert found.protects == {key_of(value_of(OLD)), key_of(ROOT.certificate.der)}


def test_it_proves_the_time() -> None:
    octets = b"".join(octets_of(OLD, name) for name in ARCHIVED)
    data = stamped(OLD, "ArchiveTimeStamp", "".join(map(hash_data, ARCHIVED)), octets)
    trust = TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT, Purpose.TIMESTAMP})
    later = AT + datetime.timedelta(days=1)
    lists = [authority.crl(this_update=later, next_update=later.replace(year=2030)) for authority in (ROOT, CA)]
    at = later + datetime.timedelta(days=1)
    for changed, proven in ((data, AT), (data.replace(b'uri="#ssp"', b'uri="#si"'), None)):
        [report] = verify_xml(changed, policy="vn_default", trust=trust, at=at, revocation=RevocationChecker.of(lists))
        assert report.best_signature_time == proven, report.reasons


POOL = ("", "sp", "ssp", "si", "sv", "ki", "refs", "certs")


@given(st.lists(st.sampled_from(POOL), min_size=1, max_size=9), st.booleans())
def test_any_list_is_taken_in_its_order_and_has_to_name_enough(names: list[str], told: bool) -> None:
    """A reference model: the octets one after the other; without the needed ones nothing is known."""
    octets = b"".join(octets_of(OLD, name) for name in names) + (b"" if told else b"!")
    listed = "".join(map(hash_data, names))
    found = only(stamped(OLD, "ArchiveTimeStamp", listed, octets))
    enough = {"", "sv"} <= set(names) and bool({"sp", "ssp"} & set(names))
    assert found.intact is (told if enough else None)
    assert ("timestamp-leaves-out" in codes(found)) is not enough
    assert (key_of(value_of(OLD)) in found.protects) is enough
    stamp = only(stamped(OLD, "SignatureTimeStamp", listed, octets))
    assert stamp.intact is (told if "sv" in names else None)
    refs = only(stamped(OLD, "RefsOnlyTimeStamp", listed, octets))
    assert refs.intact is (told if "refs" in names else None)


@pytest.mark.parametrize(
    ("steps", "octets"),
    [
        ((C14N,), lambda: octets_of(OLD, "sv")),
        ((C14N, C14N), lambda: octets_of(OLD, "sv")),
        ((BASE64,), lambda: value_of(OLD)),
        ((EXCLUSIVE,), lambda: octets_of(OLD, "sv")),
    ],
)
def test_the_value_through_transforms(steps: tuple[str, ...], octets: Callable[[], bytes]) -> None:
    found = only(stamped(OLD, "SignatureTimeStamp", hash_data("sv", *steps), octets()))
    assert (found.intact, codes(found)) == (True, [])
    assert found.protects == {key_of(value_of(OLD))}


@pytest.mark.parametrize(
    ("named", "octets", "code"),
    [
        ('<HashDataInfo uri="#si"/>', "si", "timestamp-leaves-out"),
        (hash_data("si", BASE64), "", "base64-invalid"),
        ('<HashDataInfo uri="#nothing"/>', "", "timestamp-reference-missing"),
        ('<HashDataInfo uri="#"/>', "", "timestamp-reference-missing"),
        ("<HashDataInfo/>", "", "timestamp-reference-external"),
        ('<HashDataInfo uri="http://ca.gov.vn/x"/>', "", "timestamp-reference-external"),
        ('<HashDataInfo uri="file:///etc/passwd"/>', "", "timestamp-reference-external"),
        ('<HashDataInfo uri="#xpointer(//a)"/>', "", "signed-data-not-found"),
        (hash_data("sv", "http://www.w3.org/TR/1999/REC-xslt-19991116"), "", "xslt-refused"),
        (hash_data("sv", "urn:x"), "", "transform-unknown"),
        (hash_data("sv", *[C14N] * 4), "", "too-many-transforms"),
        (hash_data("sv") * (MAX_NAMED + 1), "", "timestamp-names-too-many"),
    ],
)
def test_what_cannot_be_followed_says_why(named: str, octets: str, code: str) -> None:
    def asked(uri: str) -> None:
        raise AssertionError(uri)

    found = only(stamped(OLD, "SignatureTimeStamp", named, octets_of(OLD, octets)), resolver=asked)
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", code])
    assert found.protects == frozenset()


def test_a_signature_without_itself_is_not_its_value() -> None:
    """The enveloped-signature transform leaves nothing of the signature: a timestamp over nothing proves nothing."""
    found = only(stamped(OLD, "SignatureTimeStamp", hash_data("sig", ENVELOPED), b""))
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", "timestamp-leaves-out"])
    assert found.protects == frozenset()


def test_an_id_that_stands_twice_is_none() -> None:
    data = stamped(OLD, "SignatureTimeStamp", hash_data("sv"), octets_of(OLD, "sv"))
    twice = data.replace(b"<CertRefs/>", b'<CertRefs Id="sv"/>')
    assert codes(only(twice)) == ["timestamp-not-rebuilt", "timestamp-reference-missing"]


def test_the_value_of_another_signature_does_not_do() -> None:
    """A timestamp over the value of one signature is no timestamp of the other that it stands in."""
    other = sealed(document(V111).replace('Id="s', 'Id="x').replace('"#s', '"#x'))
    inner = other[other.index(b"<Signature") : other.index(b"</Signature>") + len(b"</Signature>")]
    data = OLD.replace(b"</Signature>", b"<Object>" + inner + b"</Object></Signature>")
    token = base64.b64encode(TSA.token(hashlib.sha256(octets_of(data, "xv")).digest())).decode()
    token = f"<EncapsulatedTimeStamp>{token}</EncapsulatedTimeStamp>"
    stamp = f"<SignatureTimeStamp>{hash_data('xv')}{token}</SignatureTimeStamp>"
    end = b"</UnsignedSignatureProperties>"
    at = data.index(end)
    facts = read_xml(data[:at] + stamp.encode() + data[at:])[0]
    assert codes(facts.timestamps[0]) == ["timestamp-not-rebuilt", "timestamp-leaves-out"]


def test_work_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    many = hash_data("ki") * (MAX_NAMED - len(ARCHIVED)) + "".join(map(hash_data, ARCHIVED))
    data = stamped(OLD, "ArchiveTimeStamp", many, b"")
    assert codes(only(data)) == ["timestamp-imprint-differs"]
    monkeypatch.setattr(_xmldsig_budget, "_FREE_OCTETS", 0)
    monkeypatch.setattr(_xmldsig_budget, "_TIMES", 5)
    assert codes(only(data)) == ["timestamp-not-rebuilt", "too-much-to-digest"]


# -- Include -------------------------------------------------------------------------------------------------

FAR = '<CompleteRevocationRefs Id="lists"><CRLRefs/></CompleteRevocationRefs>'


@pytest.mark.parametrize("namespace", [V122, V132])
@pytest.mark.parametrize("name", ["SigAndRefsTimeStamp", "RefsOnlyTimeStamp"])
def test_references_that_are_elsewhere_are_included(namespace: str, name: str) -> None:
    data = sealed(document(namespace, elsewhere=FAR))
    names = ["refs", "lists"]
    octets = b"".join(octets_of(data, n) for n in names)
    value = octets_of(data, "sv") if name.startswith("Sig") else b""
    found = only(stamped(data, name, "".join(map(include, names)), value + octets))
    assert (found.intact, codes(found)) == (True, [])
    assert found.protects == ({key_of(value_of(data))} if value else frozenset())
    found = only(stamped(data, name, "".join(map(include, reversed(names))), value + octets))
    assert codes(found) == ["timestamp-imprint-differs"]


@pytest.mark.parametrize("method", [C14N, Canonical.C14N_10_COMMENTS.value])
def test_comments_are_left_out_of_what_is_included(method: str) -> None:
    """A bare name leaves them out, whatever the form would do with them (7.1.4.3.1)."""
    data = NEWER[V132].replace(b"<CertRefs/>", b"<!-- x --><CertRefs/>")
    named = include("refs") + f'<CanonicalizationMethod xmlns="{DS}" Algorithm="{method}"/>'
    octets = octets_of(NEWER[V132], "sv") + octets_of(NEWER[V132], "refs")
    assert only(stamped(data, "SigAndRefsTimeStamp", named, octets)).intact


def test_the_value_is_in_without_a_name() -> None:
    """So a name for it would put it in twice (7.5.1.2)."""
    data = NEWER[V122]
    for octets, intact in ((["sv", "refs"], False), (["sv", "sv", "refs"], True)):
        over = b"".join(octets_of(data, n) for n in octets)
        found = only(stamped(data, "SigAndRefsTimeStamp", include("sv") + include("refs"), over))
        assert found.intact is intact


@pytest.mark.parametrize(("namespace", "own"), [(V122, V122), (V132, V132), (V132, V141)])
def test_an_archive_timestamp_over_properties_that_are_elsewhere(namespace: str, own: str) -> None:
    """Data, SignedInfo, value and KeyInfo are in without a name; so are Objects, in the end."""
    data = sealed(document(namespace, elsewhere=FAR))
    names = ["refs", "certs", "lists"]
    order = ["", "sp", "si", "sv", "ki", *names, "far"]
    octets = b"".join(octets_of(data, n) for n in order)
    found = only(stamped(data, "ArchiveTimeStamp", "".join(map(include, names)), octets, namespace=own))
    assert (found.intact, codes(found)) == (True, [])
    assert found.protects == {key_of(o) for o in (value_of(data), ROOT.certificate.der, AN.certificate.der)}


@pytest.mark.parametrize(
    ("named", "code"),
    [
        (include("nothing"), "timestamp-reference-missing"),
        ('<Include URI=""/>', "timestamp-reference-missing"),
        ('<Include URI="#xpointer(/)"/>', "timestamp-reference-missing"),
        ("<Include/>", "timestamp-reference-external"),
        ('<Include URI="other.xml#refs"/>', "timestamp-reference-external"),
        (include("refs") * (MAX_NAMED + 1), "timestamp-names-too-many"),
    ],
)
def test_what_cannot_be_included_says_why(named: str, code: str) -> None:
    found = only(stamped(NEWER[V132], "SigAndRefsTimeStamp", named, b""))
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", code])


def test_data_of_a_reference_of_another_signature_are_not_taken() -> None:
    other = sealed(document(V132).replace('Id="s', 'Id="x').replace('"#s', '"#x').replace('Id="r0"', 'Id="x0"'))
    inner = other[other.index(b"<Signature") : other.index(b"</Signature>") + len(b"</Signature>")]
    inner = inner.replace(b'Id="refs"', b"").replace(b'Id="certs"', b"").replace(b'Id="ki"', b"")
    data = NEWER[V132].replace(b"</Signature>", b"<Object>" + inner + b"</Object></Signature>")
    listed = include("x0", ' referencedData="true"')
    facts = read_xml(stamped(data, "RefsOnlyTimeStamp", listed, DATA))[0]
    assert codes(facts.timestamps[0]) == ["timestamp-not-rebuilt", "timestamp-reference-elsewhere"]


@pytest.mark.parametrize("name", ["SignatureTimeStamp", "RefsOnlyTimeStamp"])
def test_a_timestamp_over_something_else_is_not_one_of_its_kind(name: str) -> None:
    found = only(stamped(NEWER[V132], name, include("ki"), octets_of(NEWER[V132], "ki")))
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", "timestamp-leaves-out"])


# -- what is not read is named -------------------------------------------------------------------------------


def test_properties_that_are_elsewhere_are_named() -> None:
    refers = f'<Object><QualifyingPropertiesReference xmlns="{V132}" URI="http://a.example/p.xml"/></Object>'
    text = f"<a>{signature(reference('', transforms=(ENVELOPED, C14N)), objects=refers)}</a>"
    [facts] = read_xml(sealed(text))
    assert [r.code for r in facts.reasons] == ["qualifying-properties-not-followed"]
    assert not any(r.decides for r in facts.reasons)


def test_evidence_records_in_the_signature_are_named() -> None:
    records = '<r:SealingEvidenceRecords xmlns:r="http://uri.etsi.org/19132/v1.1.1#"/>'
    [facts] = read_xml(NEWER[V132].replace(b"<CertificateValues", records.encode() + b"<CertificateValues"))
    assert [r.code for r in facts.reasons] == ["evidence-record-not-read"]


# -- hostile -------------------------------------------------------------------------------------------------

LISTED = b"".join(octets_of(OLD, name) for name in ARCHIVED)
HOSTILE = (
    stamped(OLD, "ArchiveTimeStamp", "".join(map(hash_data, ARCHIVED)), LISTED),
    stamped(NEWER[V132], "SigAndRefsTimeStamp", include("refs") + include("certs"), b""),
)
PIECES = (
    "uri=",
    "URI=",
    '"#',
    "#xpointer(id('sv'))",
    "<Transforms/>",
    "HashDataInfo",
    "Include",
    "</",
    '"',
    "&#0;",
    "é",
)


@given(st.sampled_from(HOSTILE), st.data())
@settings(max_examples=250)
def test_nothing_but_our_errors_comes_out_of_damaged_names(octets: bytes, data: st.DataObject) -> None:
    found = bytearray(octets)
    first = octets.index(b"<HashDataInfo" if b"<HashDataInfo" in octets else b"<Include")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(first, min(len(found) - 1, first + 900)))
        much = data.draw(st.integers(0, 20))
        found[at : at + much] = data.draw(st.sampled_from(PIECES)).encode()
    try:
        facts = read_xml(bytes(found))
    except VndocError:
        return
    for stamp in (t for one in facts for t in one.timestamps):
        assert stamp.intact is not None or stamp.reasons, "what is not compared says why"
        if stamp.token is not None and stamp.intact is None:
            assert len(stamp.reasons) > 1
