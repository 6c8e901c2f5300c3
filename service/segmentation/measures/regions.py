"""Labels -> regions: connected pixels of one class.

Pixels are connected by their sides (4-connectivity). So the inside of a region is connected too, and its outline is one
valid polygon; with corners, it could be several that touch.

Regions are found by their runs: those of one class, in neighbouring lines, that share a column are connected.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.segmentation.measures.runs import Numbers, Runs

MOST = 1000
"""Regions that are listed, the largest."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions in order of size, the largest first; of those of one size, the upper one.

    number: of all that are large enough; at most `MOST` of them are here.
    classes, pixels: of each, [n]; boxes: left, top, width and height in pixels, [n, 4]; centroids: x and y, [n, 2],
    where the first pixel of the image lies from 0 to 1, as in COCO.
    members: of each run, the region that it belongs to, or -1.
    """

    number: int
    classes: NDArray[np.uint8]
    pixels: Numbers
    boxes: Numbers
    centroids: NDArray[np.float64]
    members: Numbers


def regions_of(runs: Runs, least: int, check: Callable[[], None]) -> Regions:
    """The regions of at least `least` pixels. `check` may raise to stop it."""
    roots = connected(len(runs.starts), *neighbours(runs), check)
    order = np.argsort(roots, kind="stable")  # of runs: those of a region in a row, line by line
    first = np.flatnonzero(np.diff(roots[order], prepend=-1))
    last = np.append(first[1:], len(order)) - 1
    left, right, lines = runs.left[order], runs.right[order], runs.lines[order]
    lengths = right - left
    pixels = np.add.reduceat(lengths, first)
    large = np.flatnonzero(pixels >= least)
    kept = large[np.argsort(-pixels[large], kind="stable")][:MOST]

    leftmost, rightmost = np.minimum.reduceat(left, first), np.maximum.reduceat(right, first)
    top, bottom = lines[first], lines[last] + 1
    boxes = np.stack((leftmost, top, rightmost - leftmost, bottom - top), axis=1)
    sums = [np.add.reduceat(lengths * twice, first) for twice in (left + right, 2 * lines + 1)]
    places = np.full(len(first), -1)
    places[kept] = np.arange(len(kept))
    members = np.empty(len(order), np.int64)
    members[order] = np.repeat(places, last - first + 1)
    return Regions(
        number=len(large),
        classes=runs.classes[order[first[kept]]],
        pixels=pixels[kept],
        boxes=boxes[kept],
        centroids=np.stack(sums, axis=1)[kept] / (2 * pixels[kept, np.newaxis]),
        members=members,
    )


def neighbours(runs: Runs) -> tuple[Numbers, Numbers]:
    """Pairs of runs of one class that share a column of neighbouring lines. Where two runs overlap, the overlap begins
    where one of them does; so the runs above and below the start of each are all there are."""
    size = runs.starts[-1] + runs.right[-1] - runs.left[-1]
    upper, lower = runs.starts >= runs.width, runs.starts < size - runs.width
    one = np.concatenate((np.flatnonzero(upper), np.flatnonzero(lower)))
    other = runs.at(np.concatenate((runs.starts[upper] - runs.width, runs.starts[lower] + runs.width)))
    same = runs.classes[one] == runs.classes[other]
    return one[same], other[same]


def connected(number: int, one: Numbers, other: Numbers, check: Callable[[], None]) -> Numbers:
    """The least node that each of so many nodes is connected with by pairs, [number].

    Every tree hooks onto the least of its neighbours, and is flattened (Shiloach and Vishkin 1982). In two rounds each
    tree that has neighbours is joined with one, so there are at most 2 log2(number) rounds.
    """
    roots = np.arange(number)
    while len(one):
        check()
        np.minimum.at(roots, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(further := roots[roots], roots):
            roots = further
        one, other = roots[one], roots[other]
        apart = one != other
        one, other = one[apart], other[apart]
    return roots
