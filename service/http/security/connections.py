"""The HTTP/1.1 protocol: uvicorn's on h11, hardened against slow clients, with refusals that always arrive.

h11 because httptools accepts headers without limit.
"""

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

import h11
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.http.security.lingering import STOPPING_S, LingeringTransport
from service.http.security.patience import Countdown, Patience
from service.http.security.refusals import HEAD_TOO_LARGE, MALFORMED, STOPPING, TOO_SLOW, Refusal

log = logging.getLogger("fcn_serve.connections")
log.setLevel(logging.ERROR)  # uvicorn warns of every invalid request; here they are counted

READ_AT_ONCE = 64 * 1024
NO_LINGER = struct.pack("ii", 1, 0)
"""C's `struct linger`: on, for no seconds."""
INCOMPLETE = {h11.IDLE, h11.SEND_BODY, h11.ERROR}
"""The client's states in which a request that has begun has not ended."""


class PatientProtocol(H11Protocol):
    """One connection. It is looked at every few seconds, and closed when its client is too slow."""

    patience: ClassVar[Patience] = Patience()
    count: ClassVar[Callable[[int, str], None]]
    transport: LingeringTransport  # type: ignore[assignment]  # asyncio's own, but for its close()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = log
        self._application, self.app = self.app, self._respond
        self._countdown = Countdown(self.patience, self.loop.time)
        self._begun = False  # bytes of the next request have arrived
        self._cycle_seen: object = None
        self._unsent, self._moved = 0, self.loop.time()
        self._look: asyncio.TimerHandle | None = None

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application. Its response leaves once the request's body has arrived, and says what becomes of the
        connection."""

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._discard_body(receive)
                message["headers"] = [*message.get("headers", ()), *self._connection_headers()]
            await send(message)

        await self._application(scope, receive, send_after_body)

    async def _discard_body(self, receive: Receive) -> None:
        """Read what the application has left unread of a body, up to a limit, and while it keeps arriving.

        Many clients read nothing before they have sent everything, and some proxies (load balancers, those written in
        Go) lose a response that arrives earlier. A client that asks before it sends (`Expect: 100-continue`) is not
        made to send, and one that announces more than the limit is not waited for.
        """
        declared = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
        left = self.patience.discard
        if self.cycle.waiting_for_100_continue or declared > left:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as pause:
                while self.cycle.more_body and left > 0 and not self.cycle.disconnected:
                    pause.reschedule(self.loop.time() + self.patience.pause_s)
                    message = await receive()
                    left -= len(message.get("body", b""))

    def _connection_headers(self) -> list[tuple[bytes, bytes]]:
        if self.cycle.more_body or not self.cycle.keep_alive:
            return [(b"connection", b"close")]
        if self.conn.their_state is h11.DONE:
            return [(b"connection", b"keep-alive"), (b"keep-alive", b"timeout=%d" % self.patience.keep_alive_s)]
        return []  # h11 writes that it closes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        # Read in portions, so that other connections have their turn between them: in chunks of one byte each, the
        # quarter mebibyte that asyncio reads at once takes half a second to parse.
        transport.max_size = READ_AT_ONCE  # type: ignore[attr-defined]
        lingering = LingeringTransport(transport, self._is_sending, self.patience, self.loop.time)
        super().connection_made(lingering)  # type: ignore[arg-type]
        self._countdown.start(self.patience.head_s)
        self._look_in(self.patience.between_looks_s)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._look is not None:
            self._look.cancel()

    def data_received(self, data: bytes) -> None:
        if self.transport.lingering:
            self.transport.discard(data)
            return
        self._begun = True
        if not self._countdown.running:  # the connection was idle
            self._countdown.start(self.patience.head_s)
        super().data_received(data)
        if self.cycle is not self._cycle_seen:  # a request's head is complete
            self._cycle_seen = self.cycle
            self._countdown.start(self.patience.grace_s)
            if {name for name, _ in self.headers} >= {b"content-length", b"transfer-encoding"}:
                self.cycle.keep_alive = False  # RFC 9112, 6.3: the body may smuggle a second request
        elif self._is_receiving():
            self._countdown.extend(len(data))

    def on_response_complete(self) -> None:
        self._begun = self.conn.trailing_data[0] != b""
        self._countdown.start(self.patience.head_s) if self._begun else self._countdown.stop()
        super().on_response_complete()

    def shutdown(self) -> None:
        """The server stops: refuse a request that is still arriving, finish an answer that is on its way."""
        if self._is_receiving():
            self._refuse(STOPPING)
        if self.transport.lingering:
            self.transport.hurry()
            self._look_in(STOPPING_S)
        else:
            super().shutdown()

    def _is_sending(self) -> bool:
        """Whether the client has begun a request, and not ended it."""
        return self._begun and self.conn.their_state in INCOMPLETE

    def _is_receiving(self) -> bool:
        """Whether a body is arriving for a request that has not been answered."""
        cycle = self.cycle
        return cycle is not None and cycle.more_body and not cycle.response_started and not self.transport.is_closing()

    def _look_in(self, seconds: float) -> None:
        if self._look is not None:
            self._look.cancel()
        self._look = self.loop.call_later(seconds, self._judge)

    def _judge(self) -> None:
        """Close the connection if its client is too slow, else look again later."""
        if self._reads_too_slowly():
            # Reset, not closed: the kernel would keep what is unsent, megabytes of it, for minutes.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self.transport.abort()
        elif self.transport.lingering:
            self.transport.give_up_if_expired()
        elif not self.transport.is_closing() and self._sends_too_slowly():
            self._refuse(TOO_SLOW)
        self._look_in(self.patience.between_looks_s)

    def _reads_too_slowly(self) -> bool:
        """Whether the client reads less of an answer than the least rate."""
        unsent, now = self.transport.get_write_buffer_size(), self.loop.time()
        if unsent == 0 or unsent > self._unsent or self._unsent - unsent >= self.patience.rate * self.patience.grace_s:
            self._unsent, self._moved = unsent, now
        return unsent > 0 and now - self._moved > self.patience.grace_s

    def _sends_too_slowly(self) -> bool:
        if self.flow.read_paused:  # the client waits for us
            self._countdown.start(self.patience.grace_s)
        awaited = self.cycle is None or self.cycle.response_complete or self._is_receiving()
        return awaited and self._countdown.expired

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's sentence; ours says more
        """h11 cannot parse what has arrived."""
        error = sys.exception()
        large = isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431
        head = self.conn.our_state is h11.IDLE
        answered = self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}
        self._refuse(HEAD_TOO_LARGE if head and large else MALFORMED, answered=answered)

    def _refuse(self, refusal: Refusal, *, answered: bool = False) -> None:
        """Refuse what has arrived of a request, and close the connection; in silence where its answer has begun."""
        if self._is_receiving():
            self.cycle.scope["state"]["ended_with"] = refusal.status, refusal.code  # for the log and the count
            self.cycle.disconnected = True  # what the application still sends is dropped
            self.cycle.message_event.set()
        elif self._begun and not answered:
            type(self).count(refusal.status, refusal.code)
        if not answered:
            self.transport.write(refusal.response())
        self.transport.close()


def patient(patience: Patience, count: Callable[[int, str], None]) -> type[PatientProtocol]:
    """The protocol with these limits. `count` gets status and code of each refusal that is not logged."""
    return type("Patient", (PatientProtocol,), {"patience": patience, "count": staticmethod(count)})
