"""The exchange protocol without I/O: tables of states, events in, new values and effects out.

Design, as the caller sees it::

    delivery, effects = Delivery.start(message_id, recipient, at=..., expires_at=...)        # the sender's side
    delivery, effects = delivery.apply(Claimed(at, owner, lease_until)), .apply(Accepted(at, transport_id)), ...
    life, effects = life.act(LifeEvent.ACCEPT, at=...)                       # the receiver's own action
    life, effects, judgement = life.observe(StatusReport(code="03", at=...)) # the sender, told by a status
    change, effects = Change.open(id, ChangeKind.RECALL, lives, at=..., answer_by=..., reason=...)
    change, life, effects, judgement = change.observe(life, report)          # 15 or 16 from one recipient
    request, life, effects = Request.receive(id, kind, life, asker=..., at=...)   # the same at the receiver
    request, life, effects = request.agree(life, at=...)
    match(Incoming(...), known) -> Matching                                  # new, duplicate, conflict ...
    read_status(packet, at=...), change_clues(packet), find(clues, known)    # of which document a packet speaks
    clear(packet, report=..., plan=..., not_secret=..., ...) -> Clearance    # before anything is sent
    QD28.due(Step.SEND, Priority.NORMAL, signed_at, vietnam([2026]))         # until when

Values are frozen; an event gives a new value and the effects (:mod:`vndoc.exchange.effects`), which the caller carries
out in one transaction. No clock and no randomness: times are arguments, aware, and in UTC inside. Every value
can be kept: :func:`dump` and :func:`load`.
"""

from vndoc.exchange.calendar import WorkingCalendar, vietnam
from vndoc.exchange.change import (
    CHANGE_KINDS,
    Change,
    ChangeForm,
    ChangeKind,
    ChangeOutcome,
    ChangePolicy,
    Part,
    concerned,
)
from vndoc.exchange.change_table import CHANGE, PartEvent, PartState
from vndoc.exchange.clearance import GATE, Clearance, GateRule, NotSecret, SendingRules, Verified, clear
from vndoc.exchange.correlation import Clue, ClueKind, Reported, change_clues, find, read_status
from vndoc.exchange.deadlines import (
    QD28,
    STEPS,
    AtOnce,
    DeadlineRule,
    DeadlineTable,
    NextMorning,
    Punctuality,
    SameDay,
    Step,
    Term,
    WorkingDays,
)
from vndoc.exchange.delivery import (
    Accepted,
    Arrived,
    Cancelled,
    Claimed,
    Delivery,
    DeliveryInput,
    DeliveryPolicy,
    Due,
    GivenUp,
    Interrupted,
    OwnFailed,
    PeerFailed,
    Postponed,
    RecipientRefused,
    Released,
    Renewed,
    Repeated,
)
from vndoc.exchange.delivery_table import DELIVERY, DeliveryEvent, DeliveryState
from vndoc.exchange.duplicates import MATCHES, Incoming, Known, Match, Matching, match
from vndoc.exchange.effects import (
    TOPICS,
    ApplyChange,
    CancelDocument,
    ClearDeadline,
    ConfirmArrival,
    DeadlineKind,
    Effect,
    FreezeDocument,
    KeepReceipt,
    Notify,
    RecordConflict,
    SendPacket,
    SendStatus,
    SetDeadline,
    Topic,
)
from vndoc.exchange.faults import PAUSING, REPAIRABLE, Fault, OwnFault, PeerFault, fault_of
from vndoc.exchange.history import JUDGEMENTS, Entry, History, Judgement, StatusKey
from vndoc.exchange.life import (
    EVENT_OF_CODE,
    LIFE,
    LIFE_REOPENED,
    MAX_REASON,
    Life,
    LifeEvent,
    LifeState,
    StatusReport,
)
from vndoc.exchange.machine import Machine, Refused, Transition
from vndoc.exchange.records import RECORD_VERSION, dump, load
from vndoc.exchange.request import REQUEST, Request, RequestEvent, RequestPolicy, RequestState

__all__ = [
    "CHANGE",
    "CHANGE_KINDS",
    "DELIVERY",
    "EVENT_OF_CODE",
    "GATE",
    "JUDGEMENTS",
    "LIFE",
    "LIFE_REOPENED",
    "MATCHES",
    "MAX_REASON",
    "PAUSING",
    "QD28",
    "RECORD_VERSION",
    "REPAIRABLE",
    "REQUEST",
    "STEPS",
    "TOPICS",
    "Accepted",
    "ApplyChange",
    "Arrived",
    "AtOnce",
    "CancelDocument",
    "Cancelled",
    "Change",
    "ChangeForm",
    "ChangeKind",
    "ChangeOutcome",
    "ChangePolicy",
    "Claimed",
    "ClearDeadline",
    "Clearance",
    "Clue",
    "ClueKind",
    "ConfirmArrival",
    "DeadlineKind",
    "DeadlineRule",
    "DeadlineTable",
    "Delivery",
    "DeliveryEvent",
    "DeliveryInput",
    "DeliveryPolicy",
    "DeliveryState",
    "Due",
    "Effect",
    "Entry",
    "Fault",
    "FreezeDocument",
    "GateRule",
    "GivenUp",
    "History",
    "Incoming",
    "Interrupted",
    "Judgement",
    "KeepReceipt",
    "Known",
    "Life",
    "LifeEvent",
    "LifeState",
    "Machine",
    "Match",
    "Matching",
    "NextMorning",
    "NotSecret",
    "Notify",
    "OwnFailed",
    "OwnFault",
    "Part",
    "PartEvent",
    "PartState",
    "PeerFailed",
    "PeerFault",
    "Postponed",
    "Punctuality",
    "RecipientRefused",
    "RecordConflict",
    "Refused",
    "Released",
    "Renewed",
    "Repeated",
    "Reported",
    "Request",
    "RequestEvent",
    "RequestPolicy",
    "RequestState",
    "SameDay",
    "SendPacket",
    "SendStatus",
    "SendingRules",
    "SetDeadline",
    "StatusKey",
    "StatusReport",
    "Step",
    "Term",
    "Topic",
    "Transition",
    "Verified",
    "WorkingCalendar",
    "WorkingDays",
    "change_clues",
    "clear",
    "concerned",
    "dump",
    "fault_of",
    "find",
    "load",
    "match",
    "read_status",
    "vietnam",
]
