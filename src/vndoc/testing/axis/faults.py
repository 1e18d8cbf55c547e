"""What goes wrong at the simulated axis, and when: a script of faults, as values.

>>> Fault.parse("drop@sendEdoc,nth=2")
Fault(kind=<FaultKind.DROP: 'drop'>, operation='sendEdoc', nth=2)

Faults are looked at in their order for every call; all that apply do. Each counts the calls that it is meant for, by
itself, from 1. Nothing is left to chance but what ``chance`` says, and that is repeated exactly for the same seed.
"""

from __future__ import annotations

import enum
import random
import threading
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from vndoc.errors import UsageError
from vndoc.text import Text

__all__ = ["FAULTS", "MAX_SECONDS", "Fault", "FaultKind", "Faults"]


MAX_SECONDS: Final = 366 * 24 * 3600
"""A year, for delays and clocks that are off."""


class FaultKind(enum.Enum):
    """What can go wrong; :data:`FAULTS` says what each does."""

    DELAY = "delay"
    DROP = "drop"
    RECEIPT_LOST = "receipt-lost"
    RECEIPT_BEFORE_COMMIT = "receipt-before-commit"
    DUPLICATE = "duplicate"
    FAILURE = "failure"
    STATUS = "status"
    HTML = "html"
    NONSENSE = "nonsense"
    HALF = "half"
    REDIRECT = "redirect"
    WRONG_HASH = "wrong-hash"
    CLOCK_SKEW = "clock-skew"
    CLOSED = "closed"


FAULTS: Final[Mapping[FaultKind, Text]] = MappingProxyType(
    {
        FaultKind.DELAY: Text(
            "Trả lời chậm: chờ seconds giây rồi mới làm.", "Answers late: waits for seconds, then does it."
        ),
        FaultKind.DROP: Text(
            "Ngắt kết nối, không làm gì, không trả lời.", "Closes the connection; nothing is done, nothing answered."
        ),
        FaultKind.RECEIPT_LOST: Text(
            "Làm xong rồi ngắt kết nối: bên gọi không biết kết quả.",
            "Does it, then closes the connection: the caller cannot know.",
        ),
        FaultKind.RECEIPT_BEFORE_COMMIT: Text(
            "Trả biên nhận rồi đánh mất gói tin: không nơi nào nhận được.",
            "Gives the receipt, then loses the packet: nobody gets it.",
        ),
        FaultKind.DUPLICATE: Text(
            "Giao mỗi bản sao hai lần, với hai mã khác nhau.", "Delivers every copy twice, under two ids."
        ),
        FaultKind.FAILURE: Text(
            "HTTP 200 nhưng thân trả lời báo lỗi; không làm gì.", "HTTP 200 with a body that says failed; nothing done."
        ),
        FaultKind.STATUS: Text(
            "Trả lời bằng mã HTTP status (mặc định 500); không làm gì.",
            "Answers with the HTTP status (default 500); nothing is done.",
        ),
        FaultKind.HTML: Text(
            "HTTP 200 với trang HTML thay cho JSON; không làm gì.", "HTTP 200 with a page of HTML; nothing is done."
        ),
        FaultKind.NONSENSE: Text(
            "HTTP 200 với JSON không đúng cấu trúc; không làm gì.",
            "HTTP 200 with JSON of another shape; nothing is done.",
        ),
        FaultKind.HALF: Text(
            "Làm xong, gửi nửa thân trả lời rồi ngắt kết nối.",
            "Does it, sends half of the answer, then closes the connection.",
        ),
        FaultKind.REDIRECT: Text(
            "Chuyển hướng (HTTP 302) sang địa chỉ khác; không làm gì.",
            "Redirects (HTTP 302) to another address; nothing is done.",
        ),
        FaultKind.WRONG_HASH: Text(
            "Khi gửi: từ chối vì mã băm sai. Khi lấy: một byte của nội dung bị đổi.",
            "On sending: refused for a wrong hash. On fetching: one octet of the content is another.",
        ),
        FaultKind.CLOCK_SKEW: Text(
            "Đồng hồ của trục lệch seconds giây (âm là chậm).", "The axis' clock is off by seconds (negative: late)."
        ),
        FaultKind.CLOSED: Text(
            "Nơi nhận agency bị khóa (không nêu: mọi nơi nhận).",
            "The recipient agency is closed (not given: all of them).",
        ),
    }
)
"""What each fault does, in both languages."""


OPERATIONS: Final = (
    *("send", "list", "fetch", "settle", "count", "sent", "directory", "register", "exists", "login"),
    *("vxp", "lgsp", "edoc"),
    *("sendEdoc", "getReceivedEdocList", "getSentEdocList", "getEdoc", "downloadEdoc", "updateStatus"),
    *("countReceiveEdoc", "countReceiveStatus", "getAgenciesList", "getAgenciesListQD20", "getSynchronizeUnit"),
    *("registerAgency", "deleteAgency", "syncReceivedEdocList"),
    *("sendDocument", "getPendingDocIds", "getDocument", "confirmReceived", "getOrganizations", "checkExistDocument"),
)
"""What a fault may be meant for: meanings, protocols, and the names of the calls."""


def _operation(instance: object, field: attrs.Attribute[Any], value: str | None) -> None:
    del instance, field
    if value is not None and value not in OPERATIONS:
        raise UsageError("option-invalid", detail=_NO_OPERATION.filled(found=value, known=", ".join(OPERATIONS)))


def _positive(instance: object, field: attrs.Attribute[Any], value: int | None) -> None:
    del instance
    if value is not None and value < 1:
        raise UsageError("option-invalid", detail=_TOO_SMALL.filled(name=field.name, found=value))


def _chance(instance: object, field: attrs.Attribute[Any], value: float | None) -> None:
    del instance
    if value is not None and not 0 <= value <= 1:
        raise UsageError("option-invalid", detail=_NO_CHANCE.filled(name=field.name, found=value))


def _seconds(instance: object, field: attrs.Attribute[Any], value: float) -> None:
    del instance
    if not -MAX_SECONDS <= value <= MAX_SECONDS:
        raise UsageError("option-invalid", detail=_TOO_LONG.filled(name=field.name, most=MAX_SECONDS, found=value))


def _status(instance: object, field: attrs.Attribute[Any], value: int) -> None:
    del instance
    if not 400 <= value <= 599:
        raise UsageError("option-invalid", detail=_NO_STATUS.filled(name=field.name, found=value))


@attrs.frozen(repr=False)
class Fault:
    """One fault, and for which calls.

    ``operation`` is the axis' name for the call, as in ``sendEdoc``, one of ``send``, ``list``, ``fetch``, ``settle``,
    ``count``, ``sent``, ``directory``, ``register``, ``exists``, ``login`` for what it means under any protocol, or
    the protocol: ``vxp``, ``lgsp``, ``edoc``. ``system`` is the
    id of the calling system, ``agency`` the code that the call gives for itself (for ``closed``: the recipient).
    Of the calls that fit, it applies to the ``nth`` alone, to ``every`` so-and-so-many-th, at most so many ``times``,
    with a ``chance`` between 0 and 1; by default to all. ``seconds`` (at most a year) is for ``delay`` and
    ``clock-skew``, ``status`` (400 to 599) for ``status``.
    """

    kind: FaultKind
    operation: str | None = attrs.field(default=None, kw_only=True, validator=_operation)
    system: str | None = attrs.field(default=None, kw_only=True)
    agency: str | None = attrs.field(default=None, kw_only=True)
    nth: int | None = attrs.field(default=None, kw_only=True, validator=_positive)
    every: int | None = attrs.field(default=None, kw_only=True, validator=_positive)
    times: int | None = attrs.field(default=None, kw_only=True, validator=_positive)
    chance: float | None = attrs.field(default=None, kw_only=True, validator=_chance)
    seconds: float = attrs.field(default=1.0, kw_only=True, validator=_seconds)
    status: int = attrs.field(default=500, kw_only=True, validator=_status)

    def __repr__(self) -> str:
        told = [f"kind={self.kind!r}"]
        told += [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in attrs.fields(Fault)[1:]
            if getattr(self, field.name) != field.default
        ]
        return f"Fault({', '.join(told)})"

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``kind``, ``kind@operation`` or either with ``,name=value`` behind it, as given to ``vndoc sim``.

        Raises :class:`~vndoc.errors.UsageError` (``option-invalid``) for an unknown kind, name or value.
        """
        head, *rest = [part.strip() for part in text.split(",")]
        kind, _, operation = head.partition("@")
        try:
            values: dict[str, Any] = {"operation": operation} if operation else {}
            for part in rest:
                name, _, value = part.partition("=")
                values[name] = _READERS[name](value)
            return cls(FaultKind(kind), **values)
        except (KeyError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            known = ", ".join(one.value for one in FaultKind)
            raise UsageError("option-invalid", detail=_NO_FAULT.filled(found=text, known=known)) from None

    def fits(self, *, names: frozenset[str], system: str | None, agency: str | None) -> bool:
        """Return whether it is meant for a call that goes by *names*, from *system* for *agency*."""
        if self.operation is not None and self.operation not in names:
            return False
        if self.kind is FaultKind.CLOSED:
            return "send" in names and self.system in {None, system}
        return self.system in {None, system} and self.agency in {None, agency}


_READERS: Final = MappingProxyType(
    {
        "system": str,
        "agency": str,
        "nth": int,
        "every": int,
        "times": int,
        "chance": float,
        "seconds": float,
        "status": int,
    }
)


class Faults:
    """A script of faults with its counters. Safe to use from several threads."""

    def __init__(self, faults: Iterable[Fault | str] = (), *, seed: int = 0) -> None:
        self.script = tuple(Fault.parse(fault) if isinstance(fault, str) else fault for fault in faults)
        """The faults, in order."""
        self._met = [0] * len(self.script)
        self._applied = [0] * len(self.script)
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._lock = threading.Lock()

    def due(self, *names: str, system: str | None = None, agency: str | None = None) -> dict[FaultKind, list[Fault]]:
        """Count a call and return the faults that apply to it, by kind."""
        found: dict[FaultKind, list[Fault]] = {}
        with self._lock:
            for place, fault in enumerate(self.script):
                if fault.fits(names=frozenset(names), system=system, agency=agency) and self._applies(place, fault):
                    found.setdefault(fault.kind, []).append(fault)
        return found

    @property
    def applied(self) -> tuple[int, ...]:
        """Return how often each fault of the script applied."""
        with self._lock:
            return tuple(self._applied)

    def _applies(self, place: int, fault: Fault) -> bool:
        self._met[place] += 1
        met = self._met[place]
        if (
            (fault.times is not None and self._applied[place] >= fault.times)
            or (fault.nth is not None and met != fault.nth)
            or (fault.every is not None and met % fault.every)
            or (fault.chance is not None and self._random.random() >= fault.chance)
        ):
            return False
        self._applied[place] += 1
        return True


_TOO_SMALL = Text("{name} phải từ 1 trở lên, không phải {found}", "{name} must be 1 or more, not {found}")
_TOO_LONG = Text(
    "{name} phải từ -{most} đến {most}, không phải {found}", "{name} must be from -{most} to {most}, not {found}"
)
_NO_CHANCE = Text("{name} phải từ 0 đến 1, không phải {found}", "{name} must be from 0 to 1, not {found}")
_NO_STATUS = Text("{name} phải từ 400 đến 599, không phải {found}", "{name} must be from 400 to 599, not {found}")
_NO_OPERATION = Text("không có lời gọi {found}; có: {known}", "there is no call {found}; known: {known}")
_NO_FAULT = Text(
    "không hiểu lỗi giả lập {found}; các loại: {known}", "the fault {found} is not understood; the kinds: {known}"
)
