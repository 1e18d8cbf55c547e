"""The circuit breaker of one carrier: after failures in a row it rests, then one attempt says whether it works again.

While it rests nothing is claimed and nothing is given up: messages wait in the outbox under their ids. It is no
state of a message, and it is forgotten when the process ends.
"""

from __future__ import annotations

import datetime
import threading

import attrs

from vndoc.node.policy import NodePolicy

__all__ = ["Breaker"]


@attrs.define
class Breaker:
    """Counts failures of one carrier. Times are given to it; it may be asked from several threads."""

    policy: NodePolicy
    failures: int = 0
    opened: int = 0
    open_until: datetime.datetime | None = None
    _lock: threading.Lock = attrs.field(factory=threading.Lock, repr=False)

    def rests(self, at: datetime.datetime) -> datetime.datetime | None:
        """Return until when the carrier rests, None if it may be used at *at*."""
        with self._lock:
            return self.open_until if self.open_until is not None and at < self.open_until else None

    def failed(self, at: datetime.datetime) -> None:
        """Note that the carrier failed at *at*."""
        with self._lock:
            self.failures += 1
            if self.failures >= self.policy.breaker_after:
                steps = min(self.opened, 32)
                rest = min(self.policy.breaker_rest * 2**steps, self.policy.breaker_longest)
                self.open_until = at + rest
                self.opened += 1

    def worked(self) -> None:
        """Note that the carrier worked."""
        with self._lock:
            self.failures, self.opened, self.open_until = 0, 0, None
