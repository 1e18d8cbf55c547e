"""``vndoc node``: a gateway from the command line."""

from __future__ import annotations

import datetime
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import attrs
import typer

import vndoc
from vndoc.cli._inputs import inputs
from vndoc.cli._node_http import listening
from vndoc.cli._node_opening import open_node, retention_of
from vndoc.cli._node_progress import Progress, logging_as_json, moment, notes, nothing_yet
from vndoc.cli._node_settings import read_settings
from vndoc.cli._options import AsJson, Files, Language
from vndoc.cli._run import Result, Run, error_dict, running
from vndoc.envelope import DocumentPacket
from vndoc.errors import ExchangeError, StoreError, UsageError
from vndoc.exchange import DELIVERY, LIFE, DeliveryState, LifeState, NotSecret
from vndoc.text import shorten

__all__ = ["dead", "node", "poll", "run_node", "send", "status", "tidy"]

node = typer.Typer(name="node", no_args_is_help=True, add_completion=False, rich_markup_mode=None)
"""The group of commands."""

_TRIES: Final = 8
"""Rounds in a row that fail because the store is gone, until a run that is to end ends: half a minute of pauses."""
_Config = Annotated[Path, typer.Option("--config", help="node-config", show_default=False)]


@contextmanager
def _opened(config: Path) -> Iterator[Any]:
    """Give the node of *config*, and close its store and carriers."""
    made = open_node(read_settings(config))
    try:
        yield made
    finally:
        made.close()


# -- send ------------------------------------------------------------------------------------------------


@node.command("send", help="node-send")
def send(
    files: Files,
    config: _Config,
    not_secret_by: Annotated[str, typer.Option("--not-secret-by", help="node-not-secret", show_default=False)],
    exclude: Annotated[list[str] | None, typer.Option("--exclude", help="node-exclude", show_default=False)] = None,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Accept documents to send."""
    with running("node-send", lang, as_json=as_json) as run, _opened(config) as gateway:

        def accept(item: Any) -> Result:
            with vndoc.read(item.check()) as reading:
                packet = reading.packet
                if not isinstance(packet, DocumentPacket):
                    raise UsageError("wrong-packet-kind", expected="DocumentPacket", found=type(packet).__name__)
                return _send(gateway, packet, not_secret_by, exclude or [])

        run.each(inputs(files), accept, lambda name, result: _show_sent(run, name, result))


def _send(gateway: Any, packet: DocumentPacket, declared_by: str, exclude: Iterable[str]) -> Result:
    from vndoc.node import NotClearedError  # noqa: PLC0415 - needs the extra of the store

    declared = NotSecret(
        declared_by=declared_by, at=datetime.datetime.now(datetime.UTC), digest=vndoc.content_digest(packet)
    )
    try:
        sent = gateway.send(packet, not_secret=declared, exclude=exclude)
    except NotClearedError as error:
        findings = error.clearance.findings if error.clearance is not None else ()
        return {"status": "failed", "accepted": None, "findings": [_finding(one) for one in findings]}
    accepted = {
        "document": sent.document,
        "business_key": sent.business_key,
        "version": sent.version,
        "messages": list(sent.messages),
        "change": sent.change,
        "repeated": sent.repeated,
    }
    return {"status": "passed", "accepted": accepted, "findings": [_finding(one) for one in sent.clearance.findings]}


def _finding(finding: Any) -> dict[str, Any]:
    text = {"vi": finding.text("vi"), "en": finding.text("en")}
    return {"id": finding.id, "severity": finding.severity.value, "text": text}


def _show_sent(run: Run, name: str, result: Result) -> None:
    accepted = result["accepted"]
    if accepted is None:
        run.say(run.word("node-not-cleared", name=name), style="red")
    else:
        word = "node-repeated" if accepted["repeated"] else "node-accepted"
        run.say(run.word(word, key=accepted["business_key"], version=accepted["version"]), style="green")
        for message in accepted["messages"]:
            run.say(run.word("node-message", id=message))
    for finding in result["findings"]:
        run.say(f"  {finding['text'][run.lang]} [{finding['id']}]")


# -- poll and run ----------------------------------------------------------------------------------------


@node.command("poll", help="node-poll")
def poll(config: _Config, as_json: AsJson = False, lang: Language = None) -> None:
    """Ask every axis once."""
    with running("node-poll", lang, as_json=as_json) as run, _opened(config) as gateway, notes(run) as noted:
        for name, taken in gateway.poll().items():
            counts = attrs.asdict(taken, filter=lambda field, _: field.name != "more")  # one call asks for everything
            status = "indeterminate" if taken.failed else "passed"
            run.add(name, {"status": status, **counts, "last_error": noted.error_of(name)})
            run.say(run.word("node-polled", carrier=name, **counts))


@node.command("run", help="node-run")
def run_node(
    config: _Config,
    listen: Annotated[str | None, typer.Option("--listen", help="node-listen", show_default=False)] = None,
    once: Annotated[bool, typer.Option("--once", help="node-once")] = False,
    log: Annotated[bool, typer.Option("--log", help="node-log")] = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Work until told to stop."""
    with running("node-run", lang, as_json=as_json) as run, logging_as_json(sys.stderr) if log else notes(run):
        total, failed = nothing_yet(), None
        try:
            _run(run, config, listen, total, once=once)
        except StoreError as error:
            if not once or not _passes(error):
                raise
            failed = error
            run.warn(run.error_line(error), style="red")
        bad = failed is not None or (once and total["failures"] > 0)  # a run without an end gets over failures
        last = None if failed is None else error_dict(failed)
        run.add(None, {"status": "indeterminate" if bad else "passed", **total, "last_error": last})
        run.say(run.word("node-stopped", **total))


def _run(run: Run, config: Path, listen: str | None, total: dict[str, int], *, once: bool) -> None:
    """Let the node of *config* work and count in *total*: until it is told to stop, or *once*."""
    stop = threading.Event()
    with _opened(config) as gateway, listening(listen, gateway) as address, _until_signal(stop):
        progress = Progress(run, gateway.health, total)

        def each(done: Any) -> None:
            progress.each(done)
            if once and done.idle and not done.received:
                stop.set()

        run.say(run.word("node-starts", agencies=", ".join(gateway.own), carriers=", ".join(gateway.carriers)))
        if address is not None:
            run.say(run.word("node-listening", address=address))
        run.out.file.flush()
        with progress.shown():
            gateway.run(stop, each=each, tries=_TRIES if once else None)


def _passes(error: StoreError) -> bool:
    """Return whether the store may be there again later."""
    from vndoc.store import TRANSIENT  # noqa: PLC0415 - needs the extra of the store

    return error.code in TRANSIENT


@contextmanager
def _until_signal(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT ask for the end of the round; the handlers from before come back afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# -- status and dead -------------------------------------------------------------------------------------


@node.command("status", help="node-status")
def status(
    config: _Config,
    keys: Annotated[list[str] | None, typer.Argument(help="node-keys", show_default=False)] = None,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Show how the node is, or how far documents have come."""
    with running("node-status", lang, as_json=as_json) as run, _opened(config) as gateway:
        if not keys:
            _health(run, gateway.health())
        for key in keys or ():
            for tracking in _found(gateway, key):
                _track(run, tracking)


def _found(gateway: Any, key: str) -> list[Any]:
    """Return what is known of the document *key*: that it was sent, that it came, or both."""
    found, missing = [], None
    for direction in ("out", "in"):
        try:
            found.append(gateway.track(key, direction=direction))
        except ExchangeError as error:
            missing = error
    if not found and missing is not None:
        raise missing
    return found


def _health(run: Run, health: Any) -> None:
    found = health.to_dict()
    run.add(None, {"status": "passed" if health.ready else "indeterminate", "health": found, "tracking": None})
    yes_no = {True: run.word("node-yes"), False: run.word("node-no")}
    shown = {**found, "alive": yes_no[health.alive], "ready": yes_no[health.ready]}
    run.say(run.word("node-health", **shown))
    if health.error:
        run.say(run.word("node-error", error=health.error), style="red")


def _track(run: Run, tracking: Any) -> None:
    lives = {row.receiver: row.state for row in tracking.lives}
    deliveries = [
        {"recipient": row.recipient, "delivery": row.delivery, "life": lives.get(row.recipient), "final": row.final}
        for row in tracking.deliveries
    ]
    heard = [
        {
            "at": row.at.isoformat(),
            "receiver": row.receiver,
            "version": row.version,
            "code": row.code,
            "change": row.change,
            "description": shorten(row.description or "", 1000),
        }
        for row in tracking.history
    ]
    found = {
        "business_key": tracking.business_key,
        "direction": tracking.direction,
        "deliveries": deliveries,
        "lives": [{"receiver": receiver, "life": state} for receiver, state in lives.items()],
        "history": heard,
    }
    run.add(tracking.business_key, {"status": "passed", "health": None, "tracking": found})
    run.say(run.word(f"node-track-{tracking.direction}", key=tracking.business_key), style="bold")
    for one in deliveries:
        state = DELIVERY.texts[DeliveryState(one["delivery"])].render(run.lang)
        run.say("  " + run.word("node-delivery", recipient=one["recipient"], delivery=state))
    for receiver, life in lives.items():
        state = LIFE.texts[LifeState(life)].render(run.lang)
        run.say("  " + run.word("node-life", receiver=receiver, life=state))
    for entry in tracking.history:
        text = run.word("node-heard", at=moment(entry.at), receiver=entry.receiver, code=entry.code)
        run.say(f"  {text}" + (f": {shorten(entry.description, 200)}" if entry.description else ""))


@node.command("dead", help="node-dead")
def dead(
    config: _Config,
    retry: Annotated[list[str] | None, typer.Option("--retry", help="node-retry", show_default=False)] = None,
    give_up: Annotated[list[str] | None, typer.Option("--give-up", help="node-give-up", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", help="node-limit", min=1, max=1000)] = 100,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """List what waits for an operator, and decide about it."""
    with running("node-dead", lang, as_json=as_json) as run, _opened(config) as gateway:
        for name, act in (("node-retried", gateway.retry), ("node-given-up", gateway.give_up)):
            for key in (retry if name == "node-retried" else give_up) or ():
                act(key)
                run.add(key, {"status": "passed", "done": name.removeprefix("node-"), "row": None})
                run.say(run.word(name, id=key))
        if not retry and not give_up:
            _list_dead(run, gateway, limit)


def _list_dead(run: Run, gateway: Any, limit: int) -> None:
    after: str | None = None
    left = limit
    while left > 0:
        rows, after = gateway.dead(after=after, limit=left)
        for row in rows:
            view = _dead_view(row)
            run.add(view["id"], {"status": "failed", "done": None, "row": view})
            run.say(run.word("node-dead-row", **{**view, "detail": view["detail"] or ""}))
        left -= len(rows)
        if after is None:
            break
    if left == limit:
        run.say(run.word("node-dead-none"))


# -- tidy ------------------------------------------------------------------------------------------------


@node.command("tidy", help="node-tidy")
def tidy(config: _Config, as_json: AsJson = False, lang: Language = None) -> None:
    """Delete what the configuration keeps no longer, and contents that nobody names."""
    with running("node-tidy", lang, as_json=as_json) as run:
        kept = retention_of(read_settings(config))
        with _opened(config) as gateway:
            now = datetime.datetime.now(datetime.UTC)
            purged = None if kept is None else _purged(gateway.store, kept, now)
            collected = gateway.store.collect(now=now)
        run.add(None, {"status": "passed", "purged": purged, "collected": collected})
        run.say(run.word("node-kept-all") if purged is None else run.word("node-purged", **purged))
        run.say(run.word("node-collected", count=collected))


def _purged(store: Any, kept: Any, now: datetime.datetime) -> dict[str, int]:
    total: Counter[str] = Counter()
    while True:
        done = store.purge(kept, now=now)
        total.update(attrs.asdict(done))
        if not done.total:
            return dict(total)


def _dead_view(row: Any) -> dict[str, Any]:
    return {
        "id": getattr(row, "message_id", None) or row.id,
        "kind": row.kind,
        "carrier": row.carrier,
        "attempts": row.attempts,
        "code": row.code,
        "detail": None if row.detail is None else shorten(row.detail, 300),
    }
