"""The same wish to send once more: a first try that failed must not stand in the way of a second.

What reached its recipient, or may still do so, is not sent again.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from vndoc.envelope.codes import BussinessDocType
from vndoc.exchange import DeliveryState, LifeState
from vndoc.node._rows import OUT
from vndoc.routing import Plan
from vndoc.store import Document, Unit


def only_missed(unit: Unit, plan: Plan, same: Sequence[Document]) -> Plan:
    """Return *plan* with only those copies that the versions *same* did not bring to their recipients, nor will."""
    kept = (
        attrs.evolve(one, deliveries=tuple(copy for copy in one.deliveries if _is_missed(unit, same, copy.agency.code)))
        for one in plan.submissions
    )
    return attrs.evolve(plan, submissions=tuple(submission for submission in kept if submission.deliveries))


def _is_missed(unit: Unit, same: Sequence[Document], receiver: str) -> bool:
    """Return whether all deliveries to *receiver* have ended, and it has not got the document all the same."""
    found = (unit.documents.delivery(version.id, receiver) for version in same)
    rows = [row for row in found if row is not None]
    if not rows or not all(row.final and row.delivery != DeliveryState.ARRIVED.value for row in rows):
        return False
    if same[0].kind in {BussinessDocType.RECALL, BussinessDocType.UPDATE}:
        return True  # an answer would prove that it came: then the delivery had arrived
    life = unit.lives.get(OUT, same[0].business_key, receiver)
    return life is None or life.state == LifeState.EXPECTED.value
