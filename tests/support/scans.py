"""Small scans whose tissues are known."""

from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.segmentation.inputs.volume import Affine, Volume
from tests.support.tissues import GREY

SHAPE = (24, 20, 16)


def truth(shape: tuple[int, int, int] = SHAPE) -> NDArray[np.uint8]:
    """Tissues in shells, to the left, front and top of the middle, in RAS axes: no two orientations look alike."""
    at = np.stack(np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij"))
    middle = np.array((-0.1, 0.15, 0.1)).reshape(3, 1, 1, 1)
    radius = np.linalg.norm(at - middle, axis=0)
    shells: NDArray[np.uint8] = (3 - np.digitize(radius, (0.3, 0.5, 0.75))).astype(np.uint8)
    return shells


def scan(spacing: tuple[float, float, float] = (1, 1, 1), shape: tuple[int, int, int] = SHAPE) -> Volume:
    """A scan of `truth`, in RAS axes. The air is not all of one value, and so not what lies outside of a scan."""
    voxels = (np.array(GREY, np.int16) * 4)[truth(shape)]
    voxels[::2][truth(shape)[::2] == 0] = 1
    return Volume(voxels, np.diag((*spacing, 1.0)), shape, "NIFTI")


ORIENTATIONS = [(order, flipped) for order in permutations(range(3)) for flipped in product((False, True), repeat=3)]
"""Of the axes of a file: 48."""


def turned(array: NDArray[Any], order: tuple[int, ...], flipped: tuple[bool, ...]) -> NDArray[Any]:
    """An array in RAS axes, its axes in another order and some of them the other way."""
    return np.flip(array.transpose(order), tuple(axis for axis, flip in enumerate(flipped) if flip))


def turned_scan(volume: Volume, order: tuple[int, ...], flipped: tuple[bool, ...]) -> Volume:
    """The same scan in a file of other axes: each voxel stays where it is in the patient."""
    voxels = turned(volume.voxels, order, flipped)
    to_old: Affine = np.zeros((4, 4))
    to_old[3, 3] = 1
    for axis, (old, flip) in enumerate(zip(order, flipped, strict=True)):
        to_old[old, axis] = -1 if flip else 1
        to_old[old, 3] = volume.voxels.shape[old] - 1 if flip else 0
    return Volume(voxels, volume.affine @ to_old, voxels.shape, volume.format, volume.space, volume.acquisition)
