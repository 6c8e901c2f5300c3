"""Statistics of figures that were taken in rounds on a shared machine."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

MOST_SPREAD = 1.5
"""Upper over lower quartile of a ratio, above which it means nothing."""


@dataclass(frozen=True)
class Ratio:
    """One figure over another, each pair from the same round: median and quartiles over the rounds."""

    value: float
    low: float
    high: float

    @property
    def meaningless(self) -> bool:
        return not self.high / self.low <= MOST_SPREAD  # NaN too

    def __str__(self) -> str:
        if self.meaningless:
            return f"no figure: {self.low:.2f} to {self.high:.2f} from round to round"
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(over: Sequence[float], under: Sequence[float]) -> Ratio:
    """The ratio of figures from the same rounds, in order."""
    each = [a / b for a, b in zip(over, under, strict=True)]
    low, high = np.quantile(each, (0.25, 0.75)).tolist()
    return Ratio(median(each), low, high)


def difference(minuend: Sequence[float], subtrahend: Sequence[float]) -> tuple[float, float, float]:
    """One figure minus another, each pair from the same round: median and quartiles over the rounds."""
    each = [a - b for a, b in zip(minuend, subtrahend, strict=True)]
    low, high = np.quantile(each, (0.25, 0.75)).tolist()
    return median(each), low, high


def percentile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share)) if values else float("nan")


def perfect(load: float, rounds: int, count: int) -> float:
    """p99 at `load` of capacity, over the time of a request alone, of a server without overhead: one request at a time,
    always in the same time. It is what random arrivals alone cost."""
    ratios = []
    for seed in range(rounds):
        draw = random.Random(seed)  # noqa: S311  # no secret
        due, free, spent = 0.0, 0.0, []
        for _ in range(count):
            due += draw.expovariate(load)
            free = max(free, due) + 1
            spent.append(free - due)
        ratios.append(percentile(spent, 0.99))
    return median(ratios)
