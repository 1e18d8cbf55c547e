"""From HTTP to a call and back: the only module of the simulator that knows about ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute
from starlette.types import Receive, Scope, Send

from vndoc.errors import VndocError
from vndoc.testing.axis._asking import AXIS_FAULT, JSON_BYTES, Answer, Ask, Body, Face, Intake, Route
from vndoc.testing.axis._office import Office
from vndoc.testing.axis._web import Pages
from vndoc.testing.axis.faults import FaultKind
from vndoc.testing.axis.records import refuse
from vndoc.text import Text

__all__ = ["CONNECTION", "Doors"]

CONNECTION = "vndoc.connection"
"""Key of ``scope["state"]`` under which a server may put the connection: a transport of asyncio."""

_FORM_BYTES = 64 * 1024
"""What a form may hold beside the packet."""

HTML = b"<!DOCTYPE html><html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"


class Doors:
    """The ASGI application behind the simulator."""

    def __init__(self, office: Office, faces: Iterable[Face]) -> None:
        self._office = office
        routes = [
            WebRoute(route.path, self._endpoint(face, route), methods=[route.method])
            for face in faces
            for route in face.routes()
        ]
        self._app = Starlette(routes=[*routes, *Pages(office).routes()])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    def _endpoint(self, face: Face, route: Route) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            ask, instead = await self._asked(face, route, request)
            if instead is not None:
                return instead
            try:
                answer = await self._taken(face, route, request, ask)
            finally:
                if ask.body.path is not None and not ask.body.kept:
                    ask.body.path.unlink(missing_ok=True)
            return Delivery(answer, ask)

        return endpoint

    async def _asked(self, face: Face, route: Route, request: Request) -> tuple[Ask, Response | None]:
        """Return the call without its body, and the answer of a fault that leaves it undone."""
        headers: dict[str, list[str]] = {}
        for name, value in request.headers.items():
            headers.setdefault(name, []).append(value.strip(" \t"))
        system, agency = face.claims(headers)
        due = self._office.faults.due(route.operation, route.meaning, face.name, system=system, agency=agency)
        for fault in due.get(FaultKind.DELAY, ()):
            await asyncio.sleep(fault.seconds)
        skew = sum(fault.seconds for fault in due.get(FaultKind.CLOCK_SKEW, ()))
        ask = Ask(
            operation=route.operation,
            headers=headers,
            query=dict(request.query_params),
            body=Body(0, b"", None),
            at=self._office.clock() + datetime.timedelta(seconds=skew),
            due=due,
        )
        if FaultKind.DROP in due:
            return ask, Delivery(None, ask)
        instead = _instead(face, ask)
        return ask, None if instead is None else Delivery(instead, ask)

    async def _taken(self, face: Face, route: Route, request: Request, ask: Ask) -> Answer:
        """Take the body in and do what is asked."""
        try:
            await self._body(route, request, ask)
            return await run_in_threadpool(route.handle, ask)
        except (VndocError, OSError) as error:
            return self._office.failure(face, error)

    async def _body(self, route: Route, request: Request, ask: Ask) -> None:
        limit = self._office.limits.packet_bytes + _FORM_BYTES if route.takes_file else JSON_BYTES
        path = self._office.new_path() if route.takes_file else None
        intake = Intake(path)
        ask.body.path = path  # removed with the call, whatever becomes of it
        with contextlib.closing(intake):
            async for piece in request.stream():
                intake.write(piece)
                if intake.size > limit:
                    raise refuse("carrier-too-big", size=intake.size, limit=limit)
            ask.body = intake.finish()


def _instead(face: Face, ask: Ask) -> Answer | None:
    """Return the answer of a fault after which nothing is done."""
    if FaultKind.STATUS in ask.due:
        status = ask.due[FaultKind.STATUS][0].status
        text = f"HTTP {status}".encode()
        return Answer(lambda: [text], len(text), status, "text/plain")
    if FaultKind.REDIRECT in ask.due:
        return Answer(list, 0, 302, "text/plain", (("location", "/elsewhere"),))
    if FaultKind.HTML in ask.due:
        return Answer(lambda: [HTML], len(HTML), media_type="text/html")
    if FaultKind.NONSENSE in ask.due:
        return Answer(lambda: [b'["?"]'], 5)
    if FaultKind.FAILURE in ask.due:
        return face.failure(AXIS_FAULT, _ON_PURPOSE)
    return None


_ON_PURPOSE = Text("lỗi giả lập", "a fault on purpose")


class Delivery(Response):
    """Sends an answer, or less of it: None closes the connection without one."""

    def __init__(self, answer: Answer | None, ask: Ask) -> None:
        super().__init__()
        self._answer = answer
        self._ask = ask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        answer = self._answer
        if answer is None or self._ask.has(FaultKind.RECEIPT_LOST):
            await _cut(scope, receive)
            return
        half = self._ask.has(FaultKind.HALF)
        headers = [(b"content-type", answer.media_type.encode())]
        headers += [(name.encode(), value.encode()) for name, value in answer.headers]
        if answer.size is not None:
            headers.append((b"content-length", str(answer.size).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if half:
            async for piece in _half_of(answer):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await _cut(scope, receive)
            return
        async for piece in iterate_in_threadpool(iter(answer.pieces())):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _half_of(answer: Answer) -> AsyncIterator[bytes]:
    """Yield half of the body; of one whose size is not known, half of its first piece."""
    left = None if answer.size is None else answer.size // 2
    async for piece in iterate_in_threadpool(iter(answer.pieces())):
        if left is None:
            yield piece[: len(piece) // 2]
            return
        yield piece[:left]
        left -= min(left, len(piece))
        if not left:
            return


async def _cut(scope: Scope, receive: Receive) -> None:
    """Close the connection, after what was sent has gone out, and wait until it is closed.

    A server that gives the application no connection gets an exception instead.
    """
    connection = scope.get("state", {}).get(CONNECTION)
    if connection is None:
        raise ConnectionAbortedError(_NO_CONNECTION)
    connection.close()
    with contextlib.suppress(ClientDisconnect):
        while (await receive())["type"] != "http.disconnect":
            continue


_NO_CONNECTION = "the simulated axis closes the connection on purpose"
