"""Cores that threads share: a machine's processor in a simulation."""

from heapq import heappop, heappush
from itertools import count as numbers

from simpy import Environment, Event


class Cores:
    """Processor sharing (Kleinrock 1967) with `count` cores: n threads that run at once each get min(1, count / n) of a
    core. Work of several threads, which wait for each other, proceeds as one thread does."""

    def __init__(self, env: Environment, count: int) -> None:
        self._env, self._count = env, count
        self._threads = 0
        self._clock = self._read = 0.0  # seconds of a core that each thread has had, and when that was written down
        self._ends: list[tuple[float, int, int, Event]] = []  # on that clock, soonest first
        self._numbers = numbers()  # of equal ends, the work that began first
        self._next: Event | None = None

    def run(self, seconds: float, threads: int = 1) -> Event:
        """Work that takes so many seconds if every thread has a core to itself. The event is its end."""
        self._advance()
        done = self._env.event()
        heappush(self._ends, (self._clock + seconds, next(self._numbers), threads, done))
        self._threads += threads
        self._await_next()
        return done

    @property
    def _speed(self) -> float:
        return min(1.0, self._count / self._threads)

    def _advance(self) -> None:
        if self._threads:
            self._clock += (self._env.now - self._read) * self._speed
        self._read = self._env.now

    def _await_next(self) -> None:
        if self._ends:
            self._next = self._env.timeout(max(0.0, self._ends[0][0] - self._clock) / self._speed)
            self._next.callbacks.append(self._end)

    def _end(self, event: Event) -> None:
        if event is not self._next:
            return  # other work began or ended since
        self._advance()
        self._clock, _, threads, done = heappop(self._ends)
        self._threads -= threads
        done.succeed()
        self._await_next()
