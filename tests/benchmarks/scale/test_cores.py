"""Threads take turns on cores, and those of one network wait for each other."""

import random
from collections.abc import Generator
from itertools import accumulate
from statistics import mean

import pytest
from simpy import Environment, Event

from benchmarks.scale.cores import Cores


def ends(cores: int, *works: tuple[float, float, int], tick_s: float = 1.0) -> list[float]:
    """When works end that begin at a second, take so many seconds alone, and have so many threads."""
    env = Environment()
    shared = Cores(env, cores, tick_s)
    ended = [0.0] * len(works)

    def work(number: int, at: float, seconds: float, threads: int) -> Generator[Event]:
        yield env.timeout(at)
        thread = shared.thread()
        yield thread.run(seconds, threads)
        thread.block()
        ended[number] = env.now

    for number, one in enumerate(works):
        env.process(work(number, *one))
    env.run()
    return ended


def test_work_that_has_its_cores_to_itself_takes_its_time() -> None:
    assert ends(2, (0, 3, 1)) == [3]
    assert ends(2, (0, 3, 2)) == [3]
    assert ends(2, (0, 3, 1), (1, 4, 1)) == [3, 5]


def test_threads_on_one_core_take_turns_at_its_ticks() -> None:
    assert ends(1, (0, 1.5, 1), (0, 1.5, 1)) == [2.5, 3]
    assert ends(1, (0, 3, 1), (1.5, 0.5, 1)) == [3.5, 2.5]


def test_a_core_without_threads_takes_one_from_another() -> None:
    """The third waits for the first core, until the second has nothing to do."""
    assert ends(2, (0, 9, 1), (0.2, 0.6, 1), (0.4, 5, 1)) == pytest.approx([9, 0.8, 5.8])


def test_a_network_on_all_cores_stands_still_while_a_decoder_has_one() -> None:
    assert ends(2, (0, 3, 2), (0.5, 0.7, 1)) == pytest.approx([3.7, 1.7])


def test_a_thread_that_goes_on_keeps_its_core() -> None:
    env = Environment()
    shared, ended = Cores(env, 1, 10.0), []

    def twice() -> Generator[Event]:
        thread = shared.thread()
        yield thread.run(1)
        yield thread.run(1)
        thread.block()
        ended.append(env.now)

    for _ in range(2):
        env.process(twice())
    env.run()
    assert ended == [2, 4]


def test_no_work_takes_no_time() -> None:
    assert ends(1, (0, 5, 1), (1.5, 0, 1)) == [5, 1.5]


@pytest.mark.parametrize("fixed", [True, False])
def test_with_short_turns_it_is_processor_sharing(fixed: bool) -> None:
    """M/G/1 with processor sharing: the mean time is S / (1 - load), whatever the distribution of the works
    (Kleinrock 1967)."""
    draw = random.Random(1)
    seconds = [1.0 if fixed else draw.expovariate(1) for _ in range(3000)]
    arrivals = list(accumulate(draw.expovariate(0.5) for _ in seconds))
    load = sum(seconds) / arrivals[-1]
    ended = ends(1, *((at, one, 1) for at, one in zip(arrivals, seconds, strict=True)), tick_s=0.05)
    spent = [end - at for at, end in zip(arrivals, ended, strict=True)]
    assert mean(spent) == pytest.approx(mean(seconds) / (1 - load), rel=0.06)
