"""What a node is told: how long, how often, how strictly. Frozen values with defaults that a gateway can start with."""

from __future__ import annotations

import datetime
import enum

import attrs

from vndoc.exchange import ChangePolicy, DeliveryPolicy, RequestPolicy, SendingRules

__all__ = ["NodePolicy", "Unsure"]


def _positive(instance: object, field: attrs.Attribute[datetime.timedelta], value: datetime.timedelta) -> None:
    """Refuse a length of time that is none: leases and pauses of nothing would be a loop without rest."""
    del instance
    if value <= datetime.timedelta(0):
        raise ValueError(f"{field.name} must be longer than nothing")


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

    Raises :class:`ValueError` for a number out of its range and a length of time that is not positive.
    """

    profile: str = "qcvn-102"
    delivery: DeliveryPolicy = attrs.field(factory=DeliveryPolicy)
    lifetime: datetime.timedelta = attrs.field(default=datetime.timedelta(days=5), validator=_positive)
    status_lifetime: datetime.timedelta = attrs.field(default=datetime.timedelta(days=30), validator=_positive)
    unsure: Unsure = Unsure.ASK
    sending: SendingRules = attrs.field(factory=SendingRules)
    signatures: str | None = "vn_default"
    requests: RequestPolicy = attrs.field(factory=RequestPolicy)
    changes: ChangePolicy = attrs.field(factory=ChangePolicy)
    answer_within: datetime.timedelta = attrs.field(default=datetime.timedelta(days=3), validator=_positive)
    wait_for_target: datetime.timedelta = datetime.timedelta(hours=1)
    lease: datetime.timedelta = attrs.field(default=datetime.timedelta(minutes=2), validator=_positive)
    batch: int = attrs.field(default=50, validator=[attrs.validators.ge(1), attrs.validators.le(1000)])
    ahead: int = attrs.field(default=4, validator=[attrs.validators.ge(0), attrs.validators.le(64)])
    poll_every: datetime.timedelta = attrs.field(default=datetime.timedelta(seconds=10), validator=_positive)
    hook_attempts: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    breaker_after: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    breaker_rest: datetime.timedelta = attrs.field(default=datetime.timedelta(seconds=30), validator=_positive)
    breaker_longest: datetime.timedelta = attrs.field(default=datetime.timedelta(minutes=10), validator=_positive)
