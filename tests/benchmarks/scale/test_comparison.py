"""A service that is simulated itself: what is known of it is found again."""

import pytest

from benchmarks.scale.calibration import Base, Calibration, Closed, calibrate, solved, together
from benchmarks.scale.comparison import compare
from benchmarks.scale.node import Work, latencies
from benchmarks.scale.trial import Span, arrivals
from benchmarks.timings import Timed

STAGES = {"queue": 0.0, "decode": 1.0, "fit": 2.0, "turn": 0.0, "network": 10.0, "measure": 0.5, "encode": 0.5}
WORK = Work(
    receive=0.0012, before=0.003, alone=0.010, accompanied=0.012, crowded=0.017, after=0.001, answer=0.0006, read=0.0002
)
SERVICE = Calibration([WORK], cores=2, tick_s=0.004)
CROWDED_MS = 25.0
"""What `Server-Timing` says of a network among others: more than its work, as it shares its core."""


@pytest.fixture(scope="module")
def base() -> Base:
    alone = Timed(STAGES, whole=16.0)
    crowded = Timed(STAGES | {"network": CROWDED_MS}, whole=100.0)
    return Base(
        Closed(1, [alone] * 3, SERVICE.throughput(1)),
        Closed(2, [alone] * 3, SERVICE.throughput(2)),
        Closed(8, [crowded] * 3, SERVICE.throughput(8)),
    )


def test_the_work_is_found_again(base: Base) -> None:
    found = calibrate(base, cores=2)
    assert found.works[0].accompanied == pytest.approx(WORK.accompanied, rel=0.02)
    assert found.works[0].crowded == pytest.approx(WORK.crowded, rel=0.01)
    assert (found.works[0].receive, found.works[0].before) == pytest.approx((WORK.receive, WORK.before))
    assert (found.works[0].alone, found.works[0].after) == pytest.approx((WORK.alone, WORK.after))
    assert found.throughput(8) == pytest.approx(SERVICE.throughput(8), rel=0.01)


def test_the_latencies_are_found_again(base: Base) -> None:
    """At 70 % of the capacity, and with a sender that is late by a millisecond."""
    rate = 0.7 * base.many.per_second
    due = arrivals(rate, 10, seed=1)
    sent = [at + 0.001 for at in due]
    spent = [1000 * (one + 0.001) for one in latencies(SERVICE.node, sent, SERVICE.draw(len(sent), 0))]
    (compared,) = compare([Span(0.7, rate, 10, due, sent, spent, base)], cores=2)
    assert compared.load == pytest.approx(0.7)
    assert compared.images == len(due)
    assert compared.simulated.p50 == pytest.approx(compared.measured.p50, rel=0.05)
    assert compared.simulated.p99 == pytest.approx(compared.measured.p99, rel=0.1)
    assert len({one.p99 for one in compared.other}) > 1


def test_measurements_are_pooled(base: Base) -> None:
    pooled = together([base, base])
    assert len(pooled.alone.images) == 6
    assert pooled.many.per_second == pytest.approx(base.many.per_second)


def test_arrivals_are_the_same_for_the_same_seed() -> None:
    first = arrivals(100, 50, seed=1)
    assert first == arrivals(100, 50, seed=1) != arrivals(100, 50, seed=2)
    assert len(first) == pytest.approx(5000, rel=0.05)
    assert first[-1] < 50


def test_a_falling_function_is_solved() -> None:
    assert solved(9.3, lambda value: 10 - value, most=2.0) == pytest.approx(0.7, abs=0.001)
