"""What a node is told: how long, how often, how strictly. Frozen values with defaults that a gateway can start with."""

from __future__ import annotations

import datetime
import enum
from typing import Any, Final

import attrs

from vndoc.edxml import profile_of
from vndoc.errors import UsageError
from vndoc.errors._arguments import need, needs
from vndoc.exchange import ChangePolicy, DeliveryPolicy, RequestPolicy, SendingRules
from vndoc.signature.policy import policy_of
from vndoc.text import Text

__all__ = ["NodePolicy", "Unsure"]

_TOO_SHORT: Final = Text("{name} phải lớn hơn 0", "{name} is above zero")
_OUT_OF_RANGE: Final = Text("{name} phải từ {least} đến {most}", "{name} is from {least} to {most}")
_MOST: Final = 1_000_000


def _positive(instance: object, field: attrs.Attribute[datetime.timedelta], value: datetime.timedelta) -> None:
    """Refuse a length of time that is none: leases and pauses of nothing would be a loop without rest."""
    del instance
    need(field.name, value, datetime.timedelta)
    if value <= datetime.timedelta(0):
        raise UsageError("option-invalid", detail=_TOO_SHORT.filled(name=field.name))


def _number(least: int, most: int = _MOST) -> Any:
    """Return a validator for a whole number from *least* to *most*."""

    def check(_instance: object, field: attrs.Attribute[int], value: int) -> None:
        need(field.name, value, int)
        if not least <= value <= most:
            detail = _OUT_OF_RANGE.filled(name=field.name, least=least, most=most)
            raise UsageError("option-invalid", detail=detail)

    return check


def _known_profile(_instance: object, _field: object, value: str) -> None:
    profile_of(value)


def _known_policy(_instance: object, _field: object, value: str | None) -> None:
    if value is not None:
        policy_of(value)


class Unsure(enum.Enum):
    """What to do with a message whose submission ended without an answer, at a carrier that knows no repetitions.

    ``ASK`` parks it for an operator, who can look at the axis. ``REPEAT`` sends it again: the receiver may get two
    copies, and recognises the second by its business key and content.
    """

    ASK = "ask"
    REPEAT = "repeat"


@attrs.frozen(kw_only=True)
class NodePolicy:
    """How a node works. All times are lengths of time.

    ``profile``: the form in which packets are written. ``delivery``: attempts and waiting times of documents and of
    statuses. ``lifetime`` and ``status_lifetime``: when an undelivered one is given up. ``unsure``: see
    :class:`Unsure`. ``sending``: what is asked of our own documents. ``signatures``: name of the verification policy
    for what goes out and what comes in, None to verify nothing. ``requests``, ``changes``, ``answer_within``: changes
    at our receivers, and those that we ask for.

    ``wait_for_target``: how long a recall or an update that comes before its document waits for it; then it is a
    conflict.

    ``lease``: how long a worker holds a row without a sign of life. ``batch``: rows and items taken at once (1 to
    1,000). ``ahead``: how many copies are fetched and kept before their turn, at once, where that takes its time and
    the carrier may be called by several threads (0 to 64; 0: each when its turn comes). ``poll_every``: how often each
    axis is asked. ``hook_attempts``: how often the office system is tried before the work is parked. ``breaker_after``
    failures of a carrier in a row let it rest for ``breaker_rest``, doubling up to ``breaker_longest``.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for a number out of its range, a length of time that is
    not positive and a value of another kind; ``unknown-profile``, ``unknown-policy``.
    """

    profile: str = attrs.field(default="qcvn-102", validator=_known_profile)
    delivery: DeliveryPolicy = attrs.field(factory=DeliveryPolicy, validator=needs(DeliveryPolicy))
    lifetime: datetime.timedelta = attrs.field(default=datetime.timedelta(days=5), validator=_positive)
    status_lifetime: datetime.timedelta = attrs.field(default=datetime.timedelta(days=30), validator=_positive)
    unsure: Unsure = attrs.field(default=Unsure.ASK, validator=needs(Unsure))
    sending: SendingRules = attrs.field(factory=SendingRules, validator=needs(SendingRules))
    signatures: str | None = attrs.field(default="vn_default", validator=_known_policy)
    requests: RequestPolicy = attrs.field(factory=RequestPolicy, validator=needs(RequestPolicy))
    changes: ChangePolicy = attrs.field(factory=ChangePolicy, validator=needs(ChangePolicy))
    answer_within: datetime.timedelta = attrs.field(default=datetime.timedelta(days=3), validator=_positive)
    wait_for_target: datetime.timedelta = attrs.field(
        default=datetime.timedelta(hours=1), validator=needs(datetime.timedelta)
    )
    lease: datetime.timedelta = attrs.field(default=datetime.timedelta(minutes=2), validator=_positive)
    batch: int = attrs.field(default=50, validator=_number(1, 1000))
    ahead: int = attrs.field(default=4, validator=_number(0, 64))
    poll_every: datetime.timedelta = attrs.field(default=datetime.timedelta(seconds=10), validator=_positive)
    hook_attempts: int = attrs.field(default=10, validator=_number(1))
    breaker_after: int = attrs.field(default=5, validator=_number(1))
    breaker_rest: datetime.timedelta = attrs.field(default=datetime.timedelta(seconds=30), validator=_positive)
    breaker_longest: datetime.timedelta = attrs.field(default=datetime.timedelta(minutes=10), validator=_positive)
