"""What the service promises, what was measured, and whether the promise is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Promise:
    """`measured` must be from `least` to `most`; the unit is in the name."""

    name: str
    measured: float
    least: float = -inf
    most: float = inf

    @property
    def kept(self) -> bool:
        return self.least <= self.measured <= self.most  # false for NaN: nothing was measured

    @property
    def allowed(self) -> str:
        if self.least == self.most:
            return f"{self.most:.6g}"
        return f"at most {self.most:.6g}" if self.least == -inf else f"at least {self.least:.6g}"


def table(promises: Iterable[Promise]) -> str:
    """In Markdown, a line for each."""
    lines = [f"| {p.name} | {p.measured:.6g} | {p.allowed} | {'kept' if p.kept else '**BROKEN**'} |" for p in promises]
    return "\n".join(["| promise | measured | allowed | |", "|---|---|---|---|", *lines])
