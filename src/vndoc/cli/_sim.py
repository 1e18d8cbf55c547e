"""``vndoc sim``: a simulated axis on this machine, until it is stopped."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vndoc.cli._options import AsJson, Language
from vndoc.cli._run import Result, Run, both, running

if TYPE_CHECKING:
    from vndoc.testing.axis import AxisServer, Fault, System

__all__ = ["sim"]

_PORT = 8620
_YEAR = 366 * 24 * 3600


def sim(
    port: Annotated[int, typer.Option("--port", help="sim-port", min=0, max=65_535)] = _PORT,
    host: Annotated[str, typer.Option("--host", help="sim-host")] = "127.0.0.1",
    agencies: Annotated[Path | None, typer.Option("--agencies", help="sim-agencies", show_default=False)] = None,
    faults: Annotated[list[str] | None, typer.Option("--faults", help="sim-faults", show_default=False)] = None,
    data: Annotated[Path | None, typer.Option("--data", help="sim-data", show_default=False)] = None,
    pass_through: Annotated[bool, typer.Option("--pass-through", help="sim-pass-through")] = False,
    max_skew: Annotated[
        int | None, typer.Option("--max-skew", help="sim-max-skew", min=0, max=_YEAR, show_default=False)
    ] = None,
    seconds: Annotated[
        int | None, typer.Option("--seconds", help="sim-seconds", min=0, max=_YEAR, show_default=False)
    ] = None,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Run the simulated axis."""
    with contextlib.ExitStack() as stack:
        stopped = stack.enter_context(_stopping())
        with running("sim", lang, as_json=as_json) as run:
            server = stack.enter_context(
                _server(
                    port=port,
                    host=host,
                    agencies=agencies,
                    faults=faults or [],
                    data=data,
                    rewrite=not pass_through,
                    max_skew=max_skew,
                )
            )
            example = agencies is None
            run.add(None, _result(server, example=example))
            _show(run, server, example=example)
        stopped.wait(seconds)
        run.say(run.word("sim-stopped", packets=server.axis.core.taken_over))


@contextlib.contextmanager
def _server(
    *,
    port: int,
    host: str,
    agencies: Path | None,
    faults: list[str],
    data: Path | None,
    rewrite: bool,
    max_skew: int | None,
) -> Iterator[AxisServer]:
    from vndoc.testing.axis import (  # noqa: PLC0415 - an extra
        EXAMPLE,
        AxisServer,
        AxisSimulator,
        Rewriting,
        load_systems,
    )

    systems = EXAMPLE if agencies is None else load_systems(agencies)
    with (
        AxisSimulator(
            systems,
            faults=faults,
            rewriting=Rewriting() if rewrite else None,
            folder=data,
            max_skew=None if max_skew is None else datetime.timedelta(seconds=max_skew),
        ) as axis,
        AxisServer(axis, host=host, port=port) as server,
    ):
        yield server


@contextlib.contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Give an event that Ctrl+C and SIGTERM set while the block runs: both are the way to end this command."""
    event = threading.Event()
    before = {one: signal.signal(one, lambda *_: event.set()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _result(server: AxisServer, *, example: bool) -> Result:
    from vndoc.testing.axis import FAULTS  # noqa: PLC0415 - as above

    return {
        "status": "passed",
        "url": server.url,
        "folder": str(server.axis.folder),
        "systems": [_system(system, example=example) for system in server.axis.core.systems],
        "faults": [
            {"kind": fault.kind.value, "text": repr(fault), "effect": both(FAULTS[fault.kind])}
            for fault in server.axis.faults.script
        ],
    }


def _system(system: System, *, example: bool) -> Result:
    """Return a system as plain values; its secret only where it is no secret."""
    codes = [agency.code for agency in system.agencies]
    return {"id": system.id, "secret": system.secret if example else None, "agencies": codes}


def _show(run: Run, server: AxisServer, *, example: bool) -> None:
    from vndoc.testing.axis import FAULTS  # noqa: PLC0415 - as above

    run.say(run.word("sim-running", url=server.url), "bold green")
    for key in ("sim-page", "sim-doors"):
        run.say(run.word(key, url=server.url))
    for system in server.axis.core.systems:
        codes = ", ".join(agency.code for agency in system.agencies)
        run.say(run.word("sim-secret" if example else "sim-system", id=system.id, secret=system.secret, codes=codes))
    fault: Fault
    for fault in server.axis.faults.script:
        run.say(run.word("sim-fault", fault=fault.kind.value, effect=FAULTS[fault.kind].render(run.lang)), "yellow")
    if not _is_loopback(server.host):
        run.warn(run.word("sim-open", host=server.host))
    run.say(run.word("sim-stop"))
    run.out.file.flush()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
