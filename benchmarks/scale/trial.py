"""The service under loads, between measurements of how fast it is without them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import typer

from benchmarks.scale.calibration import Base, Closed, together
from benchmarks.sender import Scheduled, deliver, sustain
from benchmarks.timings import Timed, stages
from benchmarks.wire import Address, Answer

LOADS = (0.5, 0.7, 0.9)
"""Shares of the capacity."""
MANY = 8
"""Clients that keep all workers busy."""
ALONE, FEW, CROWD, WARM = 50, 70, 400, 100
"""Requests by one client, by as many as there are cores, by many, and before all of them."""
SOON_S = 0.2


@dataclass(frozen=True)
class Span:
    """Some time under one load.

    share: of the capacity, that was aimed at.
    rate: images a second.
    seconds: how long images arrived.
    arrivals: seconds from the beginning, at which requests were due.
    sent: when they were sent, as the sender waits for a core too.
    milliseconds: from each arrival to the last byte of its answer.
    base: the service without this load, before and after.
    """

    share: float
    rate: float
    seconds: float
    arrivals: list[float]
    sent: list[float]
    milliseconds: list[float]
    base: Base

    @property
    def load(self) -> float:
        """The rate over the capacity."""
        return self.rate / self.base.many.per_second


def closed(address: Address, request: bytes, clients: int, count: int) -> Closed:
    """Requests by clients that wait."""
    began = monotonic()
    answers = sustain(address, request, clients, count)
    spent = monotonic() - began
    return Closed(clients, [timed(answer) for answer in answers], count / spent)


def timed(answer: Answer) -> Timed:
    assert answer.status == 200, answer.status
    return Timed(stages(answer.header("Server-Timing")), 1000 * (answer.ended - answer.began))


def arrivals(per_second: float, seconds: float, seed: int) -> list[float]:
    """Seconds at which images come, at random (Poisson)."""
    draw, now, times = random.Random(seed), 0.0, []  # noqa: S311  # no secret
    while (now := now + draw.expovariate(per_second)) < seconds:
        times.append(now)
    return times


def unloaded(address: Address, request: bytes, cores: int) -> Base:
    """The service without load."""
    return Base(
        closed(address, request, 1, ALONE), closed(address, request, cores, FEW), closed(address, request, MANY, CROWD)
    )


def measure(address: Address, request: bytes, cores: int, rounds: int, seconds: float) -> list[Span]:
    """Every load once in each round, for so many seconds; no load before and after, as a machine's speed changes."""
    sustain(address, request, MANY, WARM)
    before, spans = unloaded(address, request, cores), []
    for number in range(rounds):
        for share in LOADS:
            rate = share * before.many.per_second
            times = arrivals(rate, seconds, number)
            sent, spent = under_load(address, request, times)
            after = unloaded(address, request, cores)
            spans.append(Span(share, rate, seconds, times, sent, spent, together([before, after])))
            typer.echo(f"{rate:.1f} a second were {spans[-1].load:.0%}")
            before = after
    return spans


def under_load(address: Address, request: bytes, times: Sequence[float]) -> tuple[list[float], list[float]]:
    """When the requests were sent, in seconds, and milliseconds from when they were due to their answers."""
    began = monotonic() + SOON_S
    answers = deliver(address, [Scheduled(began + at, request) for at in times])
    assert all(answer.status == 200 for answer in answers)
    spent = [1000 * (answer.ended - began - at) for at, answer in zip(times, answers, strict=True)]
    return [answer.began - began for answer in answers], spent
