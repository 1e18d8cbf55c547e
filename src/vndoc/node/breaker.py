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
            until = self.open_until
            if until is None or not at < until <= at + self.policy.breaker_longest:
                return None  # the second half: a clock that was set back must not let it rest for a day
            return until

    def failed(self, at: datetime.datetime) -> None:
        """Note that the carrier failed at *at*."""
        with self._lock:
            self.failures += 1
            if self.failures >= self.policy.breaker_after:
                steps = min(self.opened, 32)
                rest = min(self.policy.breaker_rest * 2**steps, self.policy.breaker_longest)
                self.open_until = at + rest
                self.opened += 1

    def rest(self, at: datetime.datetime) -> datetime.datetime:
        """Let the carrier rest at once, whatever it did before; return until when."""
        with self._lock:
            self.failures = max(self.failures, self.policy.breaker_after - 1)
        self.failed(at)
        return self.rests(at) or at

    def worked(self) -> None:
        """Note that the carrier worked."""
        with self._lock:
            self.failures, self.opened, self.open_until = 0, 0, None
