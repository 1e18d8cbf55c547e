"""The table of one recipient's part in a change; what happens with it is told in :mod:`vndoc.exchange.change`."""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import Final

from vndoc.exchange.machine import Machine, Transition
from vndoc.text import Text

__all__ = ["CHANGE", "PartEvent", "PartState"]


class PartState(enum.Enum):
    """What one recipient made of it. All but the first are final."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    FINISHED = "finished"
    LAPSED = "lapsed"
    UNDELIVERED = "undelivered"
    NOT_NEEDED = "not-needed"


class PartEvent(enum.Enum):
    """What may happen to the part of one recipient.

    ``CONFIRM`` is an answer of one that was not asked, or is done: it has nothing to change, and says so.
    """

    AGREE = "agree"
    REFUSE = "refuse"
    FINISH = "finish"
    LAPSE = "lapse"
    MISS = "miss"
    SKIP = "skip"
    CONFIRM = "confirm"


_S, _E = PartState, PartEvent
_ENDED: Final = tuple(state for state in PartState if state is not PartState.ASKED)
_UNANSWERED: Final = (_S.FINISHED, _S.LAPSED, _S.UNDELIVERED, _S.NOT_NEEDED)
_Row = tuple[PartState, PartEvent, PartState, tuple[str, ...]]

_ROWS: Final[tuple[_Row, ...]] = (
    (_S.ASKED, _E.AGREE, _S.AGREED, ("answered",)),
    (_S.ASKED, _E.REFUSE, _S.REFUSED, ("answered",)),
    (_S.ASKED, _E.FINISH, _S.FINISHED, ("record-conflict", "answered")),
    (_S.ASKED, _E.LAPSE, _S.LAPSED, ("overdue",)),
    (_S.ASKED, _E.MISS, _S.UNDELIVERED, ("not-delivered",)),
    (_S.ASKED, _E.SKIP, _S.NOT_NEEDED, ()),
    (_S.AGREED, _E.AGREE, _S.AGREED, ()),
    (_S.AGREED, _E.REFUSE, _S.AGREED, ("record-conflict",)),
    (_S.REFUSED, _E.REFUSE, _S.REFUSED, ()),
    (_S.REFUSED, _E.AGREE, _S.REFUSED, ("record-conflict",)),
    # an answer to what is closed: somebody may have acted on it, so people are told
    *((state, event, state, ("record-conflict", "late")) for state in _UNANSWERED for event in (_E.AGREE, _E.REFUSE)),
    # it has nothing to change, as was known: the packet of a change reaches all that it names, asked or not
    *((state, _E.CONFIRM, state, ("answered",)) for state in (_S.FINISHED, _S.NOT_NEEDED)),
    # handling that goes on after the answer is no event of the change
    *((state, _E.FINISH, state, ()) for state in _ENDED),
)


CHANGE: Final = Machine(
    name="change",
    title=Text("Yêu cầu thay đổi tới một nơi nhận", "A change at one recipient"),
    initial=PartState.ASKED,
    finals=frozenset(_ENDED),
    rows=tuple(Transition(*row) for row in _ROWS),
    events=PartEvent,
    texts=MappingProxyType(
        {
            _S.ASKED: Text("chờ trả lời", "asked"),
            _S.AGREED: Text("đồng ý (15)", "agreed (15)"),
            _S.REFUSED: Text("từ chối (16)", "refused (16)"),
            _S.FINISHED: Text("đã xử lý xong (06)", "done before (06)"),
            _S.LAPSED: Text("hết hạn trả lời", "lapsed"),
            _S.UNDELIVERED: Text("yêu cầu không gửi được", "not delivered"),
            _S.NOT_NEEDED: Text("không cần hỏi", "not needed"),
            _E.AGREE: Text("đồng ý (15)", "agree (15)"),
            _E.REFUSE: Text("từ chối (16)", "refuse (16)"),
            _E.FINISH: Text("nơi nhận báo hoàn thành (06)", "the receiver is done (06)"),
            _E.LAPSE: Text("hết thời hạn trả lời", "the time limit passes"),
            _E.MISS: Text("không gửi được yêu cầu", "the request is not delivered"),
            _E.SKIP: Text("nơi nhận không còn giữ văn bản", "the receiver does not hold the document"),
            _E.CONFIRM: Text("xác nhận không còn gì để thay đổi", "confirm that there is nothing to change"),
        }
    ),
)
"""The table of one recipient's part in a change."""
