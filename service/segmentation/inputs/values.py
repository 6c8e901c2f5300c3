"""Stored numbers of a scan -> values in the file's units, of few types and all finite."""

import numpy as np
from numpy.typing import NDArray

from service.segmentation.errors import UnusableScan
from service.segmentation.inputs.volume import Voxels
from service.segmentation.inputs.warning import ImageWarning

_KEPT = {"u1": np.uint8, "i1": np.int16, "i2": np.int16, "u2": np.uint16}
"""Types whose values are kept as they are; all others become float32."""

NOT_FINITE = ImageWarning(
    "values_not_finite", "Some values are infinite or not a number; they were replaced by the scan's smallest value."
)


def values(stored: Voxels, slope: float = 1, intercept: float = 0) -> tuple[Voxels, tuple[ImageWarning, ...]]:
    """slope * stored + intercept as uint8, int16, uint16 or float32, in the machine's byte order, and warnings.

    Raises UnusableScan where no value is a finite number.
    """
    kept = _KEPT.get(stored.dtype.str[1:])
    if kept is not None and (slope, intercept) == (1, 0):
        return stored.astype(kept, copy=False), ()
    scaled = np.empty_like(stored, np.float32)
    with np.errstate(all="ignore"):  # what overflows is infinite, and dealt with below
        outermost = 0 if stored.flags.c_contiguous else -1
        for part, into in zip(np.moveaxis(stored, outermost, 0), np.moveaxis(scaled, outermost, 0), strict=True):
            into[...] = part.astype(np.float64) * slope + intercept
    return finite(scaled)


def finite(scaled: NDArray[np.float32]) -> tuple[Voxels, tuple[ImageWarning, ...]]:
    """The array itself, with the smallest finite value in place of those that are not finite. Raises UnusableScan."""
    good = np.isfinite(scaled)
    if good.all():
        return scaled, ()
    if not good.any():
        raise UnusableScan("No value of the scan is a finite number; export it again.")
    scaled[~good] = scaled.min(where=good, initial=np.inf)
    return scaled, (NOT_FINITE,)
