"""The gate before sending: each check alone, at its limit, and all of them together."""

from __future__ import annotations

import datetime
from typing import Any

import attrs
import pytest

import vndoc
from exchange_support import AT, HOUR
from samples import DOCUMENT
from vndoc.edxml import PROFILES, Severity
from vndoc.envelope import DocumentPacket, Organization
from vndoc.envelope.codes import BussinessDocType
from vndoc.errors import UsageError
from vndoc.exchange import GATE, Clearance, NotSecret, SendingRules, clear
from vndoc.pki import Indication
from vndoc.routing import Agency, Connection, RoutingTable
from vndoc.signature.report import Verdict

DAY = datetime.date(2026, 3, 4)
TABLE = RoutingTable.of(
    [
        Agency("H14.12", "Nơi nhận", 2, "", "x", connection=Connection.CONNECTED, carrier="vxp"),
        Agency("H15", "Nơi nhận khác", 1, "", "x", connection=Connection.CONNECTED, carrier="vxp"),
        Agency("H16", "Chưa kết nối", 1, "", "x", connection=Connection.PENDING),
    ]
)
READING = vndoc.read(DOCUMENT.encode())
PACKET = READING.packet
assert isinstance(PACKET, DocumentPacket)
DIGEST = vndoc.content_digest(PACKET)
DECLARED = NotSecret(declared_by="Trần Thị Mẫu", at=AT, digest=DIGEST)


@attrs.frozen
class Answer:
    indication: Indication

    @property
    def passed(self) -> bool:
        return self.indication is Indication.PASSED


def to(*codes: str) -> DocumentPacket:
    return PACKET.evolve(to=[Organization(organ_id=code) for code in codes])


def gate(packet: DocumentPacket = PACKET, *, planned: Any = ("H14.12",), exclude: Any = (), **more: Any) -> Clearance:
    given = {
        "report": vndoc.validate(READING, profile="qcvn-102", today=DAY),
        "plan": TABLE.plan(planned, at=DAY, exclude=exclude),
        "not_secret": DECLARED,
        "digest": DIGEST,
        "at": AT,
        "size": 5000,
        "verdict": Answer(Indication.PASSED),
        **more,
    }
    return clear(packet, **given)


def own(clearance: Clearance) -> dict[str, str]:
    return {f.id: f.severity.value for f in clearance.findings if f.id in GATE}


def test_a_document_that_may_be_sent() -> None:
    clearance = gate()
    assert clearance.passed
    assert own(clearance) == {}
    assert (clearance.errors, clearance.ids) == ((), frozenset(f.id for f in clearance.findings))


CASES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"not_secret": None}, {"secrecy-undeclared": "error"}),
    ({"not_secret": NotSecret(declared_by=" \t", at=AT, digest=DIGEST)}, {"secrecy-undeclared": "error"}),
    ({"not_secret": attrs.evolve(DECLARED, digest=b"\0" * 32)}, {"secrecy-other-content": "error"}),
    (
        {"not_secret": attrs.evolve(DECLARED, at=AT + datetime.timedelta(microseconds=1))},
        {"secrecy-declared-late": "error"},
    ),
    ({"verdict": None}, {"signature-required": "error"}),
    ({"verdict": None, "rules": SendingRules(signed=frozenset())}, {}),
    ({"verdict": None, "rules": SendingRules(signed=frozenset({BussinessDocType.RECALL}))}, {}),
    ({"verdict": Answer(Indication.FAILED)}, {"signature-not-valid": "error"}),
    (
        {"verdict": Answer(Indication.FAILED), "rules": SendingRules(accept_indeterminate=True)},
        {"signature-not-valid": "error"},
    ),
    ({"verdict": Answer(Indication.INDETERMINATE)}, {"signature-not-settled": "error"}),
    (
        {"verdict": Answer(Indication.INDETERMINATE), "rules": SendingRules(accept_indeterminate=True)},
        {"signature-not-settled": "warning"},
    ),
    ({"verdict": Verdict(policy="any", at=AT, signatures=())}, {"signature-not-settled": "error"}),
    ({"max_bytes": 5000}, {}),
    ({"max_bytes": 4999}, {"carrier-size": "error"}),
    ({"packet": to(), "planned": ()}, {"recipient-none": "error"}),
    ({"packet": to("H14.12", "H15")}, {"recipient-unplanned": "error"}),
    ({"packet": PACKET.evolve(to=[Organization(organ_name="x")])}, {"recipient-unplanned": "error"}),
    ({"packet": to("H14.12", "H16"), "planned": ("H14.12", "H16")}, {"recipient-undeliverable": "error"}),
    (
        {"packet": to("H14.12", "H15"), "planned": ("H14.12", "H15"), "exclude": ("H15",)},
        {"recipient-excluded": "warning"},
    ),
    (
        {"packet": to("H14.12", "H15"), "planned": ("H14.12", "H15"), "exclude": ("H15", "H14.12")},
        {"recipient-none": "error", "recipient-excluded": "warning"},
    ),
    ({"packet": to("@none"), "planned": ("@none",)}, {"recipient-undeliverable": "error"}),
]


@pytest.mark.parametrize(("given", "wanted"), CASES)
def test_each_check(given: dict[str, Any], wanted: dict[str, str]) -> None:
    clearance = gate(**given)
    assert own(clearance) == wanted
    assert clearance.passed == ("error" not in wanted.values())
    for finding in clearance.findings:
        assert finding.text("vi")
        assert "{" not in finding.text("vi") + finding.text("en")


def test_every_check_has_its_case() -> None:
    assert {id_ for _, wanted in CASES for id_ in wanted} == set(GATE)


def test_a_recipient_without_a_way_says_why_in_both_languages() -> None:
    (finding,) = gate(to("H16"), planned=("H16",)).errors
    assert finding.found == "H16"
    assert "không gửi được" in finding.text("vi")
    assert "not deliverable" in finding.text("en")


def test_marks_of_secrecy_only_warn() -> None:
    marked = vndoc.read(DOCUMENT.replace("Trích yếu mẫu", "TỐI MẬT: Trích yếu mẫu").encode())
    clearance = gate(report=vndoc.validate(marked, profile="qcvn-102", today=DAY))
    assert "secrecy-mark" in {f.id for f in clearance.warnings}
    assert clearance.passed


def test_the_limits_of_the_peer_stop() -> None:
    peer = attrs.evolve(PROFILES["qcvn-102"], name="peer", packet_bytes=READING.source.size - 1)
    clearance = gate(report=vndoc.validate(READING, profile=peer, today=DAY))
    assert [f.id for f in clearance.errors] == ["peer-packet-size"]
    assert not clearance.passed


def test_everything_wrong_at_once_is_told_at_once() -> None:
    clearance = gate(to("H16", "H15"), planned=("H16",), not_secret=None, verdict=None, max_bytes=1)
    assert own(clearance) == dict.fromkeys(
        ["secrecy-undeclared", "signature-required", "carrier-size", "recipient-unplanned", "recipient-undeliverable"],
        "error",
    )
    places = {f.id: f.place.path for f in clearance.errors}
    assert places["recipient-unplanned"] == "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To[2]/OrganId"


def test_who_declared_does_not_print() -> None:
    assert "Mẫu" not in repr(DECLARED)
    assert DIGEST.hex() in repr(DECLARED)
    with pytest.raises(UsageError, match="time-zone-missing"):
        gate(at=AT.replace(tzinfo=None))
    assert gate(not_secret=attrs.evolve(DECLARED, at=AT - HOUR)).passed
    assert all(rule.severity is not Severity.NOTE for rule in GATE.values())
