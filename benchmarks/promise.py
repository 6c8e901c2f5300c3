"""What the service promises, what was measured, and whether that keeps it."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Promise:
    """`measured` is to be `least` or more, and `most` or less; the unit is in the name."""

    name: str
    measured: float
    least: float = -inf
    most: float = inf

    @property
    def kept(self) -> bool:
        return self.least <= self.measured <= self.most  # NaN is not: what nobody saw is not known to be kept

    @property
    def allowed(self) -> str:
        if self.least == self.most:
            return f"{self.most:.4g}"
        return f"at most {self.most:.4g}" if self.least == -inf else f"at least {self.least:.4g}"


def table(promises: Iterable[Promise]) -> str:
    """In Markdown, a line each."""
    lines = [f"| {p.name} | {p.measured:.4g} | {p.allowed} | {'kept' if p.kept else '**BROKEN**'} |" for p in promises]
    return "\n".join(["| promise | measured | allowed | |", "|---|---|---|---|", *lines])
