"""The simulation beside the measurement: the same arrivals, and others at the same rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, median

from benchmarks.rounds import percentile
from benchmarks.scale.calibration import Calibration, calibrate
from benchmarks.scale.node import latencies
from benchmarks.scale.trial import Span, arrivals

SEEDS = range(1, 6)
LOADS = tuple(percent / 100 for percent in range(30, 96, 5))
LONG_S = 150.0
"""Simulated seconds at each of these loads."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds from an image's arrival to its answer: mean and quantiles."""

    mean: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Compared:
    """One load, measured and simulated.

    share: the load that was aimed at.
    load: the rate over the capacity around it.
    images: that were measured.
    same: simulated with the requests as they were sent, once for each seed of the images' work.
    other: simulated with other arrivals at the same rate, once for each seed.
    """

    share: float
    load: float
    images: int
    measured: Latency
    same: list[Latency]
    other: list[Latency]

    @property
    def simulated(self) -> Latency:
        """The median over the seeds, with the measured arrivals."""
        return Latency(*(median(getattr(one, name) for one in self.same) for name in ("mean", "p50", "p99")))


@dataclass(frozen=True)
class Point:
    """What the simulation says of a load, as a share of the capacity."""

    load: float
    latency: Latency


def compare(spans: Sequence[Span], cores: int) -> list[Compared]:
    """One for each load that was aimed at; its spans are pooled."""
    shares = sorted({span.share for span in spans})
    return [at_load([span for span in spans if span.share == share], cores) for share in shares]


def at_load(spans: Sequence[Span], cores: int) -> Compared:
    calibrations = [calibrate(span.base, cores) for span in spans]

    def same(span: Span, calibration: Calibration, seed: int) -> list[float]:
        spent = latencies(calibration.node, span.sent, calibration.draw(len(span.sent), seed))
        return [sent - due + one for due, sent, one in zip(span.arrivals, span.sent, spent, strict=True)]

    def other(span: Span, calibration: Calibration, seed: int) -> list[float]:
        times = arrivals(span.rate, span.seconds, seed)
        return latencies(calibration.node, times, calibration.draw(len(times), seed))

    def simulated(seed: int, one: Callable[[Span, Calibration, int], list[float]]) -> Latency:
        pairs = enumerate(zip(spans, calibrations, strict=True), 100 * seed)
        return summary([1000 * seconds for number, pair in pairs for seconds in one(*pair, number)])

    return Compared(
        spans[0].share,
        mean(span.load for span in spans),
        sum(len(span.arrivals) for span in spans),
        summary([one for span in spans for one in span.milliseconds]),
        [simulated(seed, same) for seed in SEEDS],
        [simulated(seed, other) for seed in SEEDS],
    )


def curve(calibration: Calibration, capacity: float) -> list[Point]:
    """From little load to much."""
    return [Point(load, long_run(calibration, load * capacity)) for load in LOADS]


def long_run(calibration: Calibration, rate: float) -> Latency:
    times = arrivals(rate, LONG_S, seed=0)
    spent = latencies(calibration.node, times, calibration.draw(len(times), seed=0))
    return summary([1000 * one for one in spent])


def summary(milliseconds: Sequence[float]) -> Latency:
    return Latency(mean(milliseconds), percentile(milliseconds, 0.5), percentile(milliseconds, 0.99))
