"""The load generator for a few callers."""

import threading
import time
from collections.abc import Callable

from benchmarks.load import offline, server, single_stream


def slow(seconds: float, status: int = 200) -> Callable[[], int]:
    def call() -> int:
        time.sleep(seconds)
        return status

    return call


def test_one_after_the_other() -> None:
    outcome = single_stream(slow(0.01), 5)
    assert len(outcome.milliseconds) == 5
    assert min(outcome.milliseconds) >= 10
    assert outcome.seconds >= 0.05


def test_several_callers_at_once() -> None:
    gate = threading.Barrier(3)

    def together() -> int:
        gate.wait(60)  # passes only when three wait
        return 200

    assert len(offline(lambda: together, 9, callers=3).milliseconds) == 9


def test_a_slow_answer_cannot_hide() -> None:
    """One caller, requests due every 5 ms that take 20 ms: the last are late, and are timed from when they were due."""
    outcome = server(lambda: slow(0.02), per_second=200, count=20, seed=0, callers=1)
    assert max(outcome.milliseconds) > 200


def test_refusals_are_counted_separately() -> None:
    outcome = single_stream(slow(0, status=503), 4)
    assert (outcome.milliseconds, outcome.refused) == ([], 4)
