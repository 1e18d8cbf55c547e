"""The closed vocabulary of routing: outcomes, reasons, steps and notes, each with its text in both languages.

``REASONS`` and ``NOTES`` are the tables that the engine, the reports and the documentation share.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

import attrs

from vndoc.text import Text

__all__ = [
    "NOTES",
    "OUTCOMES",
    "REASONS",
    "STEPS",
    "Note",
    "NoteRow",
    "Outcome",
    "Reason",
    "ReasonRow",
    "StepKind",
]


class Outcome(enum.Enum):
    """The ten answers to "where does this copy go?"."""

    DELIVERABLE = "deliverable"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"
    CLOSED = "closed-without-heir"
    AMBIGUOUS = "ambiguous"
    NOT_YET_VALID = "not-yet-valid"
    NOT_CONNECTED = "not-connected"
    PENDING = "pending"
    CONFLICT = "conflict"
    LOOP = "loop"


OUTCOMES: Mapping[Outcome, Text] = MappingProxyType(
    {
        Outcome.DELIVERABLE: Text("gửi được", "deliverable"),
        Outcome.UNKNOWN: Text("không có trong danh mục", "unknown"),
        Outcome.MALFORMED: Text("sai dạng", "malformed"),
        Outcome.CLOSED: Text("đã đóng, không có nơi kế thừa", "closed without heir"),
        Outcome.AMBIGUOUS: Text("có nhiều khả năng", "ambiguous"),
        Outcome.NOT_YET_VALID: Text("chưa có hiệu lực", "not yet valid"),
        Outcome.NOT_CONNECTED: Text("chưa liên thông", "not connected"),
        Outcome.PENDING: Text("đang chờ đăng ký", "pending"),
        Outcome.CONFLICT: Text("dữ liệu xung đột", "conflict"),
        Outcome.LOOP: Text("lặp vòng", "loop"),
    }
)
"""Text of each outcome."""


class Reason(enum.Enum):
    """The finer reason for an outcome; each belongs to exactly one (:data:`REASONS`)."""

    EXACT = "exact"
    ALIAS = "alias"
    ALIAS_EXPIRED = "alias-expired"
    FORM = "candidate-by-form"
    SUCCESSOR = "successor"
    SUGGESTED = "suggested-successor"
    FUNCTION = "successor-by-function"
    DELEGATE = "delegate"
    ANCESTOR = "connected-ancestor"
    ANCESTOR_UNSURE = "ancestor-connection-unknown"
    UNKNOWN_CODE = "unknown-code"
    UNKNOWN_LETTER = "unknown-letter"
    UNKNOWN_IRREGULAR = "unknown-irregular-code"
    SYSTEM = "system-not-agency"
    DELEGATE_UNKNOWN = "delegate-not-in-table"
    GROUP_EMPTY = "group-empty"
    GROUP_UNKNOWN = "group-unknown"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    BLANK = "surrounding-blank"
    NOT_NFC = "not-nfc"
    LOOK_ALIKE = "look-alike-letter"
    LOWER_CASE = "lower-case"
    BAD_CHARACTER = "bad-character"
    EMPTY_PART = "empty-code-group"
    GROUP_CYCLE = "group-contains-itself"
    GROUP_TOO_LARGE = "group-too-large"
    GROUP_TOO_DEEP = "groups-nested-too-deep"
    NO_SUCCESSOR = "no-successor"
    FUNCTION_ONLY = "successor-by-function-only"
    SUCCESSOR_MISSING = "successor-not-in-table"
    SPLIT = "split"
    PART_ONLY = "successor-of-a-part"
    SEVERAL_FORMS = "several-candidates-by-form"
    SEVERAL_DELEGATES = "several-delegates"
    NOT_YET = "not-yet-valid"
    BEFORE_TABLE = "before-table-begins"
    SUCCESSOR_NOT_YET = "successor-not-yet-valid"
    DELEGATE_NOT_YET = "delegate-not-yet-valid"
    NOT_CONNECTED = "not-connected"
    CONNECTION_UNKNOWN = "connection-unknown"
    NO_ANCESTOR = "no-connected-ancestor"
    PENDING = "registration-pending"
    REGISTRY_CONFLICT = "registry-conflict"
    OVERLAP = "overlapping-validity"
    ALIAS_OF_SEVERAL = "alias-of-several"
    CYCLE = "cycle"
    TOO_MANY_STEPS = "too-many-steps"
    OWN_SYSTEM = "own-system-in-trace"
    RECIPIENT_IN_TRACE = "recipient-in-trace"
    SYSTEM_IN_TRACE = "recipient-system-in-trace"
    TOO_MANY_HOPS = "too-many-hops"


@attrs.frozen
class ReasonRow:
    """One reason: the outcome it belongs to, and its text."""

    outcome: Outcome
    text: Text


def _row(outcome: Outcome, vi: str, en: str) -> ReasonRow:
    return ReasonRow(outcome, Text(vi, en))


_O, _R = Outcome, Reason

REASONS: Mapping[Reason, ReasonRow] = MappingProxyType(
    {
        _R.EXACT: _row(_O.DELIVERABLE, "khớp đúng mã", "the code itself"),
        _R.ALIAS: _row(_O.DELIVERABLE, "mã khác của cùng cơ quan", "another code of the same agency"),
        _R.ALIAS_EXPIRED: _row(
            _O.DELIVERABLE,
            "mã từng là mã khác của cơ quan, nay hết hiệu lực",
            "a former other code of the agency, no longer valid",
        ),
        _R.FORM: _row(
            _O.DELIVERABLE,
            "mã suy ra theo dạng, theo yêu cầu của bên gọi (không phải danh mục)",
            "a candidate by form, as the caller asked (not from the registry)",
        ),
        _R.SUCCESSOR: _row(_O.DELIVERABLE, "cơ quan kế thừa duy nhất", "the only successor"),
        _R.SUGGESTED: _row(
            _O.DELIVERABLE,
            "nơi kế thừa được gợi ý, theo yêu cầu của bên gọi (không phải quy định)",
            "the suggested successor, as the caller asked (not law)",
        ),
        _R.FUNCTION: _row(
            _O.DELIVERABLE,
            "nơi kế thừa theo chức năng, theo yêu cầu của bên gọi",
            "the successor by function, as the caller asked",
        ),
        _R.DELEGATE: _row(_O.DELIVERABLE, "cơ quan được ủy quyền nhận", "the agency that receives for it"),
        _R.ANCESTOR: _row(_O.DELIVERABLE, "cấp trên gần nhất đã liên thông", "the nearest connected body above"),
        _R.ANCESTOR_UNSURE: _row(
            _O.DELIVERABLE,
            "cấp trên gần nhất, không rõ đã liên thông chưa",
            "the nearest body above, not known whether connected",
        ),
        _R.UNKNOWN_CODE: _row(_O.UNKNOWN, "mã không có trong danh mục", "the code is not in the table"),
        _R.UNKNOWN_LETTER: _row(
            _O.UNKNOWN, "chữ cái đầu không thuộc nhóm nào", "the letter belongs to no group of agencies"
        ),
        _R.UNKNOWN_IRREGULAR: _row(
            _O.UNKNOWN,
            "mã ngoài quy định và không có trong danh mục",
            "the code obeys no scheme and is not in the table",
        ),
        _R.SYSTEM: _row(
            _O.UNKNOWN,
            "mã của hệ thống kết nối, không phải cơ quan",
            "the code of a connected system, not of an agency",
        ),
        _R.DELEGATE_UNKNOWN: _row(
            _O.UNKNOWN, "nơi được ủy quyền không có trong danh mục", "the delegate is not in the table"
        ),
        _R.GROUP_EMPTY: _row(
            _O.UNKNOWN, "nhóm không có thành viên vào ngày này", "the group has no member on that day"
        ),
        _R.GROUP_UNKNOWN: _row(_O.UNKNOWN, "không có nhóm này", "there is no such group"),
        _R.EMPTY: _row(_O.MALFORMED, "mã rỗng", "the code is empty"),
        _R.TOO_LONG: _row(_O.MALFORMED, "mã dài hơn 35 ký tự", "the code has more than 35 characters"),
        _R.BLANK: _row(
            _O.MALFORMED, "có khoảng trắng ở đầu hoặc cuối", "there is white space before or after the code"
        ),
        _R.NOT_NFC: _row(
            _O.MALFORMED,
            "chữ có dấu ở dạng tách rời (không phải NFC)",
            "letters and accents are written apart (not Unicode form C)",
        ),
        _R.LOOK_ALIKE: _row(
            _O.MALFORMED,
            "có chữ trông giống chữ Latinh",
            "a letter only looks like a Latin one (Cyrillic, Greek, wide)",
        ),
        _R.LOWER_CASE: _row(_O.MALFORMED, "có chữ thường", "there are lower-case letters"),
        _R.BAD_CHARACTER: _row(
            _O.MALFORMED, "có ký tự ngoài 0-9, A-Z, dấu chấm và gạch nối", "only 0-9, A-Z, dots and hyphens are allowed"
        ),
        _R.EMPTY_PART: _row(_O.MALFORMED, "có nhóm rỗng", "there is an empty group between dots"),
        _R.GROUP_CYCLE: _row(_O.MALFORMED, "nhóm chứa chính nó", "the group contains itself"),
        _R.GROUP_TOO_LARGE: _row(_O.MALFORMED, "nhóm quá lớn", "the group is too large"),
        _R.GROUP_TOO_DEEP: _row(_O.MALFORMED, "nhóm lồng nhau quá sâu", "groups stand in groups too deeply"),
        _R.NO_SUCCESSOR: _row(_O.CLOSED, "danh mục không nêu nơi kế thừa", "the table names no successor"),
        _R.FUNCTION_ONLY: _row(
            _O.CLOSED,
            "chỉ có nơi kế thừa theo chức năng, không phải kế thừa pháp lý",
            "there is a successor by function only, no legal one",
        ),
        _R.SUCCESSOR_MISSING: _row(
            _O.CLOSED, "nơi kế thừa không có trong danh mục", "the successor is not in the table"
        ),
        _R.SPLIT: _row(_O.AMBIGUOUS, "bị chia cho nhiều nơi", "it was divided among several"),
        _R.PART_ONLY: _row(
            _O.AMBIGUOUS, "nơi kế thừa duy nhất chỉ nhận một phần", "the only successor named took a part of it"
        ),
        _R.SEVERAL_FORMS: _row(
            _O.AMBIGUOUS, "nhiều mã suy ra được theo dạng", "several codes of the table fit by form"
        ),
        _R.SEVERAL_DELEGATES: _row(
            _O.AMBIGUOUS, "cùng lúc ủy quyền cho nhiều nơi", "several receive for it at the same time"
        ),
        _R.NOT_YET: _row(_O.NOT_YET_VALID, "mã chưa có hiệu lực", "the code is not valid yet"),
        _R.BEFORE_TABLE: _row(
            _O.NOT_YET_VALID, "ngày trước khi danh mục bắt đầu", "the day lies before the table begins"
        ),
        _R.SUCCESSOR_NOT_YET: _row(_O.NOT_YET_VALID, "nơi kế thừa chưa hoạt động", "the successor does not exist yet"),
        _R.DELEGATE_NOT_YET: _row(
            _O.NOT_YET_VALID, "nơi được ủy quyền chưa hoạt động", "the delegate does not exist yet"
        ),
        _R.NOT_CONNECTED: _row(_O.NOT_CONNECTED, "cơ quan chưa liên thông", "the agency is not connected"),
        _R.CONNECTION_UNKNOWN: _row(
            _O.NOT_CONNECTED,
            "không rõ đã liên thông chưa, bên gọi đòi hỏi phải chắc chắn",
            "whether it is connected is unknown, and the caller asked to be sure",
        ),
        _R.NO_ANCESTOR: _row(_O.NOT_CONNECTED, "không có cấp trên nào đã liên thông", "no body above it is connected"),
        _R.PENDING: _row(_O.PENDING, "đăng ký chưa hoàn tất", "its registration is pending"),
        _R.REGISTRY_CONFLICT: _row(
            _O.CONFLICT, "trục ghi nhận bản ghi xung đột", "the registry marks the record as conflicting"
        ),
        _R.OVERLAP: _row(
            _O.CONFLICT, "hai cơ quan cùng mã trong cùng một ngày", "two agencies have this code on the same day"
        ),
        _R.ALIAS_OF_SEVERAL: _row(
            _O.CONFLICT, "mã khác này thuộc nhiều cơ quan", "several agencies have this as their other code"
        ),
        _R.CYCLE: _row(
            _O.LOOP, "kế thừa hoặc ủy quyền quay vòng", "successors or delegations lead back to where they came from"
        ),
        _R.TOO_MANY_STEPS: _row(
            _O.LOOP, "chuỗi kế thừa quá dài", "the chain of successors and delegations is too long"
        ),
        _R.OWN_SYSTEM: _row(
            _O.LOOP, "gói tin đã đi qua hệ thống của mình", "the packet has passed through our own system before"
        ),
        _R.RECIPIENT_IN_TRACE: _row(
            _O.LOOP, "gói tin đã qua nơi nhận này", "the packet has been at the recipient before"
        ),
        _R.SYSTEM_IN_TRACE: _row(
            _O.LOOP, "gói tin đã đi qua hệ thống của nơi nhận", "the packet has passed through the recipient's system"
        ),
        _R.TOO_MANY_HOPS: _row(_O.LOOP, "gói tin đã qua quá nhiều chặng", "the packet has made too many hops"),
    }
)
"""Outcome and text of every reason."""


class StepKind(enum.Enum):
    """The steps of a resolution, in their order."""

    PARSE = "parse"
    EXACT = "exact"
    ALIAS = "alias"
    VALIDITY = "validity"
    SUCCESSOR = "successor"
    DELEGATION = "delegation"
    ANCESTOR = "ancestor"
    CONNECTION = "connection"
    HOP = "next-hop"


STEPS: Mapping[StepKind, Text] = MappingProxyType(
    {
        StepKind.PARSE: Text("đọc mã", "parse"),
        StepKind.EXACT: Text("khớp đúng mã", "exact"),
        StepKind.ALIAS: Text("mã khác", "alias"),
        StepKind.VALIDITY: Text("hiệu lực", "validity"),
        StepKind.SUCCESSOR: Text("kế thừa", "successor"),
        StepKind.DELEGATION: Text("ủy quyền", "delegation"),
        StepKind.ANCESTOR: Text("cấp trên", "ancestor"),
        StepKind.CONNECTION: Text("liên thông", "connection state"),
        StepKind.HOP: Text("chặng tiếp theo", "next hop"),
    }
)
"""Names of the steps, in their order."""


class Note(enum.Enum):
    """What a step found; :data:`NOTES` says which step it belongs to."""

    PARSED = "parsed"
    MALFORMED = "malformed"
    BEFORE_TABLE = "before-table"
    FOUND = "found"
    ABSENT = "absent"
    SEVERAL = "several-at-once"
    ALIAS_FOUND = "alias-found"
    ALIAS_EXPIRED = "alias-expired"
    ALIAS_SEVERAL = "alias-of-several"
    FORM_FOUND = "form-found"
    FORM_SEVERAL = "form-several"
    VALID = "valid"
    CLOSED = "closed"
    NOT_YET = "not-yet"
    FOLLOWED = "followed"
    SUGGESTED = "followed-suggestion"
    BY_FUNCTION = "followed-function"
    GAP = "gap-before-successor"
    NO_SUCCESSOR = "no-successor"
    FUNCTION_ONLY = "function-only"
    SPLIT = "split"
    SUCCESSOR_MISSING = "successor-missing"
    CYCLE = "cycle"
    TOO_MANY = "too-many-steps"
    DELEGATED = "delegated"
    OTHER_KINDS = "delegation-of-other-kinds"
    DELEGATE_MISSING = "delegate-missing"
    DELEGATES = "several-delegates"
    ASCENDED = "ascended"
    ABOVE_CLOSED = "ancestor-closed"
    ABOVE_FOREIGN = "ancestor-foreign"
    ABOVE_SEVERAL = "ancestor-several"
    NONE_ABOVE = "no-ancestor"
    STATE = "state"
    HOP = "hop"


@attrs.frozen
class NoteRow:
    """One note: the step it belongs to, and its text; the fields are those that the engine fills in."""

    step: StepKind
    text: Text


def _note(step: StepKind, vi: str, en: str) -> NoteRow:
    return NoteRow(step, Text(vi, en))


_S, _N = StepKind, Note

NOTES: Mapping[Note, NoteRow] = MappingProxyType(
    {
        _N.PARSED: _note(_S.PARSE, "mã {code}: {form}", "code {code}: {form}"),
        _N.MALFORMED: _note(_S.PARSE, "{reason}", "{reason}"),
        _N.BEFORE_TABLE: _note(_S.VALIDITY, "danh mục bắt đầu từ {begins}", "the table knows nothing before {begins}"),
        _N.FOUND: _note(_S.EXACT, "{code} là {name}", "{code} is {name}"),
        _N.ABSENT: _note(_S.EXACT, "không có mã này", "no such code"),
        _N.SEVERAL: _note(
            _S.EXACT, "{count} cơ quan cùng mã vào ngày này", "{count} agencies have this code on that day"
        ),
        _N.ALIAS_FOUND: _note(
            _S.ALIAS,
            "{alias} ({alias_kind}) là mã khác của {code}, {name}",
            "{alias} ({alias_kind}) is another code of {code}, {name}",
        ),
        _N.ALIAS_EXPIRED: _note(
            _S.ALIAS,
            "{alias} ({alias_kind}) từng là mã khác của {code}, {name}",
            "{alias} ({alias_kind}) was another code of {code}, {name}",
        ),
        _N.ALIAS_SEVERAL: _note(_S.ALIAS, "là mã khác của {count} cơ quan", "it is the other code of {count} agencies"),
        _N.FORM_FOUND: _note(
            _S.ALIAS,
            "theo dạng có thể là {code}, {name} (suy đoán theo yêu cầu)",
            "by its form it may be {code}, {name} (a guess that was asked for)",
        ),
        _N.FORM_SEVERAL: _note(_S.ALIAS, "theo dạng có thể là {count} mã", "by its form it may be {count} codes"),
        _N.VALID: _note(_S.VALIDITY, "{code} có hiệu lực {period}", "{code} is valid {period}"),
        _N.CLOSED: _note(_S.VALIDITY, "{code} đóng sau ngày {valid_to}", "{code} was closed after {valid_to}"),
        _N.NOT_YET: _note(_S.VALIDITY, "{code} chỉ có hiệu lực từ {valid_from}", "{code} is valid from {valid_from}"),
        _N.FOLLOWED: _note(
            _S.SUCCESSOR,
            "{code} → {to}: {successor_kind}{instrument}",
            "{code} → {to}: {successor_kind}{instrument}",
        ),
        _N.SUGGESTED: _note(
            _S.SUCCESSOR,
            "{code} → {to}: gợi ý, không phải quy định ({successor_kind}){instrument}",
            "{code} → {to}: a suggestion, not law ({successor_kind}){instrument}",
        ),
        _N.BY_FUNCTION: _note(
            _S.SUCCESSOR,
            "{code} → {to}: chỉ theo chức năng, theo yêu cầu{instrument}",
            "{code} → {to}: by function only, as asked{instrument}",
        ),
        _N.GAP: _note(
            _S.SUCCESSOR,
            "{code} chỉ bắt đầu từ {valid_from}: có khoảng trống sau ngày đóng",
            "{code} began on {valid_from} only: there is a gap after the closing",
        ),
        _N.NO_SUCCESSOR: _note(_S.SUCCESSOR, "không nêu nơi kế thừa", "no successor is named"),
        _N.FUNCTION_ONLY: _note(
            _S.SUCCESSOR, "chỉ có nơi kế thừa theo chức năng ({count})", "only successors by function ({count})"
        ),
        _N.SPLIT: _note(
            _S.SUCCESSOR,
            "{code} có {count} nơi kế thừa từng phần hoặc cùng lúc",
            "{code} has {count} successors in part or at once",
        ),
        _N.SUCCESSOR_MISSING: _note(
            _S.SUCCESSOR, "nơi kế thừa {to} không có trong danh mục", "the successor {to} is not in the table"
        ),
        _N.CYCLE: _note(_S.SUCCESSOR, "quay lại {code}", "back at {code}"),
        _N.TOO_MANY: _note(_S.SUCCESSOR, "quá {count} bước", "more than {count} steps"),
        _N.DELEGATED: _note(_S.DELEGATION, "{to} nhận thay {code}{instrument}", "{to} receives for {code}{instrument}"),
        _N.OTHER_KINDS: _note(
            _S.DELEGATION,
            "{to} chỉ nhận thay loại {kinds}",
            "{to} receives only documents of the kinds {kinds}",
        ),
        _N.DELEGATE_MISSING: _note(
            _S.DELEGATION, "nơi được ủy quyền {to} không có trong danh mục", "the delegate {to} is not in the table"
        ),
        _N.DELEGATES: _note(_S.DELEGATION, "cùng lúc ủy quyền cho {count} nơi", "{count} receive for it at once"),
        _N.ASCENDED: _note(
            _S.ANCESTOR, "{code}, {name}: cách {distance} cấp", "{code}, {name}: {distance} level(s) above"
        ),
        _N.ABOVE_CLOSED: _note(
            _S.ANCESTOR, "{code} không có hiệu lực vào ngày này: dừng", "{code} is not valid on that day: no further"
        ),
        _N.ABOVE_FOREIGN: _note(
            _S.ANCESTOR, "{code} không cùng cấp 1: dừng", "{code} stands under another level 1: no further"
        ),
        _N.ABOVE_SEVERAL: _note(
            _S.ANCESTOR,
            "{count} cơ quan cùng mã {code} vào ngày này: dừng",
            "{count} agencies have the code {code} on that day: no further",
        ),
        _N.NONE_ABOVE: _note(_S.ANCESTOR, "không có cấp trên nào đã liên thông", "nothing connected above"),
        _N.STATE: _note(_S.CONNECTION, "{code}: {connection}", "{code}: {connection}"),
        _N.HOP: _note(_S.HOP, "qua {carrier}; hệ thống {system}", "through {carrier}; connected system {system}"),
    }
)
"""Step and text of every note."""
