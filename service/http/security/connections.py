"""Connections that nobody can hold by being slow: a request has to come, and its answer to go, at a least rate."""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

READ_AT_ONCE = 64 * 1024
NO_LINGER = struct.pack("ii", 1, 0)
"""C's `struct linger`: on, for no seconds."""


@dataclass(frozen=True)
class Patience:
    """`head_s` seconds for a request's head, from the connection's or the last answer's end. `grace_s` for its body:
    they run down, and `rate` bytes that come give one of them back. The same again for as many bytes of its answer."""

    head_s: float = 10
    grace_s: float = 10
    rate: float = 16 * 1024


class PatientProtocol(H11Protocol):
    """uvicorn's protocol on h11, as httptools takes headers without end, and a look at each connection now and then."""

    patience: ClassVar[Patience] = Patience()
    count: ClassVar[Callable[[int, str], None]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._until = self._moved = self.loop.time()
        self._came = False
        self._cycle_seen: object = None
        self._unsent = 0
        self._look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        # What comes is taken in portions, so that others have their turn between them: in chunks of a byte each, the
        # quarter mebibyte that asyncio reads at once takes half a second to parse.
        transport.max_size = READ_AT_ONCE  # type: ignore[attr-defined]
        self._moved = self.loop.time()
        self._until = self._moved + self.patience.head_s
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._look is not None:
            self._look.cancel()

    def data_received(self, data: bytes) -> None:
        self._came = True
        super().data_received(data)
        most = self.loop.time() + self.patience.grace_s
        if self.cycle is not self._cycle_seen:  # a request's head is there
            self._cycle_seen, self._until = self.cycle, most
            if {name for name, _ in self.headers} >= {b"content-length", b"transfer-encoding"}:
                self.cycle.keep_alive = False  # RFC 9112, 6.3: somebody may hide a second request in the first
        elif self._receiving():
            self._until = min(most, self._until + len(data) / self.patience.rate)

    def on_response_complete(self) -> None:
        self._until, self._came = self.loop.time() + self.patience.head_s, False
        super().on_response_complete()

    def shutdown(self) -> None:
        """The server stops: a request that has not come as a whole is sent away, an answer on its way is finished."""
        if self._receiving():
            self._end(503, "draining", STOPPING)
        else:
            super().shutdown()

    def _receiving(self) -> bool:
        """Whether a request's head is there, its body is not yet, and nothing is answered."""
        cycle = self.cycle
        return cycle is not None and cycle.more_body and not cycle.response_started and not cycle.response_complete

    def _look_later(self) -> None:
        every = min(self.patience.head_s, self.patience.grace_s) / 4
        self._look = self.loop.call_later(every, self._judge)

    def _judge(self) -> None:
        """Close what was too slow; look again later at what was not."""
        if self._too_slow_to_read():
            # Reset, not closed: the system would keep what it has taken to send, megabytes of it, for minutes.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self.transport.abort()
        elif not self.transport.is_closing() and self._too_slow_to_send():
            self._end(408, "request_timeout", TOO_SLOW if self._came or self.cycle is None else b"")
        self._look_later()

    def _too_slow_to_read(self) -> bool:
        """Whether what is to be sent stands still, or goes too slowly."""
        unsent, now = self.transport.get_write_buffer_size(), self.loop.time()
        if unsent == 0 or unsent > self._unsent or self._unsent - unsent >= self.patience.rate * self.patience.grace_s:
            self._unsent, self._moved = unsent, now
        return unsent > 0 and now - self._moved > self.patience.grace_s

    def _too_slow_to_send(self) -> bool:
        if self.flow.read_paused:  # it is our turn
            self._until = self.loop.time() + self.patience.grace_s
        sending = self.cycle is None or self.cycle.response_complete or self._receiving()
        return sending and self.loop.time() > self._until

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's words, for which we have our own
        """What came is no HTTP."""
        self._end(400, "bad_request", NO_HTTP if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE} else b"")

    def _end(self, status: int, code: str, answer: bytes) -> None:
        if self._receiving():
            self.cycle.scope["state"]["ended_with"] = status, code  # for the log and the count
            self.cycle.disconnected = True  # what the application still says goes nowhere
            self.cycle.message_event.set()
        elif answer and self._came:
            type(self).count(status, code)
        self.transport.write(answer)
        self.transport.close()


def answer(status: int, title: str, detail: str, code: str) -> bytes:
    """An answer of application/problem+json to a request that has not come as far as the application."""
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    body = json.dumps(problem | {"request_id": "none"}, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status} {title}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body


TOO_SLOW = answer(
    408, "Request Timeout", "The request came too slowly; send it again, on a better line.", "request_timeout"
)
NO_HTTP = answer(400, "Bad Request", "What came is not a request of HTTP/1.1; see RFC 9112.", "bad_request")
STOPPING = answer(503, "Service Unavailable", "The service is stopping; try again in a moment.", "draining")


def patient(patience: Patience, count: Callable[[int, str], None]) -> type[PatientProtocol]:
    """The protocol with this patience; `count` is told the status and code of what never was a request."""
    return type("Patient", (PatientProtocol,), {"patience": patience, "count": staticmethod(count)})
