"""One node in a simulation: the service's threads, queue and turns, as ARCHITECTURE.md draws them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simpy import Environment, Event, Resource
from simpy.resources.resource import Request

from benchmarks.scale.cores import Cores

Steps = Generator[Event, Any, None]


@dataclass(frozen=True)
class Work:
    """What one image takes, in seconds on cores of its own.

    receive, answer: of the event loop, before the queue and after the worker.
    before: a worker's decode and fit.
    alone: the network on all cores, while no other image is in the node.
    accompanied: the same, while others are decoded or encoded.
    crowded: the network on one core, while others have theirs.
    after: a worker's measure and encode.
    read: of the client, when the answer is there.
    """

    receive: float = 0.0
    before: float = 0.0
    alone: float = 0.0
    accompanied: float = 0.0
    crowded: float = 0.0
    after: float = 0.0
    answer: float = 0.0
    read: float = 0.0


class Single:
    """A thread that does one thing after the other."""

    def __init__(self, env: Environment, cores: Cores) -> None:
        self._free = Resource(env)
        self._thread = cores.thread()

    def request(self) -> Request:
        """The event of being the next."""
        return self._free.request()

    def run(self, seconds: float, turn: Request | None = None) -> Steps:
        turn = turn or self.request()
        yield turn
        yield self._thread.run(seconds)
        self._free.release(turn)
        if not self._free.queue:
            self._thread.block()


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
    """The service on a machine with so many cores, and one client there that sends everything."""

    def __init__(self, env: Environment, cores: int, tick_s: float, workers: int | None = None) -> None:
        """By default, there is one worker more than cores. `tick_s` is that of `Cores`."""
        self._all = cores
        self._images = 0
        self._cores = Cores(env, cores, tick_s)
        self._loop, self._client = Single(env, self._cores), Single(env, self._cores)
        self._workers = Resource(env, workers or cores + 1)
        self._turns = Turns(env, cores)

    def image(self, work: Work) -> Steps:
        """A request, from its first byte to its answer's last."""
        self._images += 1
        yield from self._loop.run(work.receive)
        with self._workers.request() as worker:
            yield worker
            thread = self._cores.thread()
            yield thread.run(work.before)
            turn = self._turns.take()
            if not turn.triggered:
                thread.block()
            cores = yield turn
            yield thread.run(self._network(work, cores), cores)
            self._turns.give(cores)
            yield thread.run(work.after)
            thread.block()
            answering = self._loop.request()  # the loop gives the worker its next image
            yield answering
        yield from self._loop.run(work.answer, answering)
        yield from self._client.run(work.read)
        self._images -= 1

    def _network(self, work: Work, cores: int) -> float:
        if cores < self._all:
            return work.crowded
        return work.alone if self._images == 1 else work.accompanied


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
