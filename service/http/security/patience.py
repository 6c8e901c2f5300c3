"""How long a connection may be slow."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Patience:
    """The limits of one connection.

    A request's head must arrive within `head_s` seconds of its first byte, on a new connection of its opening. A body
    has `grace_s` seconds, and gets one of them back for each `rate` bytes that arrive. The same holds for the answer
    on its way out. An idle connection is kept for `keep_alive_s` seconds. Once a request has been refused, at most
    `discard` bytes of what the client still sends are read.
    """

    head_s: float = 10
    grace_s: float = 10
    rate: float = 16 * 1024
    keep_alive_s: int = 75
    discard: int = 80 * 1024 * 1024

    @property
    def pause_s(self) -> float:
        """A refusal waits for the rest of the body, but not for a body that has paused for so long."""
        return self.grace_s / 4

    @property
    def between_looks_s(self) -> float:
        """A connection is looked at so often: it is closed at most a quarter later than its time is up."""
        return min(self.head_s, self.grace_s) / 4


class Countdown:
    """The time that a peer has left to send something. `now` is a monotonic clock, in seconds."""

    def __init__(self, patience: Patience, now: Callable[[], float]) -> None:
        self._patience, self._now = patience, now
        self._until = inf

    @property
    def running(self) -> bool:
        return self._until < inf

    @property
    def expired(self) -> bool:
        return self._now() > self._until

    def start(self, seconds: float) -> None:
        self._until = self._now() + seconds

    def stop(self) -> None:
        self._until = inf

    def extend(self, size: int) -> None:
        """`size` bytes have arrived. They earn time at the least rate, but never more than the grace in all."""
        self._until = min(self._now() + self._patience.grace_s, self._until + size / self._patience.rate)
