"""Labels -> run lengths of each class, as COCO has them (pycocotools' maskApi.c): column by column, outside first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.segmentation.measures.runs import Numbers, changes
from service.segmentation.modelfile.contract import Labels

BITS = 5
"""Of a number in a character."""
MORE = 1 << BITS
"""Set where another character of the same number follows."""
FIRST = 48
"""The character that stands for 0."""
LONGEST = 7
"""Characters of a number: lengths have at most 32 bits, differences one more."""


@dataclass(frozen=True, eq=False)
class Columns:
    """The runs of labels [height, width], column by column. Where each starts, counted through all columns, where it
    ends, and its class."""

    shape: tuple[int, int]
    starts: Numbers
    ends: Numbers
    classes: NDArray[np.uint8]

    @classmethod
    def of(cls, labels: Labels, most: int) -> "Columns":
        """Raises TooManyRuns if there are more than `most`."""
        turned = np.ascontiguousarray(labels.T)
        starts = changes(turned, most, by_line=False)
        height, width = labels.shape
        return cls((height, width), starts, np.append(starts[1:], labels.size), turned.reshape(-1)[starts])

    def counts(self, class_id: int) -> Numbers:
        """The lengths outside and inside of a class, in turn; a last one of 0 is left out."""
        mine = self.classes == class_id
        edges = np.zeros(2 * np.count_nonzero(mine) + 2, np.int64)
        edges[1:-1:2], edges[2:-1:2], edges[-1] = self.starts[mine], self.ends[mine], self.shape[0] * self.shape[1]
        lengths = np.diff(edges)
        return lengths if lengths[-1] else lengths[:-1]


def compressed(counts: Numbers) -> str:
    """COCO's text of run lengths (rleToString): from the fourth on, each is the difference to the one before the last.
    A number is written in groups of five bits, the lowest first, in as few as hold it with its sign."""
    numbers = counts.copy()
    numbers[3:] -= counts[1:-2]
    text = np.zeros((len(numbers), LONGEST), np.uint8)
    rest = np.arange(len(numbers))
    for place in range(text.shape[1]):
        low = numbers & (MORE - 1)
        numbers >>= BITS
        more = numbers != np.where(low & (MORE >> 1), -1, 0)
        text[rest, place] = FIRST + low + MORE * more
        rest, numbers = rest[more], numbers[more]
    return text[text > 0].tobytes().decode()
