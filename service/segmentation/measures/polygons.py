"""Regions -> polygons: rings of corners of pixels, the outline first, then the holes.

A ring is closed: its last point is its first. Outlines run counterclockwise and holes clockwise, as RFC 7946 has them
where y points up; so the signed area of an outline is positive, although on a screen, where y points down, it looks
clockwise. Where two pixels of a region meet at a corner alone, its rings pass between the pixels outside of it.
So a ring never meets itself, and the polygons are valid by OGC's Simple Feature Access (ISO 19125-1).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from service.segmentation.measures.regions import Regions
from service.segmentation.measures.runs import Numbers, Runs

MOST = 2**18
"""Corners of all outlines before they are simplified. Smaller regions have no polygon then."""
LONGEST = 256
"""Corners between two that are always kept; how often lines are divided is bounded by it."""

Ring = NDArray[np.int64]
"""[n, 2], x and y of each corner; the first pixel of the image lies from 0 to 1."""
Polygon = tuple[Ring, ...]
Places = NDArray[np.complex128]
"""x + iy, [n]."""


def polygons_of(runs: Runs, regions: Regions, tolerance: float, check: Callable[[], None]) -> list[Polygon]:
    """The polygons of the largest regions: all, unless they have too many corners.

    No point of an outline lies further than `tolerance` pixels from the simplified one. A tolerance of 0 keeps every
    corner. `check` may raise to stop it.
    """
    corners = Corners(runs, regions)
    rings = list(corners.rings(check))
    if not rings:
        return []
    lengths = np.array([len(ring) for ring in rings], np.int64)
    owners = corners.region[[ring[0] for ring in rings]]
    points = corners.points[np.concatenate(rings)]
    first = np.cumsum(lengths) - lengths
    kept = simplified(points, first, tolerance, check) if tolerance > 0 else np.ones(len(points), np.bool_)
    polygons: list[list[Ring]] = [[] for _ in range(corners.regions)]
    for owner, start, length in zip(owners.tolist(), first.tolist(), lengths.tolist(), strict=True):
        ring = points[start : start + length]
        polygons[owner].append(ring[kept[start : start + length]])
    return [tuple(polygon) for polygon in polygons]


class Corners:
    """The corners of regions, in pairs: those of a horizontal side of an outline, from the top and from the left.

    regions: so many, the largest, have their corners here.
    points: x and y, [2 * sides, 2]; region: of each, [2 * sides].
    """

    def __init__(self, runs: Runs, regions: Regions) -> None:
        height, width = int(runs.lines[-1]) + 1, runs.width
        mine = np.flatnonzero(regions.members >= 0)
        member, line = regions.members[mine], runs.lines[mine]
        # Each run has corners where it starts (0) and ends (1), on the line above it and on the line below. A corner
        # that two runs of a region share, one above the other, is none. They are in order of line and column; where
        # pixels alternate as on a chessboard, the run that starts there has the side on the left.
        sides = np.stack((runs.left[mine], runs.right[mine])) * 2 + [[0], [1]]
        above = (member * (height + 1) + line) * (2 * width + 2)
        keys = np.concatenate([(lines + sides).reshape(-1) for lines in (above, above + 2 * width + 2)])
        keys.sort()
        same = keys[1:] == keys[:-1]
        alone = np.ones(len(keys), np.bool_)
        alone[1:] &= ~same
        alone[:-1] &= ~same
        keys = keys[alone]
        rest, self._ends = keys // 2, keys % 2
        lines, x = np.divmod(rest, width + 1)
        region, y = np.divmod(lines, height + 1)
        counts = np.cumsum(np.bincount(region, minlength=len(regions.pixels)))
        self.regions = int(np.searchsorted(counts, MOST, side="right"))
        number = int(counts[self.regions - 1]) if self.regions else 0
        self.points = np.stack((x, y), axis=1)[:number]
        self.region, self._ends = region[:number], self._ends[:number]

    def rings(self, check: Callable[[], None]) -> Iterator[Numbers]:
        """Each ring, as indices of corners."""
        heads, tails, follower = self._linked()
        for side in cycles(follower):
            check()
            ring = np.stack((heads[side], tails[side]), axis=1).reshape(-1)
            yield np.append(ring, ring[0])

    def _linked(self) -> tuple[Numbers, Numbers, list[int]]:
        """Of each horizontal side, the corner that it starts at, the one that it ends at, and the side that follows.

        Where a region starts, the vertical side of its outline goes up, and where it ends, down.
        """
        x, y = self.points.T
        order = np.lexsort((y, x, self._ends, self.region))  # pairs: the upper and the lower end of a vertical side
        across = np.empty_like(order)
        across[order[::2]], across[order[1::2]] = order[1::2], order[::2]
        lower = np.empty_like(self._ends)
        lower[order[::2]], lower[order[1::2]] = 0, 1
        arrives = lower == self._ends  # here the vertical side ends, and the horizontal one starts
        heads, tails = np.flatnonzero(arrives), np.flatnonzero(~arrives)
        return heads, tails, (across[tails] // 2).tolist()


def cycles(follower: list[int]) -> Iterator[list[int]]:
    """The cycles of a permutation, each from its least element, in order of that."""
    seen = bytearray(len(follower))
    for first in range(len(follower)):
        cycle, at = [], first
        while not seen[at]:
            seen[at] = True
            cycle.append(at)
            at = follower[at]
        if cycle:
            yield cycle


def simplified(points: Ring, first: Numbers, tolerance: float, check: Callable[[], None]) -> NDArray[np.bool_]:
    """Which points of closed rings to keep; the rings begin at `first`.

    A line from one kept point to the next is divided at the point that is farthest from it, while that is farther than
    `tolerance` (Douglas and Peucker 1973), in all rings at once. Four corners of each ring are kept, which have its
    bounds; so it stays a ring of its orientation.
    """
    kept = np.zeros(len(points), np.bool_)
    kept[first] = True
    kept[first - 1] = True  # the last of the ring before; of the first ring, that is the very last
    kept[::LONGEST] = True
    x, y = points.T
    places = x + 1j * y
    base = int(points.max()) + 1
    lengths = np.diff(first, append=len(points))
    for key in (y * base - x, x * base + y):
        for extreme in (np.minimum, np.maximum):
            kept |= key == np.repeat(extreme.reduceat(key, first), lengths)
    loose = np.flatnonzero(~kept)  # those whose line may have to be divided
    while len(loose):
        check()
        ends = np.flatnonzero(kept)
        line = np.searchsorted(ends, loose)
        distance = distances(places[loose], places[ends[line - 1]], places[ends[line]])
        begin = np.flatnonzero(np.diff(line, prepend=-1))
        farthest = np.maximum.reduceat(distance, begin)
        divided = np.repeat(farthest > tolerance, np.diff(begin, append=len(loose)))
        loose, line, distance = loose[divided], line[divided], distance[divided]
        candidates = np.flatnonzero(distance == np.repeat(farthest, np.diff(begin, append=len(divided)))[divided])
        kept[loose[candidates[np.diff(line[candidates], prepend=-1) > 0]]] = True  # the first of equals
        loose = loose[~kept[loose]]
    return kept


def distances(points: Places, start: Places, end: Places) -> NDArray[np.float64]:
    """The distance of each point from the line between two others, [n]."""
    along, away = end - start, points - start
    length = along.real**2 + along.imag**2
    share = (away.real * along.real + away.imag * along.imag) / np.maximum(length, 1)
    apart: NDArray[np.float64] = np.abs(away - np.clip(share, 0, 1) * along)
    return apart
