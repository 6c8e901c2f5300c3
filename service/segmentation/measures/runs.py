"""Labels as runs: stretches of one class in a line of pixels. A mask of 12 megapixels has some ten thousand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.segmentation.modelfile.contract import Labels
from service.segmentation.stripes import stripes

Numbers = NDArray[np.int64]


class TooManyRuns(Exception):
    """The labels have more runs than were allowed."""


@dataclass(frozen=True, eq=False)
class Runs:
    """All runs of labels [H, W], line by line and from the left. They cover every pixel.

    starts: their first pixels, counted through all lines, [n]; lines, left and right: where they are, [n]; a run ends
    before `right`; classes: uint8 [n].
    """

    width: int
    starts: Numbers
    lines: Numbers
    left: Numbers
    right: Numbers
    classes: NDArray[np.uint8]

    @classmethod
    def of(cls, labels: Labels, most: int) -> "Runs":
        """Raises TooManyRuns if there are more than `most`."""
        height, width = labels.shape
        starts = changes(labels, most, by_line=True)
        ends = np.append(starts[1:], height * width)
        lines = starts // width
        left = starts - lines * width
        return cls(width, starts, lines, left, left + ends - starts, labels.reshape(-1)[starts])

    def at(self, pixels: Numbers) -> Numbers:
        """The indices of the runs that have these pixels, counted through all lines."""
        found: Numbers = np.searchsorted(self.starts, pixels, side="right") - 1
        return found


def changes(labels: Labels, most: int, *, by_line: bool) -> Numbers:
    """The pixels, counted through all lines, that are of another class than the one before; and the first one, of each
    line or of all. Raises TooManyRuns if there are more than `most`."""
    height, width = labels.shape
    found, number = [], 0
    for _, top, _, bottom in stripes((width, height)):
        flat = labels[top:bottom].reshape(-1)
        change = np.empty(flat.size, np.bool_)
        np.not_equal(flat[1:], flat[:-1], out=change[1:])
        change[0] = by_line or top == 0 or flat[0] != labels[top - 1, -1]
        if by_line:
            change[::width] = True
        number += int(np.count_nonzero(change))
        if number > most:
            raise TooManyRuns
        found.append(np.flatnonzero(change) + top * width)
    return np.concatenate(found)
