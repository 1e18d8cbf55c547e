"""Counters and gauges in the text format of Prometheus, without a library for it.

Source: Prometheus text exposition format 0.0.4.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

__all__ = ["METRICS", "Metric", "Metrics", "exposition"]


@attrs.frozen
class Metric:
    """One metric: its name without the prefix ``vndoc_``, its type, what it says, and the names of its labels."""

    name: str
    type: str
    help: str
    labels: tuple[str, ...] = ()


def _named(*metrics: Metric) -> Mapping[str, Metric]:
    return MappingProxyType({metric.name: metric for metric in metrics})


METRICS: Mapping[str, Metric] = _named(
    Metric("sent_total", "counter", "Messages that a carrier took over.", ("carrier", "kind")),
    Metric("failed_total", "counter", "Attempts that failed, by error code.", ("carrier", "code")),
    Metric("received_total", "counter", "Copies that came, by what they turned out to be.", ("carrier", "outcome")),
    Metric("settled_total", "counter", "Copies that the axis was told about.", ("carrier",)),
    Metric("events_total", "counter", "Events that a hook has taken.", ("hook",)),
    Metric("hook_failures_total", "counter", "Calls of a hook that failed.", ("hook",)),
    Metric("conflicts_total", "counter", "Contradictions that were recorded, by code.", ("code",)),
    Metric("store_failures_total", "counter", "Failures of the store, by error code.", ("code",)),
    Metric("breaker_open", "gauge", "1 while a carrier rests after failures.", ("carrier",)),
    Metric("outbox_rows", "gauge", "Messages by carrier and state.", ("carrier", "state")),
    Metric("inbox_rows", "gauge", "Copies by carrier and state.", ("carrier", "state")),
    Metric("deliveries", "gauge", "Deliveries to one recipient, by state.", ("state",)),
    Metric("lives", "gauge", "Documents at receivers, by direction and state.", ("direction", "state")),
    Metric("stuck_rows", "gauge", "Rows that nobody owns and that have no next time: always 0."),
    Metric("last_poll_timestamp_seconds", "gauge", "When the axis was last asked with success.", ("carrier",)),
    Metric("up", "gauge", "1 if the store answers."),
)
"""Every metric, by name."""

Samples = Mapping[tuple[str, tuple[str, ...]], float]

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


@attrs.define
class Metrics:
    """The counters of one process. Threads may share it."""

    _values: dict[tuple[str, tuple[str, ...]], float] = attrs.field(factory=dict)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, repr=False)

    def add(self, name: str, *labels: str, by: float = 1) -> None:
        """Add *by* to the counter *name* with these values of its labels."""
        with self._lock:
            key = (name, labels)
            self._values[key] = self._values.get(key, 0) + by

    def set(self, name: str, *labels: str, to: float) -> None:
        """Set the gauge *name*."""
        with self._lock:
            self._values[name, labels] = to

    def samples(self) -> Samples:
        """Return all values as they are now."""
        with self._lock:
            return dict(self._values)


def exposition(samples: Iterable[Samples]) -> str:
    """Return *samples* as text, metrics in the order of :data:`METRICS`, later samples in place of earlier ones."""
    merged: dict[tuple[str, tuple[str, ...]], float] = {}
    for part in samples:
        merged.update(part)
    lines: list[str] = []
    for metric in METRICS.values():
        found = sorted((labels, value) for (name, labels), value in merged.items() if name == metric.name)
        if found:
            full = f"vndoc_{metric.name}"
            lines += [f"# HELP {full} {metric.help}", f"# TYPE {full} {metric.type}"]
            lines += [f"{full}{_labels(metric, labels)} {_number(value)}" for labels, value in found]
    return "\n".join([*lines, ""])


def _number(value: float) -> str:
    """Return *value* with all its digits: a count or a time that is rounded would seem to stand still."""
    return str(int(value)) if value == int(value) else repr(value)


def _labels(metric: Metric, values: tuple[str, ...]) -> str:
    pairs = zip(metric.labels, values, strict=True)
    shown = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs)
    return f"{{{shown}}}" if shown else ""
