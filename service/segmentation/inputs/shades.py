"""Voxels of any unit -> 8 bits, by one range for all slices of a volume."""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from service.segmentation.inputs.volume import Voxels

_SAMPLES = 2**21
"""Voxels that are looked at; of more, every n-th."""
_DARKEST, _BRIGHTEST = 0.5, 99.5
"""Percentiles of what is not background. Fat, vessels and defects are brighter than any tissue of the brain."""


@dataclass(frozen=True)
class Shades:
    """Values that become black and white."""

    low: float
    high: float

    def of(self, voxels: Voxels) -> NDArray[np.uint8]:
        """0..255, of the same shape: a slice, so that no second copy of the volume is made."""
        scaled = (voxels.astype(np.float64) - self.low) * (255 / (self.high - self.low))
        grey: NDArray[np.uint8] = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
        return grey


def shades(voxels: Voxels) -> Shades:
    """The range of nearly all voxels of a volume. The smallest value is the background, and not counted.

    A volume of one value becomes black.
    """
    flat = voxels.ravel(order="K")  # no copy where the array is in one piece, whatever the order of its axes
    sample = flat[:: -(-flat.size // _SAMPLES)].astype(np.float64)
    least = float(sample.min())
    shown = sample[sample > least]
    if shown.size == 0:
        return Shades(least, inf)
    low, high = (float(value) for value in np.percentile(shown, (_DARKEST, _BRIGHTEST)))
    return Shades(low if low < high else least, high)
