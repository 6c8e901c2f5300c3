"""Networks take turns: on all cores each, or in a crowd on one."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np
import pytest

from service.segmentation.errors import Abandoned, TooLate
from service.segmentation.modelfile.contract import Pixels
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Output
from service.segmentation.runtime.turns import Turns
from tests.support.waiting import PATIENCE_S, wait_until

MOST = 8


class Watched:
    """Two runs, on all cores and on one, that end when they are let; it notes which of them began, in order."""

    def __init__(self, turns: Turns, callers: ThreadPoolExecutor) -> None:
        self.turns, self.callers = turns, callers
        self.sent = 0
        self.began: list[tuple[int, str]] = []
        self.ends = [Event() for _ in range(MOST)]
        self.in_turn = turns.taking(self.run("wide"), self.run("narrow"))

    def run(self, kind: str) -> Callable[[Pixels, bool, Call | None], Output]:
        def run(image: Pixels, _: bool, __: Call | None) -> Output:
            number = int(image[0, 0, 0])
            self.began.append((number, kind))
            assert self.ends[number].wait(PATIENCE_S)
            return image[..., 0], None

        return run

    def send(self, number: int, call: Call | None = None) -> "Future[Any]":
        """Send one that waits in line, or has begun, when this returns."""
        self.sent += 1
        sent = self.callers.submit(self.in_turn, np.full((1, 1, 3), number, np.uint8), False, call)
        wait_until(lambda: self.turns.waiting + len(self.began) == self.sent)
        return sent

    def begins(self, *those: tuple[int, str]) -> None:
        """Wait until as many have begun; they are those."""
        wait_until(lambda: len(self.began) >= len(those))
        assert self.began == list(those)

    def let_all_end(self) -> None:
        for end in self.ends:
            end.set()


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(MOST) as executor:
        yield executor


def test_one_alone_has_all_cores_and_the_next_waits_for_it(callers: ThreadPoolExecutor) -> None:
    watched = Watched(Turns(2), callers)
    watched.send(0)
    watched.begins((0, "wide"))
    watched.send(1)
    watched.begins((0, "wide"))
    watched.ends[0].set()
    watched.begins((0, "wide"), (1, "wide"))
    watched.let_all_end()


def test_where_as_many_wait_as_there_are_cores_each_has_one(callers: ThreadPoolExecutor) -> None:
    watched = Watched(Turns(2), callers)
    sent = [watched.send(number) for number in range(3)]
    watched.ends[0].set()
    wait_until(lambda: len(watched.began) == 3)
    assert set(watched.began) == {(0, "wide"), (1, "narrow"), (2, "narrow")}
    sent.append(watched.send(3))  # has the core that is free next, however few wait
    watched.ends[1].set()
    wait_until(lambda: len(watched.began) == 4)
    assert watched.began[-1] == (3, "narrow")
    watched.let_all_end()
    assert [int(future.result(PATIENCE_S)[0][0, 0]) for future in sent] == [0, 1, 2, 3]
    watched.send(4).result(PATIENCE_S)
    assert watched.began[-1] == (4, "wide")  # the crowd is gone


def test_turns_are_taken_in_order_of_arrival(callers: ThreadPoolExecutor) -> None:
    watched = Watched(Turns(), callers)
    for number in range(MOST):
        watched.send(number)
    watched.begins((0, "wide"))
    watched.let_all_end()
    watched.begins(*((number, "wide") for number in range(MOST)))


def test_a_call_that_ends_leaves_the_line(callers: ThreadPoolExecutor) -> None:
    watched = Watched(Turns(), callers)
    call = Call()
    watched.send(0)
    abandoned = watched.send(1, call)
    watched.send(2)
    with pytest.raises(TooLate):
        watched.in_turn(np.zeros((1, 1, 3), np.uint8), False, Call(seconds=0.01))
    call.abandon()
    watched.ends[0].set()
    with pytest.raises(Abandoned):
        abandoned.result(PATIENCE_S)
    watched.begins((0, "wide"), (2, "wide"))
    watched.let_all_end()


def test_the_wait_is_timed(callers: ThreadPoolExecutor) -> None:
    watched = Watched(Turns(), callers)
    call = Call()
    watched.let_all_end()
    watched.send(0, call).result(PATIENCE_S)
    assert list(call.timings.milliseconds) == ["turn"]


def test_a_turn_ends_with_an_error_too() -> None:
    def fails(_: Pixels, __: bool, ___: Call | None) -> Output:
        raise ZeroDivisionError

    in_turn = Turns().taking(fails, fails)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            in_turn(np.zeros((1, 1, 3), np.uint8), False, None)
