"""Sends requests when they are due, whether or not earlier ones are answered. It uses little CPU: what it uses, the
service on the same machine lacks."""

import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from time import monotonic

from benchmarks.wire import PATIENCE_S, Address, Answer

AT_ONCE = 256 * 1024


@dataclass(frozen=True)
class Scheduled:
    """A request, and when to send it, in seconds of the monotonic clock."""

    at: float
    request: bytes = field(repr=False)


class Connection:
    """One request and its answer, on a socket that never blocks."""

    def __init__(self, address: Address, request: bytes) -> None:
        self.began, self.last = monotonic(), 0.0
        self.left = memoryview(request)
        self.came = bytearray()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.connect_ex(address)

    @property
    def events(self) -> int:
        """What to wait for: an answer may arrive before everything is sent."""
        return EVENT_READ | EVENT_WRITE if self.left else EVENT_READ

    def move(self, events: int) -> bool:
        """Send and receive what is possible now; whether the exchange has ended."""
        try:
            if events & EVENT_READ:
                data = self.socket.recv(AT_ONCE)
                if not data:
                    return True
                self.came += data
                self.last = monotonic()
                return False
            self.left = self.left[self.socket.send(self.left) :]
        except BlockingIOError:  # not connected yet, or nothing to read after all
            return False
        except OSError:  # the other side is gone; what it sent before counts
            return True
        return False

    def close(self) -> Answer:
        self.socket.close()
        return Answer(bytes(self.came), self.began, self.last or monotonic())


def deliver(address: Address, plan: Sequence[Scheduled], patience_s: float = PATIENCE_S) -> list[Answer]:
    """Send the planned requests, which are in order of time, each on its own connection. Close what is still open
    `patience_s` seconds after the last. Returns the answers in the order of the plan."""
    answers: dict[int, Answer] = {}
    coming = deque(enumerate(plan))
    until = plan[-1].at + patience_s
    with DefaultSelector() as selector:
        while coming or (selector.get_map() and monotonic() < until):
            due = coming[0][1].at if coming else until
            for key, events in selector.select(max(0.0, due - monotonic())):
                number, connection = key.data
                if connection.move(events):
                    selector.unregister(connection.socket)
                    answers[number] = connection.close()
                elif connection.events != key.events:
                    selector.modify(connection.socket, connection.events, key.data)
            while coming and coming[0][1].at <= monotonic():
                number, next_one = coming.popleft()
                connection = Connection(address, next_one.request)
                if connection.move(EVENT_WRITE):
                    answers[number] = connection.close()
                else:
                    selector.register(connection.socket, connection.events, (number, connection))
        for key in selector.get_map().values():
            number, connection = key.data
            answers[number] = connection.close()
    return [answers[number] for number in range(len(plan))]


def sustain(address: Address, request: bytes, clients: int, count: int) -> list[Answer]:
    """Send a request `count` times, on a connection each, so that as many as there are clients are under way: the next
    is sent when one is answered. Returns the answers in the order of their ends."""
    answers: list[Answer] = []
    coming = count
    with DefaultSelector() as selector:
        while len(answers) < count:
            while coming and len(selector.get_map()) < clients:
                connection = Connection(address, request)
                selector.register(connection.socket, connection.events, connection)
                coming -= 1
            for key, events in selector.select():
                connection = key.data
                if connection.move(events):
                    selector.unregister(connection.socket)
                    answers.append(connection.close())
                elif connection.events != key.events:
                    selector.modify(connection.socket, connection.events, connection)
    return answers
