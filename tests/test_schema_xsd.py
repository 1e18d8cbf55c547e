"""The generated schemas: they compile everywhere, say what the table says, and take the golden packets."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from vndoc.edxml import NAMESPACE, Kind
from vndoc.edxml import elements as table
from vndoc.schema.grammar import Lexical, grammar, lexical, merged
from vndoc.schema.xsd import SCHEMAS, xsd_10, xsd_11

XS = {"xs": "http://www.w3.org/2001/XMLSchema"}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NAMES_10 = [name for name in SCHEMAS if "-1.0" in name]


@pytest.fixture(scope="module")
def engine_11() -> xmlschema.XMLSchema11:
    return xmlschema.XMLSchema11(xsd_11())


@pytest.mark.parametrize("name", NAMES_10)
def test_xsd_10_compiles_in_both_engines(name):
    data = SCHEMAS[name]()
    assert etree.XMLSchema(etree.fromstring(data)) is not None
    assert xmlschema.XMLSchema10(data).elements.keys() == {"edXML"}


def test_xsd_11_compiles(engine_11):
    assert engine_11.target_namespace == NAMESPACE
    assert engine_11.elements.keys() == {"edXML"}


def test_golden_packets_are_valid_by_every_schema_of_their_kind(golden, engine_11):
    for path in sorted(golden.glob("*.edxml")):
        root = etree.parse(path).getroot()
        assert list(engine_11.iter_errors(root)) == [], path.name
        status = path.name.startswith("status")
        for name in NAMES_10:
            schema = etree.XMLSchema(etree.fromstring(SCHEMAS[name]()))
            wanted = ("status" in name) == status
            assert schema.validate(root) is wanted, (path.name, name)


def test_the_engines_agree_on_all_vectors(shared, engine_11):
    schemas = {name: etree.XMLSchema(etree.fromstring(SCHEMAS[name]())) for name in NAMES_10}
    assert set(schemas) == {"edxml-102-1.0-document.xsd", "edxml-102-1.0-status.xsd"}
    paths = sorted((shared / "vectors" / "edxml").glob("*/*.edxml"))
    assert len(paths) == 21
    for path in paths:
        root = etree.parse(path).getroot()
        by_kind = any(schema.validate(root) for schema in schemas.values())
        assert by_kind == engine_11.is_valid(root), path.name


def test_xmllint_takes_golden_packets(golden, program, tmp_path):
    for name in NAMES_10:
        schema = tmp_path / name
        schema.write_bytes(SCHEMAS[name]())
        for path in sorted(golden.glob("*.edxml")):
            wanted = ("status" in name) == path.name.startswith("status")
            done = subprocess.run(
                [program("xmllint"), "--noout", "--nonet", "--schema", schema, path], capture_output=True, check=False
            )
            assert (done.returncode == 0) is wanted, done.stderr.decode()


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_element_is_documented_in_both_languages(name):
    root = etree.fromstring(SCHEMAS[name]())
    elements = root.findall(".//xs:element", XS) + root.findall(".//xs:assert", XS)
    assert len(elements) > 20
    for element in elements:
        texts = {d.get(XML_LANG): d.text for d in element.findall("xs:annotation/xs:documentation", XS)}
        assert set(texts) == {"vi", "en"}, element.get("name")
        assert all(text.endswith(".") for text in texts.values())


def test_documentation_names_length_source_code_list_and_extension():
    root = etree.fromstring(xsd_11())

    def english(name):
        element = root.find(f".//xs:element[@name='{name}']", XS)
        return element.find("xs:annotation/xs:documentation[@xml:lang='en']", {**XS, "xml": XML_LANG[1:-5]}).text

    assert "At most 500 characters (Decree 30/2020, App VI)" in english("Subject")
    assert "Code list: priority" in english("Priority")
    assert "Vendor extension" in english("ReplyFors")
    assert "Vendor extension" not in english("Subject")


def _rows_by_path(row, path=""):
    here = f"{path}/{row.name}"
    yield here, row
    for child in row.children:
        yield from _rows_by_path(child, here)


def _declared(node, path=""):
    here = f"{path}/{node.get('name')}"
    yield here, node
    for child in node.iterfind("xs:complexType/*/xs:element", XS):
        yield from _declared(child, here)
    for child in node.iterfind("xs:complexType/*/xs:choice/xs:element", XS):
        yield from _declared(child, here)


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (xsd_11(), merged()),
        (xsd_10(kind="document"), grammar("document")),
        (xsd_10(kind="status"), grammar("status")),
    ],
    ids=["1.1", "1.0-document", "1.0-status"],
)
def test_declarations_are_those_of_the_table(data, row):
    rows = dict(_rows_by_path(row))
    declared = dict(_declared(etree.fromstring(data).find("xs:element", XS)))
    assert declared.keys() == rows.keys()
    for path, node in declared.items():
        if path in {"/edXML", "/edXML/edXMLEnvelope/edXMLHeader/Signature"}:
            continue
        expected = rows[path]
        maximum = node.get("maxOccurs", "1")
        assert int(node.get("minOccurs", "1")) == expected.minimum, path
        assert (None if maximum == "unbounded" else int(maximum)) == expected.maximum, path
        limit = node.find("xs:simpleType/xs:restriction/xs:maxLength", XS)
        assert (None if limit is None else int(limit.get("value"))) == expected.length, path


def test_every_row_of_the_table_is_in_a_schema():
    known = {path for path, _ in _rows_by_path(merged())}
    for part in (table.DOCUMENT, table.STATUS, table.TRACE_HEADER_LIST, table.MANIFEST, table.ATTACHMENT):
        for path, _ in table.walk(part):
            assert any(k.endswith("/" + path) for k in known), path


def test_the_holder_is_as_asked():
    for make in (xsd_11, partial(xsd_10, kind="document")):
        assert b'name="ContentTransferEncoded" type="xs:base64Binary"' in make()
        assert b'name="ContentTransferEncoded" type="xs:string"' in make(holder="xs:string")


def test_base64_is_checked_by_the_published_schema(golden):
    root = etree.parse(golden / "document_0_new.edxml").getroot()
    root.find(".//{*}ContentTransferEncoded").text = "not base64!"
    assert not etree.XMLSchema(etree.fromstring(xsd_10(kind="document"))).validate(root)
    assert etree.XMLSchema(etree.fromstring(xsd_10(kind="document", holder="xs:string"))).validate(root)


def test_octets_are_the_same_in_every_process():
    code = (
        "import hashlib; from vndoc.schema.xsd import SCHEMAS;"
        "print([hashlib.sha256(f()).hexdigest() for f in SCHEMAS.values()])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert printed == {str([hashlib.sha256(f()).hexdigest() for f in SCHEMAS.values()])}


def test_importing_the_generator_does_not_import_xmlschema():
    code = "import sys, vndoc.schema.xsd, vndoc.schema.structure; print('xmlschema' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("text", ["2026/13/01", "2026/00/10", "2026/01/32", "2026-01-01", "26/01/01", "2026/1/1"])
def test_dates_have_one_form(text):
    date = table.DOCUMENT.child("DueDate")
    assert lexical(date).fault(text) == "value"
    assert lexical(date).fault("2026/12/31") is None
    assert lexical(date).fault(" \n2026/12/31\t") is None
    assert lexical(date).fault("") is None
    assert lexical(table.DOCUMENT.child("PromulgationInfo").child("PromulgationDate")).fault("") == "value"


@pytest.mark.parametrize(
    ("text", "fault"),
    [("0", None), ("+7", None), ("-1", "value"), ("-0", None), ("9" * 18, None), ("9" * 19, "value"), ("", "value")],
)
def test_amounts(text, fault):
    assert lexical(table.DOCUMENT.child("OtherInfo").child("PageAmount")).fault(text) == fault


def test_lengths_at_the_limit_and_one_past():
    lexis = lexical(table.DOCUMENT.child("Subject"))
    assert lexis == Lexical(base="xs:string", min_length=1, max_length=500)
    assert lexis.fault("ế" * 500) is None
    assert lexis.fault("ế" * 501) == "length"
    assert lexis.fault("") == "value"


def test_repeated_lines_may_be_empty_but_repeated_codes_may_not():
    assert lexical(table.DOCUMENT.child("ToPlaces").children[0]).fault("") is None
    replaced = table.TRACE_HEADER_LIST.child("Bussiness").child("ReplacementInfoList").children[0]
    codes = replaced.child("OrganIdList").children[0]
    assert codes.kind is Kind.ORGAN_CODE
    assert lexical(codes).fault("") == "value"


def test_schemas_have_names_that_are_file_names():
    assert all(Path(name).name == name and name.endswith(".xsd") for name in SCHEMAS)
