"""What the sender of a document asks a receiver of ours for: a recall, an update or a replacement of it."""

from __future__ import annotations

import attrs

from vndoc import exchange
from vndoc.errors import ExchangeError
from vndoc.node._effects import About, Carrying
from vndoc.node._known import about_in, life_under, save_life
from vndoc.node._rows import IN, life_of, request_of, request_row
from vndoc.store import Saga


def receive_request(
    carrying: Carrying,
    key: str,
    receiver: str,
    *,
    id_: str,
    kind: exchange.ChangeKind,
    form: exchange.ChangeForm,
    asker: str,
    reason: str,
    document: str | None,
    carrier: str,
) -> None:
    """Take the request to change the document *key* at *receiver*. Raises :class:`ExchangeError`."""
    ctx, unit = carrying.ctx, carrying.unit
    unit.lock(key)
    row = life_under(ctx, unit, IN, key, receiver)
    if row is None:
        raise ExchangeError("change-target-unknown", document=key)
    life = life_of(row)
    receiver = life.receiver
    sagas = [saga for saga in unit.lives.sagas(IN, key) if saga.receiver == receiver]
    others = [request_of(saga) for saga in sagas]
    about = attrs.evolve(about_in(carrying, key, receiver, carrier), reason=reason)

    def received() -> tuple[exchange.Request, exchange.Life, tuple[exchange.Effect, ...]]:
        return exchange.Request.receive(
            id_,
            kind,
            life,
            asker=life.sender if life.sender in ctx.names(asker) else asker,
            at=carrying.at,
            form=form,
            reason=reason,
            policy=ctx.policy.requests,
            others=others,
        )

    try:
        request, new_life, effects = received()
    except ExchangeError as error:
        if error.code != "change-open" or kind is not exchange.ChangeKind.RECALL:
            raise
        others = [end_overtaken(carrying, saga, about, by=id_) for saga in sagas]
        request, new_life, effects = received()
    if request.id not in {other.id for other in others}:
        unit.lives.open(request_row(request, document))
    save_life(carrying, IN, life, new_life)
    carrying.do(effects, attrs.evolve(about, change=request.id))


def end_overtaken(carrying: Carrying, saga: Saga, about: About, *, by: str) -> exchange.Request:
    """Return the request in *saga*: an update or a replacement that waits ends where a recall (*by*) comes, and people
    are told.
    """
    request = request_of(saga)
    if request.is_final or request.kind is exchange.ChangeKind.RECALL:
        return request
    ended, _ = request.overtake()
    carrying.unit.lives.move_saga(request_row(ended, saga.document))
    carrying.conflict("change-open", about, [("document", request.document), ("change", request.id), ("by", by)])
    return ended
