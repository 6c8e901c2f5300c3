"""A volume seen as axial slices, whatever axes its file has, and labels brought back to these."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from service.segmentation.inputs.volume import Affine, Volume, Voxels

_SPL = np.array(((0, 0, 1), (0, -1, 0), (-1, 0, 0)), np.float64)
"""Directions, in RAS, of slices (to the top), rows (to the back) and columns (to the patient's left)."""


@dataclass(frozen=True, eq=False)
class Axial:
    """Axes turned and flipped, never resampled, to those closest to axial ones.

    voxels: [slice, row, column], a view of the volume's own: slices from feet to head, rows from the front to the back,
        columns from the patient's right to the left, as a radiologist's screen and DICOM's axial slices have them.
    spacing: mm from slice to slice, row to row, column to column.
    tilt: degrees by which the axes are off, 0 to 55; at 45 a slice is as much coronal or sagittal as axial.
    """

    voxels: Voxels
    spacing: tuple[float, float, float]
    tilt: float
    _order: tuple[int, int, int]
    _flipped: tuple[int, ...]

    def restored(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Labels [slice, row, column] of `voxels` in the file's own axes, as a view."""
        return np.flip(labels, self._flipped).transpose(np.argsort(self._order))


def axial(volume: Volume) -> Axial:
    """The volume's voxels as slices that are as close to axial as its axes are."""
    order, flipped, tilt = closest(volume.affine)
    spacing = volume.spacing
    voxels = np.flip(volume.voxels.transpose(order), flipped)
    return Axial(voxels, (spacing[order[0]], spacing[order[1]], spacing[order[2]]), tilt, order, flipped)


def closest(affine: Affine) -> tuple[tuple[int, int, int], tuple[int, ...], float]:
    """Which axes become slices, rows and columns; which of these three run the other way; the largest angle left."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    cosines = _SPL @ directions  # [slice, row or column; axis]
    order = max(permutations(range(3)), key=lambda axes: sum(abs(cosines[to, axis]) for to, axis in enumerate(axes)))
    along = [float(cosines[to, axis]) for to, axis in enumerate(order)]
    tilt = float(np.degrees(np.arccos(min(1.0, *map(abs, along)))))
    return (order[0], order[1], order[2]), tuple(to for to, cosine in enumerate(along) if cosine < 0), tilt
