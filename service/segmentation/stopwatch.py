"""Where the time of a request went, stage by stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("queue", "decode", "fit", "turn", "network", "measure", "encode")
"""Those of a request, in order; docs/reference/operating.md says what each is."""


class Stopwatch:
    """Adds up wall-clock time per stage. Stages do not overlap, so their sum is the whole time."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to the stage called `name`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - began)

    def add(self, name: str, seconds: float) -> None:
        self.milliseconds[name] = round(self.milliseconds.get(name, 0) + 1000 * seconds, 3)

    def so_far(self) -> dict[str, float]:
        """The milliseconds of each stage as they are now; a worker may still be adding to them."""
        return self.milliseconds.copy()

    def header(self) -> str:
        """The stages as a Server-Timing header (W3C Server Timing)."""
        return ", ".join(f"{name};dur={spent:g}" for name, spent in self.so_far().items())
