"""The node: what joins a store, carriers, a routing table and an office system.

Needs the extra ``store``, and those of the carriers that are used: without ``store``, importing this package raises
:class:`~vndoc.errors.UsageError` ``extra-missing``.
"""

from vndoc.node._pushing import Pushed
from vndoc.node._round import Round
from vndoc.node._sending import NotClearedError, Sent
from vndoc.node._taking import Taken
from vndoc.node._tracking import Tracking
from vndoc.node.breaker import Breaker
from vndoc.node.events import EVENT_KINDS, AtLeastOnce, Event, EventKind, InTransaction
from vndoc.node.health import Health
from vndoc.node.logs import JsonFormatter
from vndoc.node.metrics import METRICS, Metric
from vndoc.node.node import FAILPOINTS, Node
from vndoc.node.policy import NodePolicy, Unsure

__all__ = [
    "EVENT_KINDS",
    "FAILPOINTS",
    "METRICS",
    "AtLeastOnce",
    "Breaker",
    "Event",
    "EventKind",
    "Health",
    "InTransaction",
    "JsonFormatter",
    "Metric",
    "Node",
    "NodePolicy",
    "NotClearedError",
    "Pushed",
    "Round",
    "Sent",
    "Taken",
    "Tracking",
    "Unsure",
]
