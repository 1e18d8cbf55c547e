"""One connection to RabbitMQ, used as if it were synchronous, with a deadline around everything.

It stands on pika's :class:`~pika.SelectConnection`, whose loop is run only while something is waited for: the blocking
adapter of pika waits for a confirmation without any limit.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import attrs
import pika
from pika import exceptions, spec
from pika.adapters.select_connection import IOLoop
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout

from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError

_CLOSING_SECONDS: Final = 2.0
"""How long a broker may take to say goodbye."""

_OURS: Final = {403: "carrier-credentials", 530: "carrier-configuration"}
"""Reply codes that mean that this system asked for something it cannot have."""

_OURS_DECLARING: Final = {405: "carrier-configuration", 406: "carrier-configuration"}
"""The same while something is declared. Later they, and 404, tell of queues that moved, or deliveries held too long."""


@attrs.frozen(kw_only=True)
class Message:
    """One message: on its way out (without ``tag``), or got and not yet acknowledged."""

    key: str
    properties: Any = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    tag: int = 0


def parameters_of(url: str, tls: ssl.SSLContext | None, seconds: float) -> Any:
    """Return pika's parameters for *url*.

    Raises ``ValueError``, ``TypeError`` or, for ``ssl_options``, ``SyntaxError``; their texts may hold a password.
    """
    parameters = pika.URLParameters(url)
    if parameters.ssl_options is not None or tls is not None:
        parameters.ssl_options = pika.SSLOptions(tls or ssl.create_default_context(), parameters.host)
    parameters.socket_timeout = parameters.stack_timeout = seconds
    parameters.connection_attempts = 1
    return parameters


class Session:
    """An open connection with one channel in confirm mode. Raises :class:`TransportError` only.

    *seconds* is the deadline of each call. After an error of the other side the session is of no more use.
    """

    def __init__(self, parameters: Any, *, seconds: float, carrier: str) -> None:
        self._seconds = seconds
        self._carrier = carrier
        self._lost: BaseException | None = None
        self._expired = False
        self._asked = False
        self._declaring = False
        self._channel: Any = None
        self._published = 0
        self._unconfirmed: set[int] = set()
        self._nacked = 0
        self._returned: list[str] = []
        self._got: list[Message | None] = []
        self._loop = IOLoop()
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=self._note,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
            custom_ioloop=self._loop,
        )
        try:
            # pika itself gives up after the stack's time-out; ours is for what comes before, such as looking up names
            self._until(lambda: self._connection.is_open, extra=_CLOSING_SECONDS)
            self._connection.channel(on_open_callback=self._on_channel)
            self._until(lambda: self._channel is not None)
            self.call("confirm_delivery", self._on_confirmed)
        except TransportError:
            self.close()
            raise

    # -- waiting -----------------------------------------------------------------------------------

    def _until(self, done: Callable[[], bool], retry: Retry = Retry.SAFE, *, extra: float = 0) -> None:
        """Run the loop until *done*; the connection lost and the deadline passed are errors with *retry*."""
        self._expired = False
        self._asked = True
        timer = self._loop.call_later(self._seconds + extra, self._on_expired)
        try:
            while not done():
                if self._lost is not None:
                    raise self._why_lost(self._lost, retry)
                if self._expired:
                    raise PeerFaultError("carrier-timeout", carrier=self._carrier, seconds=self._seconds, retry=retry)
                self._loop.start()
            self._asked = False
        finally:
            self._loop.remove_timeout(timer)

    def _note(self, *_: object) -> None:
        self._loop.stop()

    def _on_expired(self) -> None:
        self._expired = True
        self._loop.stop()

    def _on_lost(self, _: object, reason: BaseException) -> None:
        self._lost = self._lost or reason
        self._loop.stop()

    def _on_channel(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_lost)
        channel.add_on_return_callback(self._on_returned)
        channel.add_callback(self._on_empty, [spec.Basic.GetEmpty], one_shot=False)
        self._channel = channel
        self._loop.stop()

    def _why_lost(self, reason: BaseException, retry: Retry) -> TransportError:
        """Return the error for a connection or channel that ended with *reason*."""
        chain = list(_causes(reason))
        for cause in chain:
            if _refused(cause, exceptions.ProbableAuthenticationError) or isinstance(
                cause, exceptions.AuthenticationError
            ):
                return OwnFaultError("carrier-credentials", carrier=self._carrier, detail=type(cause).__name__)
            if _refused(cause, exceptions.ProbableAccessDeniedError):
                return OwnFaultError("carrier-configuration", carrier=self._carrier, detail="virtual host")
            if isinstance(cause, AMQPConnectorStackTimeout | exceptions.ConnectionOpenAborted):
                return PeerFaultError("carrier-timeout", carrier=self._carrier, seconds=self._seconds)
            if isinstance(cause, exceptions.ChannelClosed | exceptions.ConnectionClosed):
                ours = _OURS | _OURS_DECLARING if self._declaring else _OURS
                if cause.reply_code in ours:
                    return _own(ours[cause.reply_code], self._carrier, cause.reply_text)
                return _lost(self._carrier, f"{cause.reply_code} {cause.reply_text}", retry)
        if self._channel is None:
            detail = next((str(c) for c in reversed(chain) if isinstance(c, OSError)), type(chain[-1]).__name__)
            return PeerFaultError("carrier-unreachable", carrier=self._carrier, detail=detail)
        return _lost(self._carrier, type(chain[-1]).__name__, retry)

    # -- what can be asked -------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a call ended before its answer came: the next answer could be taken for that of another call."""
        return self._asked

    @property
    def usable(self) -> bool:
        """Whether the connection is still there, after a look at what came in meanwhile."""
        if self._lost is None:
            self._loop.add_callback_threadsafe(self._loop.stop)
            self._loop.start()
        return self._lost is None

    def call(self, method: str, *args: object, **kwargs: object) -> None:
        """Call a *method* of the channel and wait for its answer."""
        answered: list[object] = []
        self._declaring = method.endswith("_declare")

        def answer(frame: object) -> None:
            answered.append(frame)
            self._loop.stop()

        with self._errors(Retry.SAFE):
            getattr(self._channel, method)(*args, callback=answer, **kwargs)
            self._until(lambda: bool(answered))
        self._declaring = False

    def publish(self, exchange: str, messages: Sequence[Message]) -> tuple[str, ...]:
        """Publish all *messages* and wait until the broker has each; return the keys of those nobody waits for.

        What fails after the first one was handed over leaves it unknown what the broker has.
        """
        self._returned.clear()
        self._nacked = 0
        with self._errors(Retry.UNKNOWN):
            for message in messages:
                self._published += 1
                self._unconfirmed.add(self._published)
                self._channel.basic_publish(exchange, message.key, message.body, message.properties, mandatory=True)
            self._until(lambda: not self._unconfirmed, Retry.UNKNOWN)
        if self._nacked:
            retry = Retry.SAFE if self._nacked == len(messages) else Retry.UNKNOWN
            raise PeerFaultError("carrier-failed", carrier=self._carrier, detail="basic.nack", retry=retry)
        return tuple(self._returned)

    def get(self, queue: str) -> Message | None:
        """Return the next message of *queue*, not acknowledged, or None if there is none."""
        self._got.clear()
        with self._errors(Retry.SAFE):
            self._channel.basic_get(queue, self._on_got)
            self._until(lambda: bool(self._got))
        return self._got.pop()

    def settle(self, tags: Sequence[int], *, done: bool) -> None:
        """Acknowledge the messages with *tags*, or give them back, and wait until the broker knows."""
        with self._errors(Retry.SAFE):
            for tag in tags:
                if done:
                    self._channel.basic_ack(tag)
                else:
                    self._channel.basic_nack(tag, requeue=True)
        self.call("basic_qos")  # acknowledgements are not answered; this is, and after them

    def close(self) -> None:
        """Take leave of the broker, or just go if it does not answer."""
        connection = self._connection
        if not (connection.is_closed or connection.is_closing):
            connection.close()
        self._drain()
        if not connection.is_closed:
            # there is no public way to leave a broker that says nothing; without it the socket stays open
            connection._terminate_stream(None)  # noqa: SLF001
            self._drain()
        self._loop.close()

    def _drain(self) -> None:
        """Run the loop until the connection is closed, and once more, for then the socket is closed; not for long."""
        deadline = time.monotonic() + _CLOSING_SECONDS
        while not self._connection.is_closed and time.monotonic() < deadline:
            timer = self._loop.call_later(deadline - time.monotonic(), self._loop.stop)
            self._loop.start()
            self._loop.remove_timeout(timer)
        self._loop.add_callback_threadsafe(self._loop.stop)
        self._loop.start()

    @contextlib.contextmanager
    def _errors(self, retry: Retry) -> Iterator[None]:
        """Turn what pika raises at once into what the loop would have told."""
        try:
            yield
        except exceptions.AMQPError as error:
            raise self._why_lost(self._lost or error, retry) from error

    # -- what the broker says ----------------------------------------------------------------------

    def _on_confirmed(self, frame: Any) -> None:
        method = frame.method
        tags = {tag for tag in self._unconfirmed if tag <= method.delivery_tag} if method.multiple else set()
        tags |= {method.delivery_tag} & self._unconfirmed
        self._unconfirmed -= tags
        if isinstance(method, spec.Basic.Nack):
            self._nacked += len(tags)
        if not self._unconfirmed:
            self._loop.stop()

    def _on_returned(self, _channel: object, method: Any, _properties: object, _body: bytes) -> None:
        self._returned.append(method.routing_key)

    def _on_got(self, _channel: object, method: Any, properties: object, body: bytes) -> None:
        self._got.append(Message(key=method.routing_key, properties=properties, body=body, tag=method.delivery_tag))
        self._loop.stop()

    def _on_empty(self, _frame: object) -> None:
        self._got.append(None)
        self._loop.stop()


def _causes(error: object) -> Iterator[BaseException]:
    """Yield *error* and what pika packed into it, which it does in three ways."""
    if isinstance(error, BaseException):
        yield error
        for inner in (*error.args, getattr(error, "exception", None), *getattr(error, "exceptions", ())):
            yield from _causes(inner)


def _own(code: str, carrier: str, detail: str) -> OwnFaultError:
    return OwnFaultError(code, carrier=carrier, detail=detail)


def _refused(cause: BaseException, kind: type[BaseException]) -> bool:
    """Return whether the broker itself refused: pika guesses so, too, where the line broke while it was opened.

    A broker that this carrier works with (RabbitMQ 3.10 or later) says it in words before it closes.
    """
    return isinstance(cause, kind) and exceptions.ConnectionClosedByBroker.__name__ in str(cause)


def _lost(carrier: str, detail: str, retry: Retry) -> PeerFaultError:
    return PeerFaultError("carrier-interrupted", carrier=carrier, detail=detail, retry=retry)
