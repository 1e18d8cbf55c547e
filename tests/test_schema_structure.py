"""Structure: what is found, that both engines agree, that nothing hides anything, and what it costs."""

from __future__ import annotations

import copy
import random
import socket
import threading
import time

import hypothesis.strategies as st
import pytest
import xmlschema
from hypothesis import given, settings
from lxml import etree
from xmlschema.validators import XsdAssert

from vndoc.edxml import NAMESPACE, Kind, Severity
from vndoc.edxml import elements as table
from vndoc.edxml.xmltools import path_of
from vndoc.schema import structure
from vndoc.schema.findings import Finding
from vndoc.schema.grammar import SIGNATURE_ROW, grammar, merged
from vndoc.schema.structure import MAX_FINDINGS, check_structure
from vndoc.schema.xsd import xsd_10, xsd_11

NS = f"{{{NAMESPACE}}}"
DS = f"{{{table.XMLDSIG}}}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
HEADER = "/edXML/edXMLEnvelope/edXMLHeader"
PREFIXES = {"e": NAMESPACE, "ds": table.XMLDSIG}


def parse(path):
    return etree.parse(path, etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False)).getroot()


def both(root) -> set[tuple[str, str]]:
    """Return the findings of both modes, after asserting that they are the same and that the tree is untouched."""
    before = etree.tostring(root)
    fast, as_sent = (check_structure(root, mode=mode) for mode in ("fast", "as-sent"))
    assert fast == as_sent
    assert etree.tostring(root) == before
    assert all(isinstance(f, Finding) and f.severity is Severity.ERROR for f in fast)
    assert len(set(fast)) == len(fast)
    for finding in fast:
        for lang in ("vi", "en"):
            assert "?" not in finding.text(lang).replace(finding.found or "", "")
    return {(f.id, f.place.path) for f in fast}


@pytest.fixture
def new(golden):
    return parse(golden / "document_0_new.edxml")


@pytest.fixture
def status(golden):
    return parse(golden / "status_03_accepted.edxml")


def find(root, path):
    return root.find("/".join(f"e:{step}" for step in path.split("/")), PREFIXES)


MESSAGE = "edXMLEnvelope/edXMLHeader/MessageHeader"
MANIFEST = "edXMLEnvelope/edXMLBody/edXMLManifest"

# -- the vectors ---------------------------------------------------------------------------------------

VECTORS = {
    "03_no_namespace": {("structure-root", "/edXML")},
    "04_date_dd_mm_yyyy": {
        ("structure-value", f"{HEADER}/MessageHeader/PromulgationInfo/PromulgationDate"),
        ("structure-value", f"{HEADER}/TraceHeaderList/TraceHeader/Timestamp"),
    },
    "07_business_spelling": {("structure-unexpected", f"{HEADER}/TraceHeaderList/Business")},
    "08_manifest_element_name": {
        ("structure-unexpected", "/edXML/edXMLEnvelope/edXMLBody/Manifest"),
        ("structure-missing", "/edXML/edXMLEnvelope/edXMLBody/edXMLManifest"),
    },
    "10_no_content_type": {
        ("structure-missing", "/edXML/AttachmentEncoded/Attachment[1]/ContentType"),
        ("structure-missing", "/edXML/AttachmentEncoded/Attachment[8]/ContentType"),
    },
    "13_empty_integers": {
        ("structure-value", f"{HEADER}/MessageHeader/DocumentType/Type"),
        ("structure-value", f"{HEADER}/MessageHeader/OtherInfo/Priority"),
        ("structure-value", f"{HEADER}/MessageHeader/SteeringType"),
    },
    "15_attachments_without_manifest": {("structure-missing", "/edXML/edXMLEnvelope/edXMLBody")},
    "16_direction_numeric": {("structure-value", f"{HEADER}/MessageHeader/OtherInfo/Direction")},
}
VECTORS["05_date_iso"] = VECTORS["06_date_with_time"] = VECTORS["04_date_dd_mm_yyyy"]


def test_vectors(shared):
    paths = sorted((shared / "vectors" / "edxml").glob("*/*.edxml"))
    assert len(paths) == 21
    for path in paths:
        assert both(parse(path)) == VECTORS.get(path.stem, set()), path.name


def test_disordered_packets_have_no_finding(new, status):
    for root in (new, status):
        for block in [node for node in root.iter() if len(node) and not list(node.iterancestors(f"{NS}Signature"))]:
            if block.tag not in {f"{NS}Signature", f"{NS}SignedInfo"}:
                block[:] = list(reversed(block))
        assert both(root) == set()


# -- single findings -----------------------------------------------------------------------------------


def test_one_problem_does_not_hide_another(new):
    message = find(new, MESSAGE)
    for name in ("Subject", "Code", "DocumentId"):
        message.remove(message.find(f"{NS}{name}"))
    etree.SubElement(message, f"{NS}Agency")
    message.find(f"{NS}DueDate").text = "mai"
    find(new, "edXMLEnvelope/edXMLHeader/TraceHeaderList/TraceHeader/Timestamp").text = ""
    find(new, f"{MANIFEST}/Reference").clear()
    here = f"{HEADER}/MessageHeader"
    reference = "/edXML/edXMLEnvelope/edXMLBody/edXMLManifest/Reference[1]"
    assert both(new) == {
        ("structure-missing", f"{here}/Subject"),
        ("structure-missing", f"{here}/Code"),
        ("structure-missing", f"{here}/DocumentId"),
        ("structure-unexpected", f"{here}/Agency"),
        ("structure-value", f"{here}/DueDate"),
        ("structure-value", f"{HEADER}/TraceHeaderList/TraceHeader/Timestamp"),
        ("structure-missing", f"{reference}/ContentId"),
        ("structure-missing", f"{reference}/AttachmentName"),
    }


def test_what_a_finding_says(new):
    message = find(new, MESSAGE)
    message.find(f"{NS}Subject").text = "x" * 501
    message.find(f"{NS}From").tag = f"{NS}FromX"
    find(new, "edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness").tag = f"{NS}Business"
    by_id = {}
    for finding in check_structure(new, mode="fast", line=lambda _: 7):
        by_id.setdefault((finding.id, finding.place.path.rpartition("/")[2]), finding)
        assert finding.place.line == 7
        assert finding.source == "QCVN 102:2016"
    long = by_id["structure-length", "Subject"]
    assert (long.code, long.expected) == ("R.MessageHeader.Subject", "500")
    missing = by_id["structure-missing", "From"]
    assert (missing.code, missing.found, missing.expected) == ("N.MessageHeader.From", None, "From")
    assert "From" in missing.text("vi")
    spelled = by_id["structure-unexpected", "Business"]
    assert (spelled.code, spelled.found, spelled.expected) == (None, "Business", "Bussiness")


def test_lines_are_those_of_the_file(probes):
    root = parse(probes / "13_empty_integers.edxml")
    lines = (probes / "13_empty_integers.edxml").read_text("utf-8").splitlines()
    for finding in check_structure(root, mode="fast"):
        name = finding.place.path.rpartition("/")[2]
        assert name in lines[finding.place.line - 1]


@pytest.mark.parametrize(
    ("tag", "found"), [("edXML", "edXML"), ("{http://www.e-doc.vn/Schema/}edXML", "{http://www.e-doc.vn/Schema/}edXML"),
                       (f"{NS}edXMLEnvelope", "edXMLEnvelope"), ("{urn:x}y", "y")]
)  # fmt: skip
def test_root(tag, found):
    root = etree.Element(tag)
    etree.SubElement(root, "anything")
    assert both(root) == {("structure-root", "/" + found.rpartition("}")[2])}
    assert check_structure(root, mode="fast")[0].found == found


def test_empty_root():
    assert both(etree.Element(f"{NS}edXML")) == {
        ("structure-missing", "/edXML/edXMLEnvelope"),
        ("structure-missing", "/edXML/AttachmentEncoded"),
    }


def test_surplus_elements(new):
    message = find(new, MESSAGE)
    message.append(copy.deepcopy(message.find(f"{NS}Subject")))
    message.append(copy.deepcopy(message))
    header = message.getparent()
    header.append(copy.deepcopy(message))
    assert both(new) == {
        ("structure-unexpected", f"{HEADER}/MessageHeader[1]/Subject[2]"),
        ("structure-unexpected", f"{HEADER}/MessageHeader[1]/MessageHeader"),
        ("structure-unexpected", f"{HEADER}/MessageHeader[2]"),
    }


def test_element_of_another_namespace(new):
    find(new, f"{MESSAGE}/Subject").tag = "{urn:x}Subject"
    assert both(new) == {
        ("structure-unexpected", f"{HEADER}/MessageHeader/Subject"),
        ("structure-missing", f"{HEADER}/MessageHeader/Subject"),
    }
    assert check_structure(new, mode="fast")[0].found == "{urn:x}Subject"


def test_the_same_is_not_said_twice(new):
    subject = find(new, f"{MESSAGE}/Subject")
    for name in (f"{NS}b", "b", f"{NS}c", f"{NS}c"):
        etree.SubElement(subject, name)
    here = f"{HEADER}/MessageHeader/Subject"
    assert [f.place.path for f in check_structure(new, mode="fast")] == [f"{here}/b", f"{here}/c[1]", f"{here}/c[2]"]


def test_status_packets_have_no_other_parts(new, status):
    envelope = find(status, "edXMLEnvelope")
    header = find(status, "edXMLEnvelope/edXMLHeader")
    for path, parent in (
        ("edXMLEnvelope/edXMLBody", envelope),
        ("AttachmentEncoded", status),
        ("edXMLEnvelope/edXMLHeader/TraceHeaderList", header),
        ("edXMLEnvelope/edXMLHeader/Signature", header),
        (f"{MESSAGE}/To", header[0]),
    ):
        parent.append(copy.deepcopy(find(new, path)))
    assert both(status) == {
        ("structure-unexpected", "/edXML/edXMLEnvelope/edXMLBody"),
        ("structure-unexpected", "/edXML/AttachmentEncoded"),
        ("structure-unexpected", f"{HEADER}/TraceHeaderList"),
        ("structure-unexpected", f"{HEADER}/Signature"),
        ("structure-unexpected", f"{HEADER}/MessageHeader/To"),
    }


def test_status_packets_ask_more_of_response_for(status):
    response = find(status, f"{MESSAGE}/ResponseFor")
    response.find(f"{NS}Code").text = None
    response.remove(response.find(f"{NS}OrganId"))
    response.remove(response.find(f"{NS}PromulgationDate"))
    assert both(status) == {
        ("structure-value", f"{HEADER}/MessageHeader/ResponseFor/Code"),
        ("structure-missing", f"{HEADER}/MessageHeader/ResponseFor/OrganId"),
    }


def test_status_code_of_another_namespace_still_makes_a_status_packet(status):
    find(status, f"{MESSAGE}/StatusCode").tag = "{urn:x}StatusCode"
    assert both(status) == {
        ("structure-unexpected", f"{HEADER}/MessageHeader/StatusCode"),
        ("structure-missing", f"{HEADER}/MessageHeader/StatusCode"),
    }


@pytest.mark.parametrize("text", ["3", "003", "0x", "０３", "accepted"])
def test_status_codes_have_two_digits(status, text):
    find(status, f"{MESSAGE}/StatusCode").text = text
    assert both(status) == {("structure-value", f"{HEADER}/MessageHeader/StatusCode")}


# -- signature, attributes, text ---------------------------------------------------------------------------


def test_signature_in_either_namespace_but_only_one(new):
    header = find(new, "edXMLEnvelope/edXMLHeader")
    header.append(etree.fromstring(f'<Signature xmlns="{table.XMLDSIG}" Id="s"><Any x="1"/>text</Signature>'))
    assert both(new) == {("structure-unexpected", f"{HEADER}/Signature")}
    header.remove(header.find(f"{NS}Signature"))
    assert both(new) == set()
    header.insert(0, header[-1])
    assert both(new) == set()


def test_signature_content_and_attributes_are_free(new):
    signature = find(new, "edXMLEnvelope/edXMLHeader/Signature")
    signature.set("Id", "s")
    signature.text = "text"
    etree.SubElement(signature, "{urn:x}anything").set("{urn:y}z", "1")
    etree.SubElement(signature, f"{NS}MessageHeader").set(f"{XSI}type", "x:nothing")
    etree.SubElement(signature, f"{DS}Object").set(f"{XSI}nil", "perhaps")
    assert both(new) == set()
    signature.set(f"{XSI}nil", "false")
    signature.set(f"{XSI}schemaLocation", "a b")
    assert both(new) == {("structure-attribute", f"{HEADER}/Signature/@nil")}
    signature.tag = f"{DS}Signature"
    assert both(new) == set()


def test_known_attributes(new):
    trace = find(new, "edXMLEnvelope/edXMLHeader/TraceHeaderList")
    trace.set("mustUnderstand", "1")
    trace.set("actor", "http://schemas.xmlsoap.org/soap/actor/next")
    find(new, f"{MANIFEST}/Reference").set(f"{{{table.XLINK}}}href", "cid:1")
    new.set(f"{XSI}schemaLocation", f"{NAMESPACE} http://127.0.0.1:9/x.xsd")
    find(new, MESSAGE).set(f"{XSI}noNamespaceSchemaLocation", "http://127.0.0.1:9/x.xsd")
    assert both(new) == set()


def test_other_attributes(new):
    find(new, MESSAGE).set("Id", "m")
    find(new, f"{MESSAGE}/Subject").set("{http://www.w3.org/XML/1998/namespace}lang", "vi")
    find(new, f"{MESSAGE}/DueDate").set(f"{XSI}nil", "true")
    find(new, f"{MESSAGE}/Content").set(f"{XSI}type", "x")
    find(new, f"{MESSAGE}/To").set(f"{{{table.XLINK}}}href", "cid:1")
    manifest = find(new, MANIFEST)
    manifest.set("version", "1.1")
    assert both(new) == {
        ("structure-attribute", f"{HEADER}/MessageHeader/@Id"),
        ("structure-attribute", f"{HEADER}/MessageHeader/Subject/@lang"),
        ("structure-attribute", f"{HEADER}/MessageHeader/DueDate/@nil"),
        ("structure-attribute", f"{HEADER}/MessageHeader/Content/@type"),
        ("structure-attribute", f"{HEADER}/MessageHeader/To[1]/@href"),
        ("structure-attribute", "/edXML/edXMLEnvelope/edXMLBody/edXMLManifest/@version"),
    }
    del manifest.attrib["version"]
    missing = {f for f in check_structure(new, mode="fast") if f.place.path.endswith("@version")}
    assert [(f.id, f.expected) for f in missing] == [("structure-attribute", "version")]


def test_text_between_elements_and_elements_in_text(new):
    message = find(new, MESSAGE)
    message.text = "\n "
    message[3].tail = " lạc "
    subject = message.find(f"{NS}Subject")
    etree.SubElement(subject, f"{NS}b").text = "đậm"
    etree.SubElement(subject, f"{NS}b")
    etree.SubElement(subject, f"{NS}i")
    new.text = "\u00a0"
    assert both(new) == {
        ("structure-value", "/edXML"),
        ("structure-value", f"{HEADER}/MessageHeader"),
        ("structure-unexpected", f"{HEADER}/MessageHeader/Subject/b[1]"),
        ("structure-unexpected", f"{HEADER}/MessageHeader/Subject/b[2]"),
        ("structure-unexpected", f"{HEADER}/MessageHeader/Subject/i"),
    }


def test_base64_text_is_not_looked_at(new):
    new.find(".//e:ContentTransferEncoded", PREFIXES).text = "VNDOC-token*"
    assert both(new) == set()


@pytest.mark.parametrize("row", [r for _, r in table.walk(table.DOCUMENT) if r.length and not r.children])
def test_lengths_at_the_limit_and_one_past(golden, row):
    root = parse(golden / "document_0_new.edxml")
    node = next(n for n in find(root, MESSAGE).iter(f"{NS}{row.name}"))
    limit = 200 if row.name == "DocumentId" else None
    limit = limit or {"Place": 50, "Code": None}.get(row.name, row.length)
    if limit is None:
        node = find(root, f"{MESSAGE}/ResponseFor/Code")
        limit = 42
    node.text = "ệ" * limit
    assert both(root) == set()
    node.text += "x"
    assert both(root) == {("structure-length", path_of(node))}


# -- agreement on generated packets ------------------------------------------------------------------------

GOOD = {
    Kind.INTEGER: ["0", "1", "007", "+3", " 2\n"],
    Kind.DATE: ["2026/03/04", " 1999/12/31 "],
    Kind.TIMESTAMP: ["2026/03/04 10:11:12", "\t2026/03/04 \n 23:59:59"],
    Kind.BOOLEAN: ["true", "false"],
    Kind.STATUS_CODE: ["01", "16"],
}
BAD = ["", " ", "x", "-1", "2026/02/31", "2026/13/01", "1e3", "TRUE", "1" * 60, "é" * 700, "\u00a07", "7\u2003",
       "\u00a0",
       "2026/03/04 24:00:00", "０１", "1_0", "\n01\r"]  # fmt: skip
ATTRIBUTES = ["Id", "version", f"{XSI}schemaLocation", f"{XSI}nil", f"{XSI}type", f"{{{table.XLINK}}}href",
              "{http://www.w3.org/XML/1998/namespace}lang", "{urn:x}y"]  # fmt: skip
NAMES = sorted({row.name for _, row in table.walk(merged())} | {"Business", "Manifest", "Agency", "Time"})


def build(row, rng: random.Random):
    """Return a valid element for *row*, children in any order."""
    node = etree.Element(NS + row.name, nsmap={"e": NAMESPACE, "ds": table.XMLDSIG})
    for attribute in row.attributes:
        if attribute.required or rng.random() < 0.5:
            node.set(attribute.name, attribute.fixed or "1.0")
    if row.name == SIGNATURE_ROW.name:
        if rng.random() < 0.5:
            node.tag = DS + row.name
        etree.SubElement(node, "{urn:x}free").text = "x"
        return node
    if not row.children:
        node.text = rng.choice(GOOD.get(row.kind, ["văn bản", "H41", "x y "]))
        return node
    children = []
    for child in row.children:
        count = child.minimum + rng.choice([0, 0, 1, 2] if child.repeats else [0, 1 - min(child.minimum, 1)])
        children += [build(child, rng) for _ in range(count)]
    if rng.random() < 0.3:
        rng.shuffle(children)
    node.extend(children)
    return node


def mutate(root, rng: random.Random) -> None:
    """Change one thing somewhere in the tree: sometimes for the better, mostly for the worse."""
    nodes = list(root.iter())
    node = rng.choice(nodes)
    parent = node.getparent()
    leaf = rng.choice([n for n in nodes if not len(n)])
    match rng.randrange(10):
        case 0 if parent is not None:
            parent.remove(node)
        case 1 if parent is not None:
            parent.insert(rng.randint(0, len(parent)), copy.deepcopy(node))
        case 2:
            node.tag = rng.choice([NS, NS, NS, "", "{urn:x}", DS]) + rng.choice(NAMES)
        case 3:
            node[:] = rng.sample(list(node), len(node))
        case 4 | 5:
            leaf.text = rng.choice(BAD)
        case 6:
            node.set(rng.choice(ATTRIBUTES), rng.choice(["1.0", "true", "false", "", "a b", "e:x"]))
        case 7:
            node.attrib.clear()
        case 8:
            node.tail = rng.choice(["lạc", "\u00a0", " \n", "0"]) if parent is not None else None
        case _:
            etree.SubElement(leaf, NS + rng.choice(NAMES))


def exotic(root) -> bool:
    """Whether there is white space that only ``xmlschema`` takes for such."""
    return any(ord(ch) > 127 and ch.isspace() for text in root.itertext() for ch in text)


@pytest.fixture(scope="module")
def engines():
    kinds = ("document", "status")
    libxml2 = {kind: etree.XMLSchema(etree.fromstring(xsd_10(holder="xs:string", kind=kind))) for kind in kinds}
    return libxml2, xmlschema.XMLSchema11(xsd_11(holder="xs:string"))


def agree(root, engines) -> set[tuple[str, str]]:
    """Assert that the raw engines give the verdict of our findings, and name no place that we do not name."""
    findings = both(root)
    if root.tag != f"{NS}edXML":
        return findings
    assert not any(id_ == "structure-other" for id_, _ in findings)
    kind = structure._kind_of(root)
    ordered = copy.deepcopy(root)
    structure._bring_into_order(ordered, structure._plan(kind))
    libxml2, slow = engines[0][kind], engines[1]
    assert libxml2.validate(ordered) == (not findings)
    places = {path for _, path in findings}
    if any(f"{XSI}type" in node.attrib for node in root.iter()):
        return findings  # xmlschema stumbles over types that do not exist
    errors = list(slow.iter_errors(root))
    for error in errors:
        path = path_of(error.elem)
        told = {place for place in places if path in {place, place.rpartition("/")[0]}}
        if isinstance(error.validator, XsdAssert):
            told |= {place for place in places if place.startswith(path)}
        told |= {place for id_, place in findings if id_ == "structure-unexpected" and f"{path}/".startswith(place)}
        assert told, path
    if not exotic(root):
        assert bool(errors) == bool(findings)
    return findings


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(["document", "status"]))
def test_generated_packets_are_valid(engines, seed, kind):
    rng = random.Random(seed)
    assert agree(build(grammar(kind), rng), engines) == set()


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(["document", "document", "status"]),
    count=st.integers(1, 4),
)
def test_engines_agree_on_mutated_packets(engines, seed, kind, count):
    rng = random.Random(seed)
    root = build(grammar(kind), rng)
    for _ in range(count):
        mutate(root, rng)
    for _, path in agree(root, engines):
        assert path.startswith("/")


@pytest.mark.long
def test_engines_agree_on_many_mutated_packets(engines):
    for seed in range(20_000):
        rng = random.Random(seed)
        root = build(grammar(rng.choice(["document", "status"])), rng)
        for _ in range(rng.randint(1, 6)):
            mutate(root, rng)
        agree(root, engines)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_places_are_those_of_path_of(seed):
    rng = random.Random(seed)
    root = build(grammar("document"), rng)
    for _ in range(3):
        mutate(root, rng)
    known = {path_of(node) for node in root.iter()}
    for finding in check_structure(root, mode="fast"):
        path = finding.place.path.partition("/@")[0]
        assert path in known or (finding.id == "structure-missing" and path.rpartition("/")[0] in known)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_each_kind_fits_its_published_schema(seed):
    rng = random.Random(seed)
    kind = rng.choice(["document", "status"])
    root = build(grammar(kind), rng)
    structure._bring_into_order(root, structure._plan(kind))
    loose = etree.XMLSchema(etree.fromstring(xsd_10(holder="xs:string", kind=kind)))
    assert loose.validate(root)


# -- cost and safety ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["fast", "as-sent"])
def test_the_list_is_cut(new, mode):
    manifest = find(new, MANIFEST)
    while len(manifest) < 8 + MAX_FINDINGS // 2:
        etree.SubElement(manifest, f"{NS}Reference")
    findings = check_structure(new, mode=mode)
    assert len(findings) == MAX_FINDINGS
    assert {f.id for f in findings} == {"structure-missing"}
    etree.SubElement(manifest, f"{NS}Reference")
    cut = check_structure(new, mode=mode)
    assert cut[:-1] == findings
    assert (cut[-1].id, cut[-1].place.path, cut[-1].expected) == ("structure-cut", "/", str(MAX_FINDINGS))


@pytest.mark.parametrize("mode", ["fast", "as-sent"])
def test_hostile_packets_take_bounded_time(new, mode):
    manifest = find(new, MANIFEST)
    for _ in range(100_000):
        etree.SubElement(manifest, f"{NS}Reference")
    start = time.perf_counter()
    assert len(check_structure(new, mode=mode)) == MAX_FINDINGS + 1
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("mode", ["fast", "as-sent"])
@pytest.mark.parametrize("text", ["9" * 500_000, " " * 500_000 + "x", "2026/" * 100_000, "1\u00a0" * 200_000])
def test_long_values_take_bounded_time(new, mode, text):
    message = find(new, MESSAGE)
    for name in ("DueDate", "SteeringType", "DocumentId"):
        message.find(f"{NS}{name}").text = text
    start = time.perf_counter()
    assert len(check_structure(new, mode=mode)) == 3
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("mode", ["fast", "as-sent"])
def test_large_signatures_are_skipped(new, mode):
    signature = find(new, "edXMLEnvelope/edXMLHeader/Signature")
    for _ in range(300_000):
        etree.SubElement(signature, "{urn:x}y")
    start = time.perf_counter()
    assert check_structure(new, mode=mode) == ()
    assert time.perf_counter() - start < 5


def test_many_valid_receivers(new):
    message = find(new, MESSAGE)
    receiver = message.find(f"{NS}To")
    for _ in range(3_000):
        message.insert(1, copy.deepcopy(receiver))
    assert check_structure(new, mode="fast") == ()
    message.append(receiver)
    assert check_structure(new, mode="fast") == ()


def test_nothing_is_fetched(new, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("network")

    monkeypatch.setattr(socket, "socket", refuse)
    structure._schema_11.cache_clear()
    new.set(f"{XSI}schemaLocation", "urn:x http://example.invalid/x.xsd")
    assert both(new) == set()
    structure._schema_11.cache_clear()


def test_threads(new, probes):
    bad = parse(probes / "13_empty_integers.edxml")
    results: list[tuple[int, int]] = []

    def work():
        results.extend(
            (len(check_structure(new, mode="fast")), len(check_structure(bad, mode="fast"))) for _ in range(40)
        )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(0, 3)] * 160


def test_an_unexplained_verdict_is_still_a_finding(new, monkeypatch):
    monkeypatch.setattr(structure, "_listed", lambda *_: ())
    find(new, f"{MESSAGE}/Subject").text = ""
    for mode in ("fast", "as-sent"):
        (finding,) = check_structure(new, mode=mode)
        assert (finding.id, finding.place.path) == ("structure-other", "/edXML")
        assert finding.found
