"""Random masks of the kinds that networks give and that break algorithms: blots, noise, lines, one class."""

from collections.abc import Iterator

import numpy as np

from service.segmentation.modelfile.contract import Labels


def masks(number: int, seed: int = 0) -> Iterator[Labels]:
    """So many masks of up to 60 pixels a side and 6 classes; the same ones for the same seed."""
    random = np.random.default_rng(seed)
    for _ in range(number):
        height, width, classes = random.integers(1, 21), random.integers(1, 21), random.integers(1, 7)
        cells = random.integers(0, classes, (height, width), dtype=np.uint8)
        if random.random() < 0.5:  # most of it is of one class
            cells[random.random(cells.shape) < 0.7] = 0
        yield np.ascontiguousarray(cells.repeat(random.integers(1, 4), axis=0).repeat(random.integers(1, 4), axis=1))
