"""A scan: voxels, where they lie in the patient, and nothing about who the patient is."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.segmentation.inputs.warning import ImageWarning

Voxels = NDArray[Any]
"""uint8, int16, uint16 or float32, and finite."""
Affine = NDArray[np.float64]
"""[4, 4]: the index of a voxel -> its centre in RAS+ millimetres (right, front and top of the patient are positive)."""
Weighting = Literal["T1", "T2", "FLAIR", "PD", "diffusion"]


@dataclass(frozen=True)
class Acquisition:
    """What the file says of how the scan was made; None where it says nothing.

    modality: DICOM's two letters, such as MR or CT.
    contrast_agent: whether one was given.
    """

    modality: str | None = None
    weighting: Weighting | None = None
    contrast_agent: bool | None = None


@dataclass(frozen=True, eq=False)
class Volume:
    """A scan in its file's own axes. It carries no field of the patient, no UID and no name.

    voxels: [I, J, K]; NIfTI's first axis first; [slice, row, column] of a DICOM series, slices in order of position.
        Values in the file's own units: slope and intercept are applied.
    affine: the index (i, j, k, 1) of `voxels` -> RAS+ mm. Its axes are orthogonal or nearly so.
    shape: of the file's own array, to which labels of the shape of `voxels` are reshaped: (I, J, K) or (I, J, K, 1).
    space: what the origin is, as NIfTI's form codes say: 0 unknown, 1 scanner, 2 aligned, 3 Talairach, 4 MNI.
    """

    voxels: Voxels
    affine: Affine
    shape: tuple[int, ...]
    format: Literal["NIFTI", "DICOM"]
    space: int = 1
    acquisition: Acquisition = Acquisition()
    warnings: tuple[ImageWarning, ...] = ()

    @property
    def spacing(self) -> tuple[float, float, float]:
        """The distance in mm from one voxel to the next along each axis of `voxels`."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(i), float(j), float(k)

    @property
    def voxel_mm3(self) -> float:
        """The volume of a voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))
