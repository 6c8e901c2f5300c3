"""How bright the labelled tissues are in the scan itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.segmentation.inputs.volume import Voxels

_EVERY = 2
"""Along each axis, so many voxels are one sample."""


@dataclass(frozen=True)
class Contrast:
    """Of each class: the mean of its voxels' values, in the scan's units, and their standard deviation; NaN without
    voxels."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def between(self, one: int, other: int) -> float:
        """How much brighter a class is than another, in their mean standard deviation; NaN where one has no voxels."""
        spread = (self.deviations[one] + self.deviations[other]) / 2
        return (self.means[one] - self.means[other]) / spread if spread else float("nan")


def contrast_of(voxels: Voxels, labels: NDArray[np.uint8], classes: int) -> Contrast:
    """Of a scan and its labels, of the same shape."""
    every = (slice(None, None, _EVERY),) * 3
    values, chosen = voxels[every].astype(np.float64).ravel(), labels[every].ravel()
    count = np.bincount(chosen, minlength=classes)
    with np.errstate(invalid="ignore"):
        means = np.bincount(chosen, values, classes) / count
        variances = np.bincount(chosen, (values - means[chosen]) ** 2, classes) / count
    return Contrast(tuple(means.tolist()), tuple(np.sqrt(variances).tolist()))
