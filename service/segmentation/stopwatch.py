"""Where the time of a request went, stage by stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

STAGES = ("queue", "decode", "fit", "turn", "network", "measure", "encode")
"""Those of a request, in order; docs/reference/operating.md says what each is."""


@dataclass(frozen=True)
class Interval:
    """Some time in a stage. `began` and `ended` are seconds of the performance counter."""

    stage: str
    began: float
    ended: float


class Stopwatch:
    """Adds up wall-clock time per stage. Stages do not overlap, so their sum is the whole time."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self.intervals: list[Interval] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to the stage called `name`."""
        began = perf_counter()
        try:
            yield
        finally:
            self.add(name, began)

    def add(self, name: str, began: float) -> None:
        """Add the time from `began`, of the performance counter, until now."""
        interval = Interval(name, began, perf_counter())
        self.intervals.append(interval)
        spent = 1000 * (interval.ended - began)
        self.milliseconds[name] = round(self.milliseconds.get(name, 0) + spent, 3)

    def so_far(self) -> dict[str, float]:
        """The milliseconds of each stage as they are now; a worker may still be adding to them."""
        return self.milliseconds.copy()

    def header(self) -> str:
        """The stages as a Server-Timing header (W3C Server Timing)."""
        return ", ".join(f"{name};dur={spent:g}" for name, spent in self.so_far().items())
