"""Networks take turns."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError, Lock

import pytest

from service.segmentation.turns import Turns


def most_at_once(turns: Turns) -> int:
    running, most, lock = 0, 0, Lock()
    meet = Barrier(2)

    def run(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            meet.wait(0.05)  # long enough for another to come, if it may
        except BrokenBarrierError:
            meet.reset()
        with lock:
            running -= 1
        return number

    in_turn = turns.taking(run)
    with ThreadPoolExecutor(4) as callers:
        assert list(callers.map(in_turn, range(8))) == list(range(8))
    return most


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_more_run_at_once_than_may(at_once: int) -> None:
    assert most_at_once(Turns(at_once)) == at_once


def test_a_turn_ends_with_an_error_too() -> None:
    in_turn = Turns(1).taking(lambda: 1 // 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            in_turn()
