"""What must hold before a document is sent: what has gone out cannot be taken back by force.

Somebody must *declare* that the material is not secret, for exactly this content; marks of secrecy in the text only
warn, because words prove nothing either way. A signature is required, the packet as written must be one that
the peer accepts, the carrier must take its size, and every recipient must have a way.

Source: Decision 28/2018/QD-TTg Art 1, 4, 6, 8; protocol sections 7.1 and 10.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import attrs

from vndoc.edxml import Severity
from vndoc.envelope import DocumentPacket
from vndoc.envelope.codes import BussinessDocType
from vndoc.errors import Place
from vndoc.errors._arguments import need, need_all, need_packet, needs, wrong
from vndoc.exchange._times import moment
from vndoc.pki import Indication
from vndoc.routing import Fate, Plan
from vndoc.schema import Finding, Findings, Report
from vndoc.text import Text, shorten

__all__ = ["GATE", "Clearance", "GateRule", "NotSecret", "SendingRules", "Verified", "clear"]

_ROOT: Final = Place("/edXML")
_TO: Final = "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To"


@attrs.frozen
class GateRule:
    """One check: its stable id, whether it stops the document, where it is written, and its text."""

    id: str
    severity: Severity
    source: str
    text: Text


def _rules(*rules: GateRule) -> Mapping[str, GateRule]:
    return MappingProxyType({rule.id: rule for rule in rules})


_E, _W = Severity.ERROR, Severity.WARNING
_SECRECY: Final = "QĐ 28/2018/QĐ-TTg, Art 1"
_SIGNED: Final = "QĐ 28/2018/QĐ-TTg, Art 4, 6"
_RIGHT: Final = "QĐ 28/2018/QĐ-TTg, Art 8"

GATE: Mapping[str, GateRule] = _rules(
    GateRule(
        "secrecy-undeclared",
        _E,
        _SECRECY,
        Text(
            "Chưa có cam kết văn bản không chứa bí mật nhà nước.",
            "Nobody has declared that the document holds no state secret.",
        ),
    ),
    GateRule(
        "secrecy-other-content",
        _E,
        _SECRECY,
        Text(
            "Cam kết không mật được lập cho nội dung khác ({found}).",
            "The declaration of secrecy was made for other content ({found}).",
        ),
    ),
    GateRule(
        "secrecy-declared-late",
        _E,
        _SECRECY,
        Text(
            "Cam kết không mật được lập lúc {found}, sau thời điểm gửi.",
            "The declaration of secrecy is dated {found}, after the sending.",
        ),
    ),
    GateRule(
        "signature-required",
        _E,
        _SIGNED,
        Text("Văn bản phải được ký số trước khi gửi.", "The document must be signed before it is sent."),
    ),
    GateRule(
        "signature-not-valid",
        _E,
        _SIGNED,
        Text("Chữ ký số không hợp lệ.", "The signature is not valid."),
    ),
    GateRule(
        "signature-not-settled",
        _E,
        _SIGNED,
        Text(
            "Chưa đủ căn cứ xác định chữ ký số hợp lệ.",
            "It cannot be determined whether the signature is valid.",
        ),
    ),
    GateRule(
        "carrier-size",
        _E,
        "practice",
        Text(
            "Gói tin có {found} byte, hệ thống vận chuyển chỉ nhận tối đa {expected}.",
            "The packet has {found} bytes, the carrier takes at most {expected}.",
        ),
    ),
    GateRule(
        "recipient-none",
        _E,
        _RIGHT,
        Text("Văn bản không có nơi nhận nào.", "The document has no recipient."),
    ),
    GateRule(
        "recipient-unplanned",
        _E,
        _RIGHT,
        Text("Chưa định tuyến tới nơi nhận {found}.", "No way was sought to the recipient {found}."),
    ),
    GateRule(
        "recipient-undeliverable",
        _E,
        _RIGHT,
        Text("Không có đường gửi tới nơi nhận: {found}.", "There is no way to a recipient: {found}."),
    ),
    GateRule(
        "recipient-excluded",
        _W,
        _RIGHT,
        Text("Nơi nhận {found} được loại trừ theo yêu cầu.", "The recipient {found} is excluded as asked."),
    ),
)
"""Every check of the gate, by id; what the check of the packet itself finds comes in addition."""


@attrs.frozen(kw_only=True)
class NotSecret:
    """Somebody's declaration that the material holds no state secret.

    ``declared_by`` names who answers for it (a staff id or a name, never shown in ``repr``); blank, nothing is
    declared. ``digest`` is the :func:`vndoc.content_digest` (32 octets) of what was declared: for other content it does
    not count.
    """

    declared_by: str = attrs.field(repr=lambda _: "'***'", validator=needs(str))
    at: datetime.datetime = attrs.field(converter=moment)
    digest: bytes = attrs.field(repr=lambda digest: digest.hex(), validator=needs(bytes))


class Verified(Protocol):
    """What a verification of the signatures says, such as :class:`vndoc.signature.report.Verdict`."""

    @property
    def passed(self) -> bool:
        """Whether there is a signature and everything that was asked of it holds."""
        ...

    @property
    def indication(self) -> Indication:
        """Passed, failed or indeterminate."""
        ...


_WHOLE_DOCUMENTS: Final = frozenset({BussinessDocType.NEW, BussinessDocType.UPDATE, BussinessDocType.REPLACE})


def _operations(values: Iterable[BussinessDocType]) -> frozenset[BussinessDocType]:
    """Return *values*: what is no operation would be one that no packet has, and nothing would have to be signed."""
    given = need_all("signed", values, int)
    unknown = next((value for value in given if value not in set(BussinessDocType)), None)
    if unknown is not None:
        raise wrong("signed", BussinessDocType.__name__, unknown)
    return frozenset(map(BussinessDocType, given))


@attrs.frozen(kw_only=True)
class SendingRules:
    """What a sender asks of its own documents.

    ``signed``: operations whose packet must be signed, by default all but the recall. ``accept_indeterminate``:
    whether a signature that cannot be judged now (no revocation data, say) lets the document pass with a warning.
    """

    signed: frozenset[BussinessDocType] = attrs.field(
        default=_WHOLE_DOCUMENTS, converter=_operations, repr=lambda operations: str(sorted(int(o) for o in operations))
    )
    accept_indeterminate: bool = attrs.field(default=False, validator=needs(bool))


_DEFAULT: Final = SendingRules()


@attrs.frozen(kw_only=True)
class Clearance(Findings):
    """Whether a document may be sent: :class:`~vndoc.schema.Findings` of the gate, then those of the packet.

    Marks of secrecy are among the ``warnings``.
    """


def clear(
    packet: DocumentPacket,
    *,
    report: Report,
    plan: Plan,
    not_secret: NotSecret | None,
    digest: bytes,
    at: datetime.datetime,
    size: int,
    max_bytes: int | None = None,
    verdict: Verified | None = None,
    rules: SendingRules = _DEFAULT,
) -> Clearance:
    """Return whether *packet* may be sent at *at*.

    *report* is that of :func:`vndoc.validate` on the packet as it was written, for the peer's profile: its limits and
    marks of secrecy are among the findings. *plan* is that of the recipients. *digest* is the content digest (32
    octets) of *packet*, *size* its octets as written, *max_bytes* what the carrier takes (None: no stated
    limit), *verdict* what the verification of its signatures said (None: it has none).
    """
    need_packet(packet, DocumentPacket)
    need("report", report, Report)
    need("plan", plan, Plan)
    need("not_secret", not_secret, NotSecret, type(None))
    need("digest", digest, bytes)
    need("size", size, int)
    need("max_bytes", max_bytes, int, type(None))
    need("rules", rules, SendingRules)
    if verdict is not None:
        need("verdict.indication", getattr(verdict, "indication", None), Indication)
    found = [
        *_secrecy(not_secret, digest, moment(at)),
        *_signature(packet, verdict, rules),
        *_size(size, max_bytes),
        *_recipients(packet, plan),
    ]
    return Clearance(findings=(*found, *report.findings))


def _hit(id_: str, *, path: str = _ROOT.path, found: str = "", expected: str = "") -> Finding:
    rule = GATE[id_]
    return Finding(
        id=id_,
        severity=rule.severity,
        place=Place(path),
        message=rule.text,
        source=rule.source,
        found=found or None,
        expected=expected or None,
    )


def _secrecy(declared: NotSecret | None, digest: bytes, at: datetime.datetime) -> Iterator[Finding]:
    if declared is None or not declared.declared_by.strip():  # by nobody is not at all
        yield _hit("secrecy-undeclared")
        return
    if declared.digest != digest:
        yield _hit("secrecy-other-content", found=declared.digest.hex()[:16], expected=digest.hex()[:16])
    if declared.at > at:
        yield _hit("secrecy-declared-late", found=declared.at.isoformat(), expected=at.isoformat())


def _signature(packet: DocumentPacket, verdict: Verified | None, rules: SendingRules) -> Iterator[Finding]:
    if verdict is None:
        if packet.bussiness_doc_type in rules.signed:
            yield _hit("signature-required")
    elif verdict.indication is Indication.FAILED:
        yield _hit("signature-not-valid")
    elif not verdict.passed:
        finding = _hit("signature-not-settled")
        yield attrs.evolve(finding, severity=_W) if rules.accept_indeterminate else finding


def _size(size: int, max_bytes: int | None) -> Iterator[Finding]:
    if max_bytes is not None and size > max_bytes:
        yield _hit("carrier-size", found=str(size), expected=str(max_bytes))


def _recipients(packet: DocumentPacket, plan: Plan) -> Iterator[Finding]:
    if not packet.to or (plan.results and all(result.fate is Fate.EXCLUDED for result in plan.results)):
        yield _hit("recipient-none", path=_TO)
    planned = {name for result in plan.results for name in (result.code, result.group) if name}
    for number, organisation in enumerate(packet.to, 1):
        code = "" if organisation.organ_id is None else organisation.organ_id.text
        if code not in planned:
            yield _hit("recipient-unplanned", path=f"{_TO}[{number}]/OrganId", found=code or "–")
    for result in plan.results:
        if result.fate is Fate.UNDELIVERABLE:
            finding = _hit("recipient-undeliverable", path=_TO, found=shorten(result.code))
            said = Text(*(result.text(lang).replace("{", "{{").replace("}", "}}") for lang in ("vi", "en")))
            yield attrs.evolve(finding, message=finding.message.filled(found=said))
        elif result.fate is Fate.EXCLUDED:
            yield _hit("recipient-excluded", path=_TO, found=shorten(result.code))
