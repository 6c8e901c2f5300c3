"""The simulated node is held against queueing theory, and against what is known of the service's threads."""

import random
from heapq import heappop, heappush
from itertools import accumulate
from math import factorial, log
from statistics import mean

import pytest
from simpy import Environment

from benchmarks.scale.node import MakeNode, Node, Turns, Work, latencies, throughput

FEW, MANY = 2000, 100_000
TICK_S = 1.0


def exponential(mean_s: float, count: int, seed: int) -> list[float]:
    """Random times that have exactly this mean: the theory is about the mean, not about the luck of a draw."""
    draw = random.Random(seed)
    times = [draw.expovariate(1) for _ in range(count)]
    scale = mean_s * count / sum(times)
    return [scale * one for one in times]


def poisson(per_second: float, count: int) -> list[float]:
    return list(accumulate(exponential(1 / per_second, count, seed=2)))


def with_(cores: int, workers: int) -> MakeNode:
    return lambda env: Node(env, cores, TICK_S, workers)


def first_come_first_served(servers: int, arrivals: list[float], seconds: list[float]) -> list[float]:
    """The times in G/G/c by the recursion of Kiefer and Wolfowitz (1955)."""
    free, spent = [0.0] * servers, []
    for at, service in zip(arrivals, seconds, strict=True):
        end = max(at, heappop(free)) + service
        heappush(free, end)
        spent.append(end - at)
    return spent


@pytest.mark.parametrize("servers", [1, 2, 4])
def test_workers_with_a_core_each_are_a_queue_with_several_servers(servers: int) -> None:
    """Every single image takes as long as the recursion says, at 90 % load."""
    arrivals, seconds = poisson(0.9 * servers, FEW), exponential(1, FEW, seed=3)
    spent = latencies(with_(servers, servers), arrivals, [Work(before=one) for one in seconds])
    assert spent == pytest.approx(first_come_first_served(servers, arrivals, seconds), abs=1e-6)


def test_networks_on_one_core_are_a_queue_with_one_server() -> None:
    arrivals = poisson(0.9, FEW)
    spent = latencies(with_(1, 1), arrivals, [Work(alone=1.0, accompanied=1.0)] * FEW)
    assert spent == pytest.approx(first_come_first_served(1, arrivals, [1.0] * FEW), abs=1e-6)


def erlang_c(servers: int, load: float) -> float:
    """The probability that a customer of M/M/c waits (Erlang 1917)."""
    offered = servers * load
    last = offered**servers / factorial(servers) / (1 - load)
    return last / (sum(offered**k / factorial(k) for k in range(servers)) + last)


@pytest.mark.parametrize("servers", [1, 2, 4])
def test_that_recursion_is_erlang_s_formula(servers: int) -> None:
    spent = first_come_first_served(servers, poisson(0.7 * servers, MANY), exponential(1, MANY, seed=3))
    assert mean(spent) == pytest.approx(1 + erlang_c(servers, 0.7) / (servers * (1 - 0.7)), rel=0.03)


def test_its_quantiles_are_those_of_m_m_1() -> None:
    """The time in M/M/1 is exponential, with rate 1 - load."""
    spent = sorted(first_come_first_served(1, poisson(0.5, MANY), exponential(1, MANY, seed=3)))
    assert spent[MANY // 2] == pytest.approx(log(2) / 0.5, rel=0.03)
    assert spent[MANY * 99 // 100] == pytest.approx(log(100) / 0.5, rel=0.05)


@pytest.mark.parametrize("load", [0.5, 0.7, 0.9])
def test_it_is_pollaczek_and_khinchine_s_formula_for_equal_works(load: float) -> None:
    spent = first_come_first_served(1, poisson(load, MANY), [1.0] * MANY)
    assert mean(spent) == pytest.approx(1 + load / (2 * (1 - load)), rel=0.03)


WORK = Work(receive=1, before=2, alone=10, accompanied=10, crowded=16, after=3, answer=1)


def test_an_image_alone_takes_the_sum_of_its_work() -> None:
    assert latencies(with_(2, 3), [5.0], [WORK]) == [1 + 2 + 10 + 3 + 1]


def test_a_network_alone_loses_what_others_do_meanwhile() -> None:
    """The event loop and a worker take a core at its ticks, which come soon here. The network stands still so long."""
    first, _ = latencies(lambda env: Node(env, 2, 0.01), [0.0, 5.0], [WORK, WORK])
    others_s = 1 + 2
    assert first == pytest.approx(1 + 2 + (10 + others_s) + 3 + 1, rel=0.25)


def test_a_network_with_neighbours_may_take_longer_than_one_that_has_none() -> None:
    work = Work(alone=10, accompanied=12)
    assert latencies(with_(2, 3), [0.0, 1.0, 50.0], [work] * 3) == [10, 10 + 12 - 1, 10]


def test_in_a_crowd_each_network_has_one_core() -> None:
    """Images without other work: the first has all cores, and then the others share them."""
    work = Work(alone=10, crowded=16)
    assert latencies(with_(2, 3), [0.0, 1.0, 1.0], [work] * 3) == [10, 25, 25]


def test_a_network_waits_for_as_many_cores_as_it_gets() -> None:
    env = Environment()
    turns = Turns(env, 2)
    first = turns.take()
    second, third = turns.take(), turns.take()
    assert first.value == 2
    assert not second.triggered
    turns.give(2)
    assert (second.value, third.value) == (1, 1)
    fourth = turns.take()
    turns.give(1)
    assert fourth.value == 1  # the other core is taken
    turns.give(1)
    turns.give(1)
    assert turns.take().value == 2


def test_there_are_no_more_images_at_work_than_workers() -> None:
    work = Work(before=1)
    assert latencies(with_(4, 2), [0.0] * 4, [work] * 4) == [1, 1, 2, 2]


def test_the_event_loop_does_one_thing_at_a_time() -> None:
    assert latencies(with_(4, 4), [0.0] * 3, [Work(receive=1, before=10)] * 3) == [11, 12, 13]


def test_a_crowd_of_clients_keeps_all_cores_busy() -> None:
    """Two networks run on a core each, and what the third worker does takes its share of both."""
    works = [Work(before=1, alone=10, accompanied=10, crowded=8, after=1)] * 200
    assert throughput(with_(2, 3), 8, works) == pytest.approx(2 / 10, rel=0.02)
