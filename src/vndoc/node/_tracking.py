"""Everything that a store knows of one document."""

from __future__ import annotations

from typing import Self

import attrs

from vndoc.errors import ExchangeError
from vndoc.store import Delivery, Heard, LifeRow, OutboxRow, Unit

_MOST = 1000
"""Rows of each kind."""


@attrs.frozen(kw_only=True)
class Tracking:
    """Everything that is known of one document: by recipient, and by time. ``direction`` is ``out`` or ``in``."""

    business_key: str
    direction: str
    deliveries: tuple[Delivery, ...]
    lives: tuple[LifeRow, ...]
    history: tuple[Heard, ...]
    messages: tuple[OutboxRow, ...]

    @classmethod
    def of(cls, unit: Unit, business_key: str, direction: str) -> Self:
        """Return what *unit* shows; raise ``document-unknown``."""
        versions = unit.documents.versions(direction, business_key)
        if not versions:
            raise ExchangeError("document-unknown", name=business_key)
        return cls(
            business_key=business_key,
            direction=direction,
            deliveries=tuple(row for v in versions for row in unit.documents.deliveries(v.id, limit=_MOST).rows),
            lives=unit.lives.of(direction, business_key, limit=_MOST).rows,
            history=unit.documents.history(direction, business_key),
            messages=tuple(row for v in versions for row in unit.outbox.of(v.id)),
        )
