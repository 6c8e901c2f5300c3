"""Networks take turns: on all cores each, or in a crowd on one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from time import monotonic, sleep

import pytest

from service.segmentation.runtime.turns import Turns


class Watched:
    """Two runs, on all cores and on one, that end when they are let; it notes which of them began."""

    def __init__(self, turns: Turns, callers: ThreadPoolExecutor) -> None:
        self.began: list[tuple[int, str]] = []
        self.ends = [Event() for _ in range(8)]
        self.in_turn = turns.taking(self.run("wide"), self.run("narrow"))
        self.callers = callers

    def run(self, kind: str) -> Callable[[int], int]:
        def run(number: int) -> int:
            self.began.append((number, kind))
            assert self.ends[number].wait(10)
            return number

        return run

    def send(self, *numbers: int) -> list["Future[int]"]:
        return [self.callers.submit(self.in_turn, number) for number in numbers]

    def begin(self, count: int) -> set[tuple[int, str]]:
        """Those that have begun, once `count` have; no other does for a moment."""
        until = monotonic() + 10
        while len(self.began) < count:
            assert monotonic() < until
            sleep(0.001)
        sleep(0.05)
        return set(self.began)


@pytest.fixture
def callers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8)


def test_one_alone_has_all_cores_and_the_next_waits_for_it(callers: ThreadPoolExecutor) -> None:
    watched = Watched(Turns(1, threads=2), callers)
    first = watched.send(0)
    assert watched.begin(1) == {(0, "wide")}
    second = watched.send(1)
    assert watched.begin(1) == {(0, "wide")}
    watched.ends[0].set()
    assert watched.begin(2) == {(0, "wide"), (1, "wide")}
    watched.ends[1].set()
    assert [future.result(10) for future in first + second] == [0, 1]


def test_where_as_many_wait_as_there_are_cores_each_has_one(callers: ThreadPoolExecutor) -> None:
    watched = Watched(Turns(1, threads=2), callers)
    sent = watched.send(0)
    watched.begin(1)
    sent += watched.send(1, 2)
    sleep(0.05)
    watched.ends[0].set()
    assert watched.begin(3) == {(0, "wide"), (1, "narrow"), (2, "narrow")}
    sent += watched.send(3)  # has the core that is free next, however few wait
    watched.ends[1].set()
    assert watched.begin(4) == {(0, "wide"), (1, "narrow"), (2, "narrow"), (3, "narrow")}
    for end in watched.ends:
        end.set()
    assert [future.result(10) for future in sent] == [0, 1, 2, 3]
    assert watched.send(4)[0].result(10) == 4
    assert watched.began[-1] == (4, "wide")  # the crowd is gone


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_more_run_at_once_than_may(callers: ThreadPoolExecutor, at_once: int) -> None:
    watched = Watched(Turns(at_once), callers)
    sent = watched.send(*range(4))
    assert len(watched.begin(at_once)) == at_once
    for end in watched.ends:
        end.set()
    assert [future.result(10) for future in sent] == [0, 1, 2, 3]


def test_two_may_have_several_cores_each(callers: ThreadPoolExecutor) -> None:
    watched = Watched(Turns(2, threads=2), callers)
    sent = watched.send(0, 1)
    assert watched.begin(2) == {(0, "wide"), (1, "wide")}
    for end in watched.ends:
        end.set()
    wait(sent)


def test_a_turn_ends_with_an_error_too() -> None:
    in_turn = Turns(1).taking(lambda: 1 // 0, lambda: 1 // 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            in_turn()
