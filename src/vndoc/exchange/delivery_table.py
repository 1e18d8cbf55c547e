"""The table of deliveries: its states and events; what happens with them is told in :mod:`vndoc.exchange.delivery`."""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import Final

from vndoc.exchange.machine import Machine, Transition
from vndoc.text import Text

__all__ = ["DELIVERY", "DeliveryEvent", "DeliveryState"]


class DeliveryState(enum.Enum):
    """Where one copy stands. The last five are final."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    UNCERTAIN = "uncertain"
    HELD = "held"
    SUBMITTED = "submitted"
    ARRIVED = "arrived"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class DeliveryEvent(enum.Enum):
    """What the table knows; the events of the callers (:class:`~vndoc.exchange.Accepted` ...) are each one of these."""

    CLAIM = "claim"
    RENEW = "renew"
    POSTPONE = "postpone"
    ACCEPT = "accept"
    REFUSE = "refuse"
    RETRY = "retry"
    EXHAUST = "exhaust"
    LOSE = "lose"
    HOLD = "hold"
    FAIL = "fail"
    RELEASE = "release"
    REPEAT = "repeat"
    ARRIVE = "arrive"
    OVERDUE = "overdue"
    EXPIRE = "expire"
    CANCEL = "cancel"


_S, _E = DeliveryState, DeliveryEvent


_Row = tuple[DeliveryState, DeliveryEvent, DeliveryState, tuple[str, ...]]

_ROWS: Final[tuple[_Row, ...]] = (
    (_S.QUEUED, _E.CLAIM, _S.SUBMITTING, ()),
    (_S.QUEUED, _E.POSTPONE, _S.QUEUED, ()),
    (_S.QUEUED, _E.ARRIVE, _S.ARRIVED, ("delivered",)),
    (_S.QUEUED, _E.EXPIRE, _S.EXPIRED, ("not-delivered",)),
    (_S.QUEUED, _E.CANCEL, _S.CANCELLED, ()),
    (_S.SUBMITTING, _E.RENEW, _S.SUBMITTING, ()),
    (_S.SUBMITTING, _E.POSTPONE, _S.QUEUED, ()),
    (_S.SUBMITTING, _E.ACCEPT, _S.SUBMITTED, ("keep-receipt",)),
    (_S.SUBMITTING, _E.REFUSE, _S.REFUSED, ("not-delivered",)),
    (_S.SUBMITTING, _E.RETRY, _S.QUEUED, ()),
    (_S.SUBMITTING, _E.EXHAUST, _S.FAILED, ("not-delivered",)),
    (_S.SUBMITTING, _E.LOSE, _S.UNCERTAIN, ("uncertain",)),
    (_S.SUBMITTING, _E.HOLD, _S.HELD, ("held",)),
    (_S.SUBMITTING, _E.FAIL, _S.FAILED, ("not-delivered",)),
    (_S.SUBMITTING, _E.ARRIVE, _S.ARRIVED, ("delivered",)),
    (_S.UNCERTAIN, _E.ACCEPT, _S.SUBMITTED, ("keep-receipt",)),
    (_S.UNCERTAIN, _E.REFUSE, _S.REFUSED, ("not-delivered",)),
    (_S.UNCERTAIN, _E.REPEAT, _S.QUEUED, ()),
    (_S.UNCERTAIN, _E.ARRIVE, _S.ARRIVED, ("delivered",)),
    (_S.UNCERTAIN, _E.OVERDUE, _S.UNCERTAIN, ("overdue",)),
    (_S.UNCERTAIN, _E.EXPIRE, _S.EXPIRED, ("not-delivered",)),
    (_S.UNCERTAIN, _E.FAIL, _S.FAILED, ("not-delivered",)),
    (_S.HELD, _E.RELEASE, _S.QUEUED, ()),
    (_S.HELD, _E.ARRIVE, _S.ARRIVED, ("delivered",)),
    (_S.HELD, _E.EXPIRE, _S.EXPIRED, ("not-delivered",)),
    (_S.HELD, _E.CANCEL, _S.CANCELLED, ()),
    (_S.SUBMITTED, _E.ACCEPT, _S.SUBMITTED, ("keep-receipt",)),
    (_S.SUBMITTED, _E.REFUSE, _S.REFUSED, ("not-delivered",)),
    (_S.SUBMITTED, _E.ARRIVE, _S.ARRIVED, ("delivered",)),
    (_S.SUBMITTED, _E.OVERDUE, _S.SUBMITTED, ("overdue",)),
    (_S.SUBMITTED, _E.EXPIRE, _S.EXPIRED, ("not-delivered",)),
    # the outcome of an attempt that was under way when the first status came: arrival has been proven
    (_S.ARRIVED, _E.ACCEPT, _S.ARRIVED, ("keep-receipt",)),
    (_S.ARRIVED, _E.REFUSE, _S.ARRIVED, ("record-conflict",)),
    *((_S.ARRIVED, e, _S.ARRIVED, ()) for e in (_E.POSTPONE, _E.RETRY, _E.EXHAUST, _E.LOSE, _E.HOLD, _E.FAIL)),
    (_S.ARRIVED, _E.ARRIVE, _S.ARRIVED, ()),
    # what comes after the end is recorded and changes nothing
    *((s, _E.ACCEPT, s, ("keep-receipt", "record-conflict")) for s in (_S.REFUSED, _S.FAILED, _S.EXPIRED)),
    *((s, _E.ARRIVE, s, ("record-conflict", "late")) for s in (_S.REFUSED, _S.FAILED, _S.EXPIRED, _S.CANCELLED)),
)


DELIVERY: Final = Machine(
    name="delivery",
    title=Text("Gửi tới một nơi nhận", "Delivery to one recipient"),
    initial=DeliveryState.QUEUED,
    finals=frozenset({_S.ARRIVED, _S.REFUSED, _S.FAILED, _S.EXPIRED, _S.CANCELLED}),
    rows=tuple(Transition(*row) for row in _ROWS),
    events=DeliveryEvent,
    texts=MappingProxyType(
        {
            _S.QUEUED: Text("đang chờ gửi", "queued"),
            _S.SUBMITTING: Text("đang gửi", "submitting"),
            _S.UNCERTAIN: Text("chưa rõ kết quả", "outcome unknown"),
            _S.HELD: Text("tạm giữ", "held"),
            _S.SUBMITTED: Text("trục đã nhận", "submitted"),
            _S.ARRIVED: Text("đã đến", "arrived"),
            _S.REFUSED: Text("bị trục từ chối", "refused by the axis"),
            _S.FAILED: Text("gửi không thành công", "failed"),
            _S.EXPIRED: Text("hết thời hạn gửi", "expired"),
            _S.CANCELLED: Text("đã hủy gửi", "cancelled"),
            _E.CLAIM: Text("bắt đầu gửi", "an attempt begins"),
            _E.RENEW: Text("gia hạn quyền xử lý", "the lease is renewed"),
            _E.POSTPONE: Text("hoãn gửi", "the attempt is postponed"),
            _E.ACCEPT: Text("trục tiếp nhận", "the axis accepts"),
            _E.REFUSE: Text("trục từ chối nơi nhận", "the axis refuses the recipient"),
            _E.RETRY: Text("lỗi phía trục, gửi lại được", "the peer fails, repeating is safe"),
            _E.EXHAUST: Text("hết số lần gửi", "no attempt is left"),
            _E.LOSE: Text("không rõ kết quả", "the outcome is not known"),
            _E.HOLD: Text("lỗi cấu hình phía mình", "a fault in our settings"),
            _E.FAIL: Text("lỗi không gửi lại được", "a fault that repeating does not mend"),
            _E.RELEASE: Text("cấu hình đã sửa", "the settings are mended"),
            _E.REPEAT: Text("được phép gửi lại", "repeating is safe"),
            _E.ARRIVE: Text("nơi nhận báo đã đến", "the receiver reports arrival"),
            _E.OVERDUE: Text("quá hạn chờ", "waited too long"),
            _E.EXPIRE: Text("hết thời hạn của thông điệp", "the lifetime ends"),
            _E.CANCEL: Text("người gửi hủy", "the sender cancels"),
        }
    ),
)
"""The table of deliveries."""
