"""Labels enlarged to the photo: nearest neighbour, and outlines drawn where interpolated scores cross.

Between four neighbouring places of the network's grid, scores are interpolated bilinearly. A class that has the
greatest score at all four has it everywhere between them, because an interpolated score is a weighted mean of the four.
There, nearest neighbour is right. So only the squares whose corners differ are drawn again, each from the classes at
its own corners. A class that leads at no corner may lead in the middle of a square; it is left out, so that a mask has
no class that the network did not choose near by.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.segmentation.inputs.raster import Size
from service.segmentation.measures.areas import count, nearest
from service.segmentation.modelfile.contract import Labels
from service.segmentation.runtime.cells import Cells

PIXELS = 2**17
"""Drawn at a time: few enough to stay in a processor's cache."""
CORNERS = 16
"""What is read at the corners of a square takes the memory of about so many pixels."""

Places = NDArray[np.intp]
Values = NDArray[np.float32]
Counts = NDArray[np.int64]


def enlarged(labels: Labels, size: Size) -> Labels:
    """Labels resized to `size` (width, height) by nearest neighbour: lines are widened first, then repeated."""
    height, width = labels.shape
    if size == (width, height):
        return labels
    lines = Image.fromarray(labels).resize((size[0], height), Image.Resampling.NEAREST)
    return np.asarray(lines)[nearest(height, size[1])]


@dataclass(frozen=True, eq=False)
class Axis:
    """The gaps between the centres of neighbouring places, and the pixels in them once the places are enlarged.

    Gap i lies before place i. The first and the last gap lie outside of the outermost centres, where nothing changes.

    ends: of each gap, the places before and after it, [2, gaps].
    pixels: of each gap, its pixels, [longest, gaps].
    inside: which of them are there: a gap may have fewer than the longest, or none.
    share: where each lies from the place before it to the one after it, 0..1.
    """

    ends: Places
    pixels: Places
    inside: NDArray[np.bool_]
    share: Values

    @classmethod
    def of(cls, places: int, pixels: int) -> "Axis":
        """An axis of so many places, enlarged to so many pixels."""
        positions = (np.arange(pixels) + 0.5) * (places / pixels) + 0.5
        gaps = positions.astype(np.intp)
        lengths = np.bincount(gaps, minlength=places + 1)
        steps = np.arange(lengths.max())[:, np.newaxis]
        each = np.minimum(np.cumsum(lengths) - lengths + steps, pixels - 1)
        after = np.arange(places + 1)
        ends = np.clip((after - 1, after), 0, places - 1)
        return cls(ends, each, steps < lengths, (positions - gaps).astype(np.float32)[each])


@dataclass(frozen=True, eq=False)
class Outlines:
    """What outlines are drawn with and into: `whole` are labels that were enlarged, `cells` has their scores."""

    whole: Labels
    down: Axis
    across: Axis
    cells: Cells

    def draw(self, rows: Places, columns: Places, ids: Labels) -> Counts:
        """Draw n squares, between gaps of rows [n] and of columns [n]; `ids` [k, n] are the classes to choose from,
        ascending. Returns by how much the pixels of each class change."""
        down, across = self.down, self.across
        ends = down.ends.take(rows, axis=1)[:, np.newaxis], across.ends.take(columns, axis=1)
        scores = self.cells.at(ids[:, np.newaxis, np.newaxis], *ends)  # [k, 2, 2, n]
        chosen = greatest(scores, ids, down.share.take(rows, axis=1), across.share.take(columns, axis=1))
        flat, line = self.whole.reshape(-1), self.whole.shape[1]
        places = (line * down.pixels.take(rows, axis=1))[:, np.newaxis] + across.pixels.take(columns, axis=1)
        old = flat.take(places)
        there = down.inside.take(rows, axis=1)[:, np.newaxis] & across.inside.take(columns, axis=1)
        other = np.flatnonzero((chosen != old) & there)
        new = chosen.take(other)
        flat[places.take(other)] = new
        return counts(new) - counts(old.take(other))


def redraw(whole: Labels, labels: Labels, cells: Cells) -> Counts:
    """Draw the outlines of `labels` [H, W] into `whole`, which is them enlarged; `cells` has their scores.

    Returns by how much the pixels of each id, 0 to 255, change.
    """
    height, width = labels.shape
    down, across = Axis.of(height, whole.shape[0]), Axis.of(width, whole.shape[1])
    outlines = Outlines(whole, down, across, cells)
    at_once = max(1, PIXELS // max(CORNERS, len(down.pixels) * len(across.pixels)))
    corners = np.pad(labels, 1, "edge")
    squares = np.flatnonzero(mixed(corners))
    change = np.zeros(256, np.int64)
    for start in range(0, len(squares), at_once):
        rows, columns = np.divmod(squares[start : start + at_once], width + 1)
        top_left = rows * (width + 2) + columns
        ids = corners.take(np.add(top_left, [[0], [1], [width + 2], [width + 3]]))
        ends = np.stack((ids.min(axis=0), ids.max(axis=0)))
        several = ((ids != ends[0]) & (ids != ends[1])).any(axis=0)
        two, more = np.flatnonzero(~several), np.flatnonzero(several)
        change += outlines.draw(rows[two], columns[two], ends[:, two])
        change += outlines.draw(rows[more], columns[more], np.sort(ids[:, more], axis=0))
    return change


def mixed(corners: Labels) -> NDArray[np.bool_]:
    """Of labels [H, W], the squares [H - 1, W - 1] between four of them that are not all the same."""
    beside, below = corners[:, 1:] != corners[:, :-1], corners[1:] != corners[:-1]
    squares: NDArray[np.bool_] = beside[1:] | below[:, 1:] | below[:, :-1]
    return squares


def greatest(scores: Values, ids: Labels, down: Values, across: Values) -> NDArray[np.uint8]:
    """Of classes `ids` [k, n], those with the greatest interpolated score; the first of equals, as in the network.

    `scores` [k, 2, 2, n] are those at the corners of n squares, `down` [h, n] and `across` [w, n] where pixels lie in
    them, 0..1. The answer is [h, w, n].
    """
    ahead = scores[1:] - scores[0]
    best: Values | np.float32 = np.float32(0)
    chosen: NDArray[np.uint8] = ids[0]
    for ((top_left, top_right), (bottom_left, bottom_right)), challenger in zip(ahead, ids[1:], strict=True):
        left, right = top_left + (bottom_left - top_left) * down, top_right + (bottom_right - top_right) * down
        score = (right - left)[:, np.newaxis] * across
        score += left[:, np.newaxis]
        better = score > best
        chosen = chosen ^ better * (chosen ^ challenger)  # np.where branches at every pixel, and is three times as slow
        best = np.maximum(score, best, out=score)
    return chosen


def counts(labels: NDArray[np.uint8]) -> Counts:
    """How often each of 256 ids is among labels [n]."""
    return np.array(count(labels[np.newaxis], 256))
