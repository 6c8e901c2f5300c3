"""What a frame's attributes say: where it lies in the patient (PS3.3, sections C.7.6.2 and C.7.6.16), the size of its
pixels, and the scale of its values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from service.segmentation.inputs.dicom.file import numbers_of, sequence_of
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.volume import Affine

Vector = NDArray[np.float64]

_MACROS = (
    "PixelMeasuresSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelValueTransformationSequence",
)
"""Of an enhanced multi-frame image: what a classic one has at its top."""

_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
"""In the patient; on the detector, which is somewhat larger; of a scanned film."""


_LPS_TO_RAS = np.diag((-1.0, -1.0, 1.0))


@dataclass(frozen=True, eq=False)
class Place:
    """position: of the first pixel's centre, LPS mm. across, down: unit vectors from column to column, row to row."""

    position: Vector
    across: Vector
    down: Vector
    spacing: Spacing

    @property
    def normal(self) -> Vector:
        """The unit vector from slice to slice."""
        return np.cross(self.across, self.down)


Groups = tuple[Dataset, ...]
"""The data sets that hold a frame's attributes, the frame's own first."""


def groups_of(dataset: Dataset, frames: int) -> list[Groups]:
    """For each frame."""
    own = sequence_of(dataset, "PerFrameFunctionalGroupsSequence")
    shared = [item for group in sequence_of(dataset, "SharedFunctionalGroupsSequence")[:1] for item in _macros(group)]
    if len(own) != frames:
        own = [Dataset()] * frames
    return [(*_macros(group), *shared, dataset) for group in own]


def _macros(group: Dataset) -> list[Dataset]:
    return [item for keyword in _MACROS for item in sequence_of(group, keyword)[:1]]


def find(groups: Groups, keyword: str, count: int) -> tuple[float, ...] | None:
    """The first that has so many numbers."""
    found = (numbers_of(group, keyword, count) for group in groups)
    return next((numbers for numbers in found if numbers is not None), None)


def spacing_of(groups: Groups) -> Spacing | None:
    """The size of a pixel; None where the file does not say, or says what cannot be."""
    for keyword in _SPACINGS:
        numbers = find(groups, keyword, 2)
        if numbers is not None and all(1e-3 <= number <= 1e3 for number in numbers):
            return Spacing(*numbers)
    return None


def scale_of(groups: Groups) -> tuple[float, float]:
    """Slope and intercept of the stored values (PS3.3, section C.11.1)."""
    (slope,), (intercept,) = find(groups, "RescaleSlope", 1) or (1.0,), find(groups, "RescaleIntercept", 1) or (0.0,)
    return slope or 1.0, intercept


def place_of(groups: Groups) -> Place | None:
    """None where something of it is missing, or the axes are not at right angles."""
    position, axes = find(groups, "ImagePositionPatient", 3), axes_of(groups)
    spacing = find(groups, "PixelSpacing", 2)
    if position is None or axes is None or spacing is None or min(spacing) <= 0:
        return None
    return Place(np.array(position), *axes, Spacing(*spacing))


def axes_of(groups: Groups) -> tuple[Vector, Vector] | None:
    """The unit vectors from column to column and from row to row, LPS; None where they are not at right angles."""
    axes = find(groups, "ImageOrientationPatient", 6)
    if axes is None:
        return None
    across, down = np.array(axes[:3]), np.array(axes[3:])
    lengths = np.linalg.norm((across, down), axis=1)
    if abs(lengths - 1).max() > 0.01 or abs(across @ down) > 0.01:
        return None
    return across / lengths[0], down / lengths[1]


def affine_of(across: Vector, down: Vector, step: Vector, position: Vector) -> Affine:
    """[4, 4]: (slice, row, column) -> RAS+ mm, of vectors in LPS mm from each to the next."""
    affine = np.eye(4)
    affine[:3] = _LPS_TO_RAS @ np.stack((step, down, across, position), axis=1)
    return affine
