"""The load generator for overload: it sends each request when it is due, and waits for none."""

import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from benchmarks.sender import Scheduled, deliver, sustain
from benchmarks.wire import Address, post

LARGE = bytes(8 * 2**20)
"""More than a socket's buffer."""


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100


@contextmanager
def listening() -> Iterator[tuple[Address, Event]]:
    """A server that answers with the last byte of the body; if that is `s`, only after the event, which a `!` sets."""
    go = Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines = iter(self.rfile.readline, b"\r\n")
            (size,) = [int(line.split()[1]) for line in lines if line.startswith(b"Content-Length")]
            body = self.rfile.read(size)
            if body.endswith(b"!"):
                go.set()
            if body.endswith(b"s"):
                go.wait(60)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + body[-1:])

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        yield (str(host), int(port)), go
        go.set()
        server.shutdown()


def planned(*bodies: bytes, every_s: float = 0.0) -> list[Scheduled]:
    now = monotonic()
    return [Scheduled(now + every_s * number, post("/", body, "text/plain")) for number, body in enumerate(bodies)]


def test_each_request_has_its_own_answer_whatever_its_size() -> None:
    with listening() as (address, _):
        answers = deliver(address, planned(b"a", LARGE + b"b", b"c"))
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"a"), (200, b"b"), (200, b"c")]


def test_it_sends_when_a_request_is_due_and_not_when_the_last_one_is_answered() -> None:
    with listening() as (address, _):
        plan = planned(b"s", b"a", b"!", every_s=0.2)
        slow, *others = deliver(address, plan)
    assert slow.body == b"s"
    assert all(answer.began < slow.ended for answer in others)  # the slow one is answered because they were sent
    assert all(answer.began >= due.at for answer, due in zip((slow, *others), plan, strict=True))


def test_it_disconnects_from_a_silent_server() -> None:
    with listening() as (address, _):
        began = monotonic()
        answers = deliver(address, planned(b"s", b"a"), patience_s=0.5)
        assert monotonic() - began < 50
    assert [answer.status for answer in answers] == [0, 200]
    assert answers[0].ended - answers[0].began >= 0.5


def test_a_closed_connection_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_on_the_first() -> None:
            server.accept()[0].close()

        Thread(target=close_on_the_first, daemon=True).start()
        (answer,) = deliver(server.getsockname(), planned(b"a"))
    assert (answer.status, answer.body) == (0, b"")


def test_a_missing_server_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    (answer,) = deliver(address, planned(b"a"))
    assert (answer.status, answer.body) == (0, b"")


def test_clients_that_wait_send_when_they_are_answered() -> None:
    with listening() as (address, _):
        answers = sustain(address, post("/", LARGE + b"a", "text/plain"), clients=2, count=5)
    assert [answer.body for answer in answers] == [b"a"] * 5
    begun = sorted(answer.began for answer in answers)
    ended = sorted(answer.ended for answer in answers)
    assert all(began >= end for began, end in zip(begun[2:], ended, strict=False))
