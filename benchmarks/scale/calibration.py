"""Measured requests -> the work of an image. Every figure comes from clients that wait for their answers, and none from
the loads whose latencies are predicted."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from simpy import Environment

from benchmarks.scale.node import Node, Work, throughput
from benchmarks.timings import Timed

SIMULATED = 600
"""Images in a simulation of clients that wait."""
HALVINGS = 11
"""Of an interval, until a figure is known to a thousandth."""
TICK_S = 0.004
"""Linux takes a core from a thread at a tick, 250 times a second in most distributions (CONFIG_HZ)."""


@dataclass(frozen=True)
class Closed:
    """Requests by so many clients, each sending its next as soon as its last is answered (a closed loop)."""

    clients: int
    images: list[Timed]
    per_second: float


@dataclass(frozen=True)
class Base:
    """How fast the service is for clients that wait: for one, for as many as it has cores, and for many more."""

    alone: Closed
    few: Closed
    many: Closed


def together(bases: Sequence[Base]) -> Base:
    """Several measurements as one."""
    alone, few, many = zip(*((base.alone, base.few, base.many) for base in bases), strict=True)
    return Base(joined(alone), joined(few), joined(many))


def joined(some: Sequence[Closed]) -> Closed:
    images = [timed for one in some for timed in one.images]
    return Closed(some[0].clients, images, mean(one.per_second for one in some))


@dataclass(frozen=True)
class Calibration:
    """The work of images as measured, to draw from, and the node."""

    works: list[Work]
    cores: int
    tick_s: float

    def node(self, env: Environment) -> Node:
        return Node(env, self.cores, self.tick_s)

    def draw(self, count: int, seed: int) -> list[Work]:
        """Random ones of the measured works."""
        return random.Random(seed).choices(self.works, k=count)  # noqa: S311  # no secret

    def throughput(self, clients: int) -> float:
        """Images a second, for clients that wait."""
        works = [self.works[number % len(self.works)] for number in range(SIMULATED)]
        return throughput(self.node, clients, works)


def calibrate(base: Base, cores: int, tick_s: float = TICK_S) -> Calibration:
    """What makes the simulation as fast as the service was, for clients that wait.

    One client: as nothing else runs, the stages in `Server-Timing` are the work. What the client measures besides is
    that of the event loop, of the client, and of waking threads.
    Few clients: networks still run on all cores, while other images are decoded. The throughput tells how many times
    the work of a network alone that is.
    Many clients: networks run on one core each and share it with the other stages, so their work is less than their
    time in `Server-Timing`. The throughput tells by which factor.
    """
    draw = random.Random(0)  # noqa: S311  # no secret
    pairs = [(work_of(timed), draw.choice(base.many.images).stages["network"] / 1000) for timed in base.alone.images]

    def of(accompanied: float, crowded: float) -> Calibration:
        works = [
            replace(work, accompanied=accompanied * work.alone, crowded=crowded * seconds) for work, seconds in pairs
        ]
        return Calibration(works, cores, tick_s)

    few, many = base.few, base.many
    times = solved(few.per_second, lambda times: of(times, 1.0).throughput(few.clients), most=3.0)
    return of(times, solved(many.per_second, lambda factor: of(times, factor).throughput(many.clients), most=2.0))


def work_of(alone: Timed) -> Work:
    """The work of an image that was sent alone. What its stages do not include is shared out among loop and client
    by estimate: receiving 6, answering 3, reading 1 of 10 parts."""
    seconds = {stage: milliseconds / 1000 for stage, milliseconds in alone.stages.items()}
    inside = {stage: seconds[stage] for stage in ("decode", "fit", "network", "measure", "encode")}
    outside = alone.whole / 1000 - sum(inside.values())
    return Work(
        receive=0.6 * outside,
        before=inside["decode"] + inside["fit"],
        alone=inside["network"],
        after=inside["measure"] + inside["encode"],
        answer=0.3 * outside,
        read=0.1 * outside,
    )


def solved(measured: float, simulated: Callable[[float], float], most: float) -> float:
    """Between 0 and `most`, where the simulation, which falls, comes down to what was measured."""
    low, high = 0.0, most
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if simulated(middle) > measured else (low, middle)
    return (low + high) / 2
