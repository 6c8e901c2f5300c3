"""One node in a simulation: the service's threads, queue and turns, as ARCHITECTURE.md draws them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simpy import Environment, Event, Resource

from benchmarks.scale.cores import Cores

Steps = Generator[Event, Any, None]


@dataclass(frozen=True)
class Work:
    """What one image takes, in seconds on cores of its own.

    receive, answer: of the event loop, and of the client, before the queue and after the worker.
    before: a worker's decode and fit.
    alone: the network on all cores.
    crowded: the network on one core, while others have theirs.
    after: a worker's measure and encode.
    """

    receive: float = 0.0
    before: float = 0.0
    alone: float = 0.0
    crowded: float = 0.0
    after: float = 0.0
    answer: float = 0.0


class Turns:
    """The rule of service/segmentation/runtime/turns.py."""

    def __init__(self, env: Environment, cores: int) -> None:
        self._env = env
        self._cores = self._free = cores
        self._line: deque[Event] = deque()

    def take(self) -> Event:
        """An event whose value is the number of cores that the network gets."""
        ticket = self._env.event()
        self._line.append(ticket)
        self._grant()
        return ticket

    def give(self, cores: int) -> None:
        self._free += cores
        self._grant()

    def _grant(self) -> None:
        while self._line and self._free >= (share := self._share()):
            self._free -= share
            self._line.popleft().succeed(share)

    def _share(self) -> int:
        crowded = len(self._line) >= self._cores or self._free < self._cores
        return 1 if crowded else self._cores


class Node:
    """The service on a machine with so many cores."""

    def __init__(self, env: Environment, cores: int, workers: int | None = None) -> None:
        """By default, there is one worker more than cores."""
        self._env, self._all = env, cores
        self._cores = Cores(env, cores)
        self._loop = Resource(env)
        self._workers = Resource(env, workers or cores + 1)
        self._turns = Turns(env, cores)

    def image(self, work: Work) -> Steps:
        """A request, from its first byte to its answer's last."""
        yield from self._in_loop(work.receive)
        with self._workers.request() as worker:
            yield worker
            yield self._cores.run(work.before)
            cores = yield self._turns.take()
            yield self._cores.run(work.alone if cores == self._all else work.crowded, cores)
            self._turns.give(cores)
            yield self._cores.run(work.after)
        yield from self._in_loop(work.answer)

    def _in_loop(self, seconds: float) -> Steps:
        with self._loop.request() as turn:
            yield turn
            yield self._cores.run(seconds)


MakeNode = Callable[[Environment], Node]


def latencies(make: MakeNode, arrivals: Sequence[float], works: Iterable[Work]) -> list[float]:
    """Seconds from arrival to answer of images that arrive at these seconds, in ascending order (open loop)."""
    env = Environment()
    node = make(env)
    spent = [0.0] * len(arrivals)

    def image(number: int, at: float, work: Work) -> Steps:
        yield from node.image(work)
        spent[number] = env.now - at

    def source() -> Steps:
        for number, (at, work) in enumerate(zip(arrivals, works, strict=False)):
            yield env.timeout(at - env.now)
            env.process(image(number, at, work))

    env.process(source())
    env.run()
    return spent


def throughput(make: MakeNode, clients: int, works: Sequence[Work]) -> float:
    """Images a second, if each of the clients sends its next image as soon as its last is answered (closed loop)."""
    env = Environment()
    node = make(env)
    left: Iterator[Work] = iter(works)

    def client() -> Steps:
        for work in left:
            yield from node.image(work)

    for _ in range(clients):
        env.process(client())
    env.run()
    return len(works) / env.now
