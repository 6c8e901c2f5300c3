"""Nodes, cores, bytes and money for a rate or an archive, from what one node was measured to do. Only arithmetic."""

from dataclasses import dataclass
from math import ceil

HOUR_S, DAY_S = 3600, 86400


@dataclass(frozen=True)
class Workload:
    """One model and one kind of photo on one node, as measured.

    cores: of the node.
    per_second: images a second, if there are always some waiting: the capacity.
    upload_bytes: of a photo. answer_bytes: of the JSON with areas and mask. mask_bytes: of the mask as a PNG.
    work_ms: milliseconds of a core for an image, by stage; `http` is everything outside the stages.
    """

    model: str
    photo: str
    cores: int
    per_second: float
    upload_bytes: int
    answer_bytes: int
    mask_bytes: int
    work_ms: dict[str, float]

    @property
    def core_seconds(self) -> float:
        """Of a core, for an image."""
        return self.cores / self.per_second


def work_ms(alone_ms: dict[str, float], whole_ms: float, cores: int, per_second: float) -> dict[str, float]:
    """Milliseconds of a core for an image, by stage.

    alone_ms: the stages of an image that is alone. All but the network's run on one core, so they are that work.
    whole_ms: what its client waits; the difference is HTTP's.
    The network has what is left of the cores' time at the capacity.
    """
    single = {stage: alone_ms[stage] for stage in ("decode", "fit", "measure", "encode")}
    http = whole_ms - sum(alone_ms.values())
    return {"http": http, **single, "network": 1000 * cores / per_second - http - sum(single.values())}


def nodes(rate: float, capacity: float, load: float, spare: int = 1) -> int:
    """So many that `rate` images a second are at most `load` of the capacity of a node, a share, also when `spare` of
    the nodes have failed."""
    return ceil(rate / (load * capacity) - 1e-9) + spare


def load_after(load: float, count: int, failed: int) -> float:
    """The load of each node when `failed` of `count` have failed. Raises ZeroDivisionError if none is left."""
    return load * count / (count - failed)


def lost(load: float, capacity: float, mean_s: float) -> float:
    """Images that a failing node takes along: those in it, on average (Little 1961)."""
    return load * capacity * mean_s


def core_hours(images: float, core_seconds: float) -> float:
    """Of cores that are always busy, as for an archive."""
    return images * core_seconds / HOUR_S


def days(images: float, per_second: float, count: int) -> float:
    """An archive on so many nodes that are always busy."""
    return images / per_second / count / DAY_S


def money(hours: float, price: float) -> float:
    """For core hours, at the price of one; in its currency."""
    return hours * price


def gbit_per_second(rate: float, size: float) -> float:
    """10^9 bits a second, of so many things a second with so many bytes each."""
    return rate * size * 8 / 1e9


def cores_that_fill(gbit: float, size: float, core_seconds: float) -> int:
    """Cores whose images fill a link of so many Gbit/s, if each image takes `size` bytes of it."""
    return ceil(gbit / gbit_per_second(1 / core_seconds, size))


def most_speedup(stages_ms: dict[str, float], of: str = "network") -> float:
    """How many times as many images a core serves at best, if one stage costs it nothing (Amdahl 1967)."""
    whole = sum(stages_ms.values())
    return whole / (whole - stages_ms[of])
