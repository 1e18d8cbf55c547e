"""The whole check: what is dropped as an echo, how findings are sorted and cut, what is never read; helpers."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mutate
import vndoc
from rules_support import (
    ATTACHMENT,
    BUSSINESS,
    CONTENT,
    DOCUMENT,
    HEADER,
    MESSAGE,
    REFERENCE,
    STATUS,
    TODAY,
    TRACE,
    Changes,
    changed,
    read,
    report,
    rule_findings,
)
from vndoc.edxml import PROFILES, Severity
from vndoc.edxml.xmltools import path_of
from vndoc.errors import UsageError, VndocError
from vndoc.limits import DEFAULT
from vndoc.schema import RULES, STRUCTURES, check, place_key
from vndoc.schema.rules_base import Context, Locator, dotted, nth
from vndoc.schema.rules_process import is_late, secrecy_mark
from vndoc.schema.rules_values import UNSIGNED_SHORT
from vndoc.text import search_key
from vndoc.xml import Base64Text

QCVN = PROFILES["qcvn-102"]
RECEIVER_2 = "<e:To><e:OrganId>000.00.00.H20</e:OrganId><e:OrganName>Cơ quan nhận hai</e:OrganName></e:To>"


@pytest.fixture(params=STRUCTURES)
def structure(request: pytest.FixtureRequest) -> str:
    """Both ways to check the structure."""
    return str(request.param)


def places(changes: Changes, structure: str, base: str = DOCUMENT) -> set[tuple[str, str]]:
    return {(f.id, f.place.path) for f in report(changes, base=base, structure=structure).findings}


# -- one report ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [DOCUMENT, STATUS], ids=["document", "status"])
def test_a_clean_packet_has_no_finding(base: str, structure: str) -> None:
    result = report([], base=base, structure=structure)
    assert result.findings == ()
    assert result.passed
    assert (result.profile, result.structure) == ("qcvn-102", structure)


def test_golden_packets_pass(golden: Path, structure: str) -> None:
    for path in sorted(golden.iterdir()):
        with read(path.read_bytes()) as reading:
            result = check(reading, profile=QCVN, today=TODAY, structure=structure)
        assert result.passed, (path.name, result.errors)
        assert result.ids <= {"signature-namespace", "content-id-doubled", "manifest-label"}, path.name


PROBES_WITH_ERRORS = {
    "03_no_namespace": {"namespace-missing"},
    "04_date_dd_mm_yyyy": {"date-order", "timestamp-order"},
    "05_date_iso": {"date-iso", "timestamp-iso"},
    "06_date_with_time": {"date-with-time", "timestamp-without-time"},
    "07_business_spelling": {"element-spelling"},
    "08_manifest_element_name": {"manifest-name"},
    "10_no_content_type": {"content-type-missing"},
    "13_empty_integers": {"empty-integer"},
    "15_attachments_without_manifest": {"manifest-missing"},
    "16_direction_numeric": {"boolean-numeric"},
}


def test_probes_fail_where_the_standard_is_broken(probes: Path, structure: str) -> None:
    for path in sorted(probes.iterdir()):
        with read(path.read_bytes()) as reading:
            result = check(reading, profile=QCVN, today=TODAY, structure=structure)
        assert {f.id for f in result.errors} == PROBES_WITH_ERRORS.get(path.stem, set()), path.name


def test_an_unknown_structure_is_an_error() -> None:
    with pytest.raises(UsageError) as caught:
        report([], structure="slow")
    assert caught.value.code == "unknown-structure"
    assert "fast, as-sent" in caught.value.text("vi")


def test_today_may_be_a_timestamp() -> None:
    reading = read(
        changed(DOCUMENT, [("2026/03/04</e:PromulgationDate></e:P", "2026/06/02</e:PromulgationDate></e:P")])
    )
    moment = datetime.datetime(2026, 6, 1, 23, 59)  # noqa: DTZ001 - local by definition
    for today, late in ((moment, True), (TODAY, True), (datetime.date(2026, 6, 2), False), (datetime.date.max, False)):
        assert ("date-in-future" in check(reading, profile=QCVN, today=today).ids) is late


def test_findings_are_sorted_by_place_then_severity_then_id() -> None:
    changes = [
        ("Trích yếu mẫu", "a" * 501),
        ("<e:Priority>0", "<e:Priority>9"),
        ("<e:OrganId>H41", "<e:OrganId>h41"),
        ("Number>07<", "Number>7<"),
        ("000.00.00.H20", "H14.12"),
        ("2026/03/20", "2026-03-03"),
    ]
    found = report(changes).findings
    assert len(found) > 7
    keys = [(place_key(f.place.path), ["error", "warning", "note"].index(f.severity.value), f.id) for f in found]
    assert keys == sorted(keys)
    assert [f.id for f in found if f.place.path.endswith("/DueDate")] == ["date-iso", "due-date-before-issue"]


def test_aliases_are_sorted_as_the_elements_they_stand_for(probes: Path) -> None:
    with read((probes / "07_business_spelling.edxml").read_bytes()) as reading:
        found = [f.place.path for f in check(reading, profile=QCVN, today=TODAY).findings]
    assert len(found) > 2
    assert found[0].endswith("/Business")
    for former, latter in (
        (BUSSINESS, f"{TRACE}/TraceHeader/Time"),
        (f"{TRACE}/TraceHeader/Time", f"{TRACE}/TraceHeader/Unknown"),
        (f"{TRACE}/Business/BusinessDocType", f"{BUSSINESS}/Paper"),
        (f"{MESSAGE}/Code", f"{HEADER}/DigitalSignature"),
        (f"{HEADER}/DigitalSignature", "/edXML/edXMLEnvelope/edXMLBody/Manifest"),
        (f"{ATTACHMENT}/AttachmentName", f"{ATTACHMENT}/Content"),
        (f"{MESSAGE}/ResponseFor/Code", f"{MESSAGE}/ResponseFor/DocumentId"),
        (f"{ATTACHMENT}/Content", f"{ATTACHMENT}/Unknown"),
    ):
        assert place_key(former) < place_key(latter), (former, latter)


def test_another_root_is_said_once(structure: str) -> None:
    for namespace, id_ in (
        ("", "namespace-missing"),
        ("http://www.e-doc.vn/Schema/", "namespace-bkav"),
    ):
        text = DOCUMENT.replace("http://www.mic.gov.vn/TBT/QCVN_102_2016", namespace)
        if not namespace:
            text = text.replace("edXML:", "").replace(' xmlns:edXML=""', "")
        result = check(read(text), profile=QCVN, today=TODAY, structure=structure)
        assert {f.id for f in result.errors} == {id_}
        assert "structure-root" not in result.ids


def test_decomposed_letters_count_as_they_stand(structure: str) -> None:
    """The schemas count so, and so do peers; the note says what to do about it."""
    assert places([("Trích yếu mẫu", "e\u0301" * 250)], structure) == {("text-not-nfc", f"{MESSAGE}/Subject")}
    assert places([("Trích yếu mẫu", "e\u0301" * 251)], structure) == {
        ("text-not-nfc", f"{MESSAGE}/Subject"),
        ("text-too-long", f"{MESSAGE}/Subject"),
    }


def test_today_is_a_date() -> None:
    for today in ("2026-03-04", 20260304):
        with pytest.raises(UsageError) as caught:
            vndoc.validate(DOCUMENT.encode(), today=today)  # type: ignore[arg-type]
        assert caught.value.code == "date-expected"


def test_what_is_missing_is_named() -> None:
    (found,) = report([("<e:OrganName>Cơ quan nhận hai</e:OrganName>", "")]).findings
    assert (found.id, found.expected) == ("missing-element", "OrganName")
    assert found.text("vi") == "Thiếu phần tử bắt buộc OrganName, hoặc phần tử không có giá trị."
    assert found.text("en") == "The mandatory element OrganName is missing or has no value."


def test_deviations_become_findings_with_the_same_id() -> None:
    reading = read(changed(DOCUMENT, [("2026/03/20", "20/03/2026"), ("cid:1", "1")]))
    result = check(reading, profile=QCVN, today=TODAY)
    assert sorted(d.id for d in reading.deviations) == ["content-id-bare", "date-order"]
    assert {(d.id, d.place.path, d.place.line) for d in reading.deviations} == {
        (f.id, f.place.path, f.place.line) for f in result.findings
    }


# -- what the schema says, too -----------------------------------------------------------------------------

ECHOES: list[tuple[str, Changes, set[tuple[str, str]]]] = [
    ("absent", [("<e:Subject>Trích yếu mẫu</e:Subject>", "")], {("missing-element", f"{MESSAGE}/Subject")}),
    ("empty", [("Trích yếu mẫu", " ")], {("missing-element", f"{MESSAGE}/Subject")}),
    (
        "hollow block",
        [("<e:PromulgationInfo><e:Place>Nghệ An</e:Place><e:PromulgationDate>2026/03/04</e:PromulgationDate>",
          "<e:PromulgationInfo><e:Place/><e:PromulgationDate/>")],
        {("missing-element", f"{MESSAGE}/PromulgationInfo"), ("empty-block", f"{MESSAGE}/PromulgationInfo")},
    ),
    ("too long", [("Trích yếu mẫu", "x" * 501)], {("text-too-long", f"{MESSAGE}/Subject")}),
    ("date", [("2026/03/20", "2026-03-20")], {("date-iso", f"{MESSAGE}/DueDate")}),
    ("invalid", [("2026/03/20", "hôm qua")], {("date-invalid", f"{MESSAGE}/DueDate")}),
    ("negative", [("<e:PageAmount>5", "<e:PageAmount>-5")],
     {("amount-out-of-range", f"{MESSAGE}/OtherInfo/PageAmount")}),
    ("unknown", [("<e:Subject>", "<e:Extra/><e:Subject>")], {("unknown-element", f"{MESSAGE}/Extra")}),
    (
        "spelling",
        [("<e:BussinessDocType>0</e:BussinessDocType>", "<e:BusinessDocType>0</e:BusinessDocType>")],
        {("element-spelling", f"{BUSSINESS}/BusinessDocType")},
    ),
    (
        "surplus",
        [("<e:Content>", "<e:Content>Thừa</e:Content><e:Content>")],
        {("repeated-element", f"{MESSAGE}/Content[2]")},
    ),
    (
        "children in a text",
        [("Nội dung mẫu", "Nội dung <e:b>mẫu</e:b>")],
        {("unexpected-children", f"{MESSAGE}/Content")},
    ),
    (
        "number and notation apart",
        [
            (
                "<e:Code>11/CV-X</e:Code>",
                "<e:Code><e:CodeNumber>11</e:CodeNumber><e:CodeNotation>CV-X</e:CodeNotation></e:Code>",
            )
        ],
        {("code-split", f"{MESSAGE}/ResponseFor/Code")},
    ),
    (
        "no content",
        [(CONTENT, "")],
        {("content-missing", f"{ATTACHMENT}[1]")},
    ),
    (
        "hop without agency",
        [("<e:OrganId>00.53.W00</e:OrganId>", "")],
        {("trace-organ-missing", f"{TRACE}/TraceHeader[2]")},
    ),
    (
        "hop with null",
        [("00.53.W00", "null")],
        {("trace-organ-missing", f"{TRACE}/TraceHeader[2]/OrganId")},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), [row[1:] for row in ECHOES], ids=[row[0] for row in ECHOES])
def test_one_fault_gives_one_finding(changes: Changes, expected: set[tuple[str, str]], structure: str) -> None:
    assert places(changes, structure) == expected


def test_the_schema_is_heard_where_nothing_else_speaks(structure: str) -> None:
    assert places([("<e:edXMLManifest version", "<e:edXMLManifest x")], structure) >= {
        ("structure-attribute", REFERENCE.rpartition("/")[0] + "/@version")
    }


def test_an_empty_receiver_next_to_another_stays_an_error(structure: str) -> None:
    found = report([(RECEIVER_2, f"<e:To/>{RECEIVER_2}")], structure=structure)
    assert ("structure-missing", f"{MESSAGE}/To[2]/OrganId") in {(f.id, f.place.path) for f in found.errors}


def test_an_echo_needs_the_same_place(structure: str) -> None:
    """A warning of a rule, or a deviation that does not speak of the value, hides nothing."""
    found = places([("2026/03/04 10:20:00", "2026/03/04 10:20:00x"), ("Trích yếu mẫu", "Mẫu (Mật)")], structure)
    timestamp = f"{TRACE}/TraceHeader[2]/Timestamp"
    assert found == {("timestamp-invalid", timestamp), ("secrecy-mark", f"{MESSAGE}/Subject")}


# -- limits --------------------------------------------------------------------------------------------


def test_peer_limits_on_sizes() -> None:
    reading = read(DOCUMENT)
    size = len(DOCUMENT.encode())
    for limits, expected in (
        ({"packet_bytes": size, "attachment_bytes": 3}, set()),
        ({"packet_bytes": size - 1}, {("peer-packet-size", "/edXML", str(size))}),
        (
            {"attachment_bytes": 2},
            {("peer-attachment-size", f"{ATTACHMENT}[1]", "VanBan.pdf (3)"),
             ("peer-attachment-size", f"{ATTACHMENT}[2]", "PhuLuc.docx (3)")},
        ),
    ):  # fmt: skip
        result = check(reading, profile=attrs.evolve(QCVN, name="of-a-peer", **limits), today=TODAY)
        assert {(f.id, f.place.path, f.found) for f in result.findings} == expected
        assert all(f.source.startswith("of-a-peer: ") and f.severity is Severity.ERROR for f in result.findings)
        assert all(f.code is not None and f.code.startswith("R.") for f in result.findings)


def test_a_rule_that_is_not_asked_has_nothing_to_say() -> None:
    """``when`` only spares the work: over packets of all operations, whole and broken, no finding is lost by it."""
    rows = [row for row in RULES.values() if row.when is not None]
    answers: set[tuple[object, bool]] = set()
    said: set[str] = set()
    bussiness = "<e:BussinessDocType>0</e:BussinessDocType>"
    operations = [changed(DOCUMENT, [(bussiness, bussiness.replace("0", str(number)))]) for number in range(5)]
    files = "<Attachment><ContentId>cid:1</ContentId><AttachmentName>a.exe</AttachmentName></Attachment>"
    mutants = [mutate.case(3, number)[0] for number in range(300)]
    for data in (
        *operations,
        changed(DOCUMENT, [("</AttachmentEncoded>", files * 2 + "</AttachmentEncoded>")]),
        *mutants,
    ):
        try:
            reading = vndoc.read(data.encode() if isinstance(data, str) else data, recover=True)
        except VndocError:
            continue
        if isinstance(reading.packet, vndoc.DocumentPacket):
            context = Context(reading=reading, profile=QCVN, today=TODAY)
            for row in rows:
                assert row.when is not None
                asked, hits = row.when(context), list(row.check(context))
                assert asked or not hits, row.id
                answers.add((row.when, asked))
                said |= {row.id} if hits else set()
    assert answers == {(row.when, answer) for row in rows for answer in (True, False)}
    assert len(said) > len(rows) // 2


def test_a_rule_that_is_broken_too_often_is_cut_and_says_so() -> None:
    again = "<e:To><e:OrganId>H14.12</e:OrganId><e:OrganName>Mẫu</e:OrganName></e:To>"
    limits = attrs.evolve(DEFAULT, deviations=5)
    for doubled, cut in ((5, False), (6, True)):
        reading = read(changed(DOCUMENT, [("<e:DocumentId>", again * doubled + "<e:DocumentId>")]), limits)
        found = check(reading, profile=QCVN, today=TODAY).findings
        assert [f.id for f in found if f.id == "receiver-doubled"] == ["receiver-doubled"] * 5
        cuts = [f for f in found if f.id == "findings-cut"]
        assert len(cuts) == cut
        for finding in cuts:
            assert (finding.found, finding.expected, finding.place.path) == ("receiver-doubled", "5", "/")
            assert "receiver-doubled" in finding.text("vi")


def test_a_cut_never_hides_the_only_error() -> None:
    notes = "<e:To><e:OrganId>L14.12</e:OrganId><e:OrganName>Mẫu</e:OrganName></e:To>"
    text = changed(DOCUMENT, [("<e:DocumentId>", notes * 9 + "<e:DocumentId>"), ("Trích yếu mẫu", "x" * 501)])
    reading = read(text, attrs.evolve(DEFAULT, deviations=3))
    assert not check(reading, profile=QCVN, today=TODAY).passed


def test_a_cut_list_of_deviations_never_hides_the_only_error() -> None:
    text = changed(DOCUMENT, [("bWF1", "bWF1*"), ("cid:1", "1"), ("cid:1", "1")])
    reading = read(text, attrs.evolve(DEFAULT, deviations=1))
    result = check(reading, profile=QCVN, today=TODAY)
    assert [d.id for d in reading.deviations] == ["base64-damaged", "deviations-cut"]
    assert [f.id for f in result.errors] == ["base64-damaged"]


def test_a_body_in_a_status_packet_is_said_once(structure: str) -> None:
    body = '<e:edXMLBody><e:edXMLManifest version="1.0"/></e:edXMLBody>'
    text = changed(STATUS, [("</e:edXMLEnvelope>", f"{body}</e:edXMLEnvelope>")])
    (found,) = check(read(text), profile=QCVN, today=TODAY, structure=structure).findings
    assert (found.id, found.severity, found.found) == ("status-extra-part", "error", "edXMLBody")


def test_many_receivers_are_checked_in_linear_time() -> None:
    empty = "<e:To><e:OrganName>Mẫu</e:OrganName></e:To>"

    def taken(count: int) -> float:
        reading = read(changed(DOCUMENT, [("<e:DocumentId>", empty * count + "<e:DocumentId>")]))
        start = time.perf_counter()
        result = check(reading, profile=QCVN, today=TODAY)
        assert "missing-element" in result.ids
        return time.perf_counter() - start

    few, many = taken(2_000), taken(16_000)
    assert many < 40 * few + 1


def test_no_attachment_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = read(changed(DOCUMENT, [(">bWF1<", f">{'bWF1' * 1000}<")]))

    def refuse(*_: object) -> None:
        raise AssertionError("an attachment was opened")

    for name in ("open", "peek"):
        monkeypatch.setattr(Base64Text, name, refuse)
    for profile in PROFILES.values():
        assert check(reading, profile=profile, today=TODAY).passed


# -- places ----------------------------------------------------------------------------------------------


def test_indexes_are_those_of_the_file() -> None:
    """The packet value does not count the empty block; the place does."""
    for empty in ("<e:To> </e:To>", "<e:To><e:OrganId/></e:To>"):
        found = rule_findings([(RECEIVER_2, f"{empty}{RECEIVER_2.replace('000.00.00.H20', 'H41')}")])
        assert [(f.id, f.place.path) for f in found] == [("sender-among-receivers", f"{MESSAGE}/To[3]/OrganId")]


def test_an_empty_text_among_others_is_not_counted() -> None:
    places_ = "<e:ToPlaces><e:Place>Như trên</e:Place><e:Place/><e:Place>" + "x" * 151 + "</e:Place></e:ToPlaces>"
    found = rule_findings([("<e:SteeringType>1</e:SteeringType>", places_)])
    assert [(f.id, f.place.path) for f in found] == [("text-too-long", f"{MESSAGE}/ToPlaces/Place[3]")]


def test_places_in_other_layouts_are_those_of_the_standard() -> None:
    flat = """<edXMLEnvelope xmlns="http://www.go.vn/eDoc"><MessageHeader><Subject>Mẫu</Subject>
    <Code><CodeNumber>07</CodeNumber></Code></MessageHeader></edXMLEnvelope>"""
    found = {f.place for f in check(read(flat), profile=QCVN, today=TODAY).findings if f.id == "missing-element"}
    assert f"{MESSAGE}/From" in {place.path for place in found}
    assert {place.line for place in found} == {None}


def test_a_misspelled_block_keeps_the_path_of_the_standard_below_it() -> None:
    text = DOCUMENT.replace("Bussiness>", "Business>")
    found = [f for f in check(read(text.replace(">0</edXML:BussinessDocType>", ">4</edXML:BussinessDocType>")),
                              profile=QCVN, today=TODAY).findings if f.id == "code-not-in-list"]  # fmt: skip
    assert [f.place.path for f in found] == [f"{BUSSINESS}/BussinessDocType"]


def test_the_locator_finds_every_element_of_a_packet() -> None:
    reading = read(DOCUMENT)
    locator = Locator(reading.skeleton)
    for node in reading.skeleton.root.iter():
        place = locator.place(path_of(node))
        assert (place.path, place.line) == (path_of(node), reading.skeleton.line(node))


def test_dotted_codes() -> None:
    assert dotted("N", f"{MESSAGE}/To[2]/OrganId") == "N.MessageHeader.To.OrganId"
    assert dotted("M", f"{ATTACHMENT}[3]/AttachmentName") == "M.AttachmentEncoded.Attachment.AttachmentName"
    assert dotted("R", "/edXML") == "R.edXML"
    assert dotted(None, MESSAGE) is None
    assert nth(TRACE, 1, 1) == TRACE
    assert nth(HEADER, 1, 2) == f"{HEADER}[1]"


# -- sending in time -----------------------------------------------------------------------------------


def moment(text: str) -> datetime.date:
    return datetime.datetime.fromisoformat(text) if "T" in text else datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("issued", "sent", "late"),
    [
        ("2026-03-04", "2026-03-04T23:59:59", False),  # Wednesday, the same day
        ("2026-03-04", "2026-03-05T12:00:00", False),  # the next morning
        ("2026-03-04", "2026-03-05T12:00:01", True),
        ("2026-03-04", "2026-03-05", False),  # no time: taken as the morning
        ("2026-03-04", "2026-03-06", True),
        ("2026-03-06", "2026-03-09T11:00:00", False),  # Friday, sent on Monday
        ("2026-03-06", "2026-03-09T13:00:00", True),
        ("2026-03-06", "2026-03-08T23:00:00", False),  # sent on Sunday
        ("2026-03-07", "2026-03-09T12:00:00", False),  # Saturday
        ("2026-03-07", "2026-03-10", True),
        ("2026-03-08", "2026-03-09T12:00:00", False),  # Sunday
        ("2026-03-08", "2026-03-09T12:00:01", True),
        ("2026-03-04", "2026-03-01", False),  # before it was issued: another rule
        ("9999-12-31", "9999-12-31T12:00:01", False),
        ("0001-01-01", "9999-12-31", True),
    ],
)
def test_the_next_working_morning(issued: str, sent: str, late: bool) -> None:
    assert is_late(datetime.date.fromisoformat(issued), moment(sent)) is late


# -- marks of secrecy ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("MẬT", "MẬT"),
        ("Mật", "Mật"),
        (" tối mật ", "tối mật"),
        ("Báo cáo [Tuyệt mật] quý I", "Tuyệt mật"),
        ("Báo cáo (mật)", "mật"),
        ("TỐI MẬT - Kế hoạch mẫu", "TỐI MẬT"),
        ("TUYỆT  MẬT", "TUYỆT  MẬT"),
        ("Công văn MẬT số 05", "MẬT"),
        ("VĂN BẢN MẬT", "MẬT"),
        ("CV_MẬT_05.pdf", "MẬT"),
        ("BẢO MẬT, MẬT", "MẬT"),
        ("Độ mật: Mật", "Mật"),
        ("ĐỘ MẬT: tuyệt mật", "tuyệt mật"),
        ("Do mat: mat", "mat"),
        ("Văn bản tuyệt mật của tỉnh", "tuyệt mật"),
        ("danh mục ở mức độ tối mật", "tối mật"),
        ("TOI MAT", "TOI MAT"),
        ("CV_toi_mat_05.pdf", "toi_mat"),
        ("Tuyet  mat", "Tuyet  mat"),
        ("tối mật khẩu, Tối mật", "Tối mật"),
        ("Ba\u0309o ca\u0301o MA\u0323\u0302T", "MẬT"),
    ],
)
def test_marks_of_secrecy(text: str, mark: str) -> None:
    assert secrecy_mark(text) == mark


@pytest.mark.parametrize(
    "text",
    [
        "bảo mật thông tin",
        "BẢO MẬT THÔNG TIN",
        "Bảo mật",
        "ĐỔI MẬT KHẨU",
        "mật khẩu (mật khẩu mới)",
        "Mật ong",
        "MẬT ONG RỪNG",
        "BÍ MẬT NHÀ NƯỚC",
        "Bí mật nhà nước",
        "bảo vệ bí mật",
        "MẬT ĐỘ DÂN SỐ",
        "PHƯỜNG MẬT SƠN",
        "AN TOÀN MẬT MÃ",
        "CƠ MẬT",
        "SỎI MẬT",
        "GIẢI MẬT TÀI LIỆU",
        "danh mục ở mức độ mật",
        "Bảo vệ bí mật nhà nước độ mật",
        "Độ mật: không",
        "Độ mật: mật khẩu",
        "Độ bảo mật: Mật",
        "sáng đổi tên, tối mật khẩu hết hạn",
        "Buổi tối mất điện",
        "Tôi mất thẻ",
        "mat khau",
        "MAT",
        "Tối mậtX",
        "Văn bản mật",
        "thân mật",
        "MẬTX",
        "Phong bì mẫu",
        "mat",
        "",
    ],
)
def test_false_friends_of_secrecy(text: str) -> None:
    assert secrecy_mark(text) is None


@given(st.text(alphabet="MẬTmật tốiTUYỆỐ()[]_-0a", max_size=40))
def test_a_mark_is_part_of_the_text(text: str) -> None:
    mark = secrecy_mark(text)
    assert mark is None or (mark in text and search_key(mark).endswith("mat"))


@given(st.text(max_size=200))
def test_no_text_breaks_a_rule_check(text: str) -> None:
    """Whatever stands in the texts of a packet, the rules answer."""
    reading = read(DOCUMENT)
    packet = reading.document.evolve(subject=text, document_id=text or None, to_places=(text,) if text else ())
    result = check(attrs.evolve(reading, packet=packet), profile=QCVN, today=TODAY)
    assert all(f.text("vi") and f.text("en") for f in result.findings)
    assert {f.id for f in result.findings} <= set(RULES)


def test_amounts_end_with_sixteen_bits() -> None:
    assert UNSIGNED_SHORT == 2**16 - 1
