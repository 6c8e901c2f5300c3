"""Cores that threads share in turn: a machine's scheduler in a simulation."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor

from simpy import Environment, Event


@dataclass(eq=False)
class Work:
    """What one thread does, or several that wait for each other after every step. It proceeds while each is on a core.

    seconds: that are left.
    since: when it last began to proceed; None while it stands still.
    """

    seconds: float
    threads: Sequence["Thread"]
    done: Event
    since: float | None = None

    @property
    def proceeds(self) -> bool:
        return all(thread.core is not None and thread.core.current is thread for thread in self.threads)


@dataclass(eq=False)
class Core:
    """A core, the thread that has it, and those that wait for it. A core that nobody waits for has no ticks."""

    current: "Thread | None" = None
    waiting: "deque[Thread]" = field(default_factory=deque)
    ticks: bool = False

    @property
    def threads(self) -> int:
        return len(self.waiting) + (self.current is not None)


class Thread:
    """Runs on one core at a time; `core` is the one that it has or waits for, None while it is blocked."""

    def __init__(self, cores: "Cores") -> None:
        self._cores = cores
        self.core: Core | None = None

    def run(self, seconds: float, threads: int = 1) -> Event:
        """Work of so many seconds on cores of its own, together with `threads` - 1 helpers. The event is its end, after
        which this thread still has its core."""
        return self._cores.run(self, seconds, threads)

    def block(self) -> None:
        """Give up the core, to wait for something."""
        self._cores.block(self)


class Cores:
    """Round robin, as an operating system's scheduler does it: a thread that wakes goes to the core with the fewest
    threads. There it waits for the next tick, if another one runs. A core without threads takes one that waits for
    another core."""

    def __init__(self, env: Environment, count: int, tick_s: float) -> None:
        """`tick_s`: seconds between the moments when the next of a core's threads gets it."""
        self._env, self._tick_s = env, tick_s
        self._cores = [Core() for _ in range(count)]
        self._works: list[Work] = []
        self._next: Event | None = None

    def thread(self) -> Thread:
        return Thread(self)

    def run(self, thread: Thread, seconds: float, threads: int) -> Event:
        done = self._env.event()
        if seconds <= 0:
            return done.succeed()
        work = Work(seconds, [thread, *(self.thread() for _ in range(threads - 1))], done)
        self._works.append(work)
        for one in work.threads:
            if one.core is None:
                self._wake(one)
        self._changed()
        return done

    def block(self, thread: Thread) -> None:
        if thread.core is not None:
            self._leave(thread)
            self._changed()

    def _wake(self, thread: Thread) -> None:
        core = min(self._cores, key=lambda core: core.threads)
        thread.core = core
        if core.current is None:
            core.current = thread
        else:
            core.waiting.append(thread)
            self._start_ticks(core)

    def _leave(self, thread: Thread) -> None:
        core = thread.core
        assert core is not None
        thread.core = None
        if core.current is not thread:
            core.waiting.remove(thread)
            return
        crowded = max(self._cores, key=lambda core: len(core.waiting))
        source = core if core.waiting else crowded
        core.current = source.waiting.popleft() if source.waiting else None
        if core.current is not None:
            core.current.core = core

    def _start_ticks(self, core: Core) -> None:
        if not core.ticks:
            core.ticks = True
            number = floor(self._env.now / self._tick_s + 1e-6) + 1  # of the next tick; one that is now is over
            left = number * self._tick_s - self._env.now
            self._env.timeout(left).callbacks.append(lambda _: self._tick(core))

    def _tick(self, core: Core) -> None:
        core.ticks = False
        if core.waiting and core.current is not None:
            core.waiting.append(core.current)
            core.current = core.waiting.popleft()
            self._start_ticks(core)
            self._changed()

    def _changed(self) -> None:
        """Some threads got or lost a core: write down what was done, and wait for the first end."""
        now = self._env.now
        for work in self._works:
            if work.since is not None:
                work.seconds -= now - work.since
            work.since = now if work.proceeds else None
        going = [work for work in self._works if work.since is not None]
        self._next = None
        if going:
            first = min(going, key=lambda work: work.seconds)
            self._next = self._env.timeout(max(0.0, first.seconds))
            self._next.callbacks.append(lambda event: self._end(event, first))

    def _end(self, event: Event, work: Work) -> None:
        if event is not self._next:
            return  # something has changed since
        self._works.remove(work)
        for helper in work.threads[1:]:
            self._leave(helper)
        work.done.succeed()
        self._changed()
