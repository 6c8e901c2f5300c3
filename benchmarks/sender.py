"""Sends requests when they are due, whatever becomes of those before them, and takes little of the processor for it:
what the sender takes, the service beside it has not."""

import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from time import monotonic

from benchmarks.wire import PATIENCE_S, Address, Answer

AT_ONCE = 256 * 1024


@dataclass(frozen=True)
class Due:
    """A request, and when it is to be sent, in seconds of the monotonic clock."""

    at: float
    request: bytes = field(repr=False)


class Connection:
    """One request and what comes of it, without ever waiting for the other side."""

    def __init__(self, address: Address, request: bytes) -> None:
        self.began, self.last = monotonic(), 0.0
        self.left = memoryview(request)
        self.came = bytearray()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.connect_ex(address)

    @property
    def events(self) -> int:
        """What to wait for: an answer may come before all is sent."""
        return EVENT_READ | EVENT_WRITE if self.left else EVENT_READ

    def move(self, events: int) -> bool:
        """Send and take what goes; whether there is an end of it."""
        try:
            if events & EVENT_READ:
                data = self.socket.recv(AT_ONCE)
                if not data:
                    return True
                self.came += data
                self.last = monotonic()
                return False
            self.left = self.left[self.socket.send(self.left) :]
        except BlockingIOError:  # not connected yet, or not there after all
            return False
        except OSError:  # the other side is gone; what it said before counts
            return True
        return False

    def close(self) -> Answer:
        self.socket.close()
        return Answer(bytes(self.came), self.began, self.last or monotonic())


def deliver(address: Address, plan: Sequence[Due], patience_s: float = PATIENCE_S) -> list[Answer]:
    """Send what is planned, in order of time, each on a connection of its own; hang up on all that is left `patience_s`
    seconds after the last. The answers, in the order of the plan."""
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
