"""Threads share cores evenly, and no thread gets more than one."""

import random
from collections.abc import Generator
from itertools import accumulate
from statistics import mean

import pytest
from simpy import Environment, Event

from benchmarks.scale.cores import Cores


def ends(cores: int, *works: tuple[float, float, int]) -> list[float]:
    """When works end that begin at a second, take so many seconds alone, and have so many threads."""
    env = Environment()
    shared = Cores(env, cores)
    ended = [0.0] * len(works)

    def work(number: int, at: float, seconds: float, threads: int) -> Generator[Event]:
        yield env.timeout(at)
        yield shared.run(seconds, threads)
        ended[number] = env.now

    for number, one in enumerate(works):
        env.process(work(number, *one))
    env.run()
    return ended


def test_work_that_has_its_cores_to_itself_takes_its_time() -> None:
    assert ends(2, (0, 3, 1)) == [3]
    assert ends(2, (0, 3, 2)) == [3]
    assert ends(2, (0, 3, 1), (1, 4, 1)) == [3, 5]


def test_more_threads_than_cores_share_them_evenly() -> None:
    assert ends(1, (0, 1, 1), (0, 2, 1)) == [2, 3]
    assert ends(2, (0, 2, 1), (0, 2, 1), (0, 2, 1)) == [3, 3, 3]


def test_a_decoder_slows_a_network_that_has_all_cores() -> None:
    """Three threads on two cores: each has two thirds, until the decoder has had its one second."""
    assert ends(2, (0, 3, 2), (0, 1, 1)) == pytest.approx([3.5, 1.5])


def test_work_that_begins_later_slows_what_is_left() -> None:
    assert ends(1, (0, 2, 1), (1, 2, 1)) == [3, 4]


def test_no_work_takes_no_time() -> None:
    assert ends(1, (1, 0, 1), (1, 1, 1)) == [1, 2]


@pytest.mark.parametrize("fixed", [True, False])
def test_shared_by_random_arrivals(fixed: bool) -> None:
    """M/G/1 with processor sharing: the mean time is S / (1 - load), whatever the distribution of the works
    (Kleinrock 1967)."""
    draw = random.Random(1)
    seconds = [1.0 if fixed else draw.expovariate(1) for _ in range(20_000)]
    arrivals = list(accumulate(draw.expovariate(0.5) for _ in seconds))
    load = sum(seconds) / arrivals[-1]
    ended = ends(1, *((at, one, 1) for at, one in zip(arrivals, seconds, strict=True)))
    spent = [end - at for at, end in zip(arrivals, ended, strict=True)]
    assert mean(spent) == pytest.approx(mean(seconds) / (1 - load), rel=0.03)
