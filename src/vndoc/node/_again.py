"""The same wish to send once more: a first try that failed, or left somebody out, must not stand in its way.

What reached its recipient, or may still do so, is not sent again: under whatever code it went, and also where the table
leads to an heir of the agency meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from vndoc.envelope.codes import BussinessDocType
from vndoc.exchange import DeliveryState, LifeState
from vndoc.node._context import Context
from vndoc.node._rows import OUT
from vndoc.routing import Agency, Plan
from vndoc.routing import Delivery as PlannedDelivery
from vndoc.store import Document, Unit

_CHANGES = frozenset({BussinessDocType.RECALL, BussinessDocType.UPDATE})


def only_missed(ctx: Context, unit: Unit, plan: Plan, same: Sequence[Document]) -> Plan:
    """Return *plan* with only those copies that the versions *same* did not bring to their recipients, nor will.

    A copy that serves several recipients is needed where it is to one of them: the heir of two agencies gets what one
    of them never got.
    """
    passed: dict[str, tuple[Agency, ...]] = {
        result.code: result.resolution.chain for result in plan.results if result.resolution is not None
    }

    def is_missed(copy: PlannedDelivery) -> bool:
        return any(_is_missed(unit, same, _codes(ctx, code, passed[code], copy.agency)) for code in copy.codes)

    kept = (
        attrs.evolve(one, deliveries=tuple(copy for copy in one.deliveries if is_missed(copy)))
        for one in plan.submissions
    )
    return attrs.evolve(plan, submissions=tuple(submission for submission in kept if submission.deliveries))


def _codes(ctx: Context, code: str, passed: Sequence[Agency], agency: Agency) -> list[str]:
    """Return the codes under which the recipient *code* may have got a copy before.

    These are the code on the packet, all that the table knows for those whom the mail has *passed* through (the agency
    meant, its successors and delegates), and for the *agency* that receives it now.
    """
    codes = [code, *ctx.names(agency.code)]
    for one in (*passed, agency):
        codes += [one.code, *(alias.code for alias in one.aliases)]
    return list(dict.fromkeys(codes))


def _is_missed(unit: Unit, same: Sequence[Document], codes: Sequence[str]) -> bool:
    """Return whether the recipient under *codes* has not got the document, and no delivery to it is under way."""
    found = (unit.documents.delivery(version.id, code) for version in same for code in codes)
    rows = [row for row in found if row is not None]
    if not all(row.final and row.delivery != DeliveryState.ARRIVED.value for row in rows):
        return False
    if same[0].kind in _CHANGES:
        return True  # an answer would prove that it came: then the delivery had arrived
    lives = [life for code in codes if (life := unit.lives.get(OUT, same[0].business_key, code)) is not None]
    if not rows:
        return not lives  # it was left out; whom an update added meanwhile has the newer content
    return all(life.state == LifeState.EXPECTED.value for life in lives)
