"""Checks whether an affine can belong to a scan."""

import numpy as np

from service.segmentation.errors import DamagedImage, UnusableScan
from service.segmentation.inputs.volume import Affine

NARROWEST, WIDEST = 0.01, 100.0
"""Millimetres from voxel to voxel; microscopes are below, and a head has two voxels above."""
FARTHEST = 1e5
"""Millimetres from the origin."""
SHEARED = 0.02
"""Cosine between two axes, of 1.1 degrees; rounded numbers make a thousandth of it."""


def check_affine(affine: Affine) -> None:
    """Raises DamagedImage for sizes that no scanner makes, UnusableScan where the axes are not at right angles."""
    if not np.isfinite(affine).all() or abs(affine[:3]).max() > FARTHEST:
        raise DamagedImage("The scan's position in the patient is not a finite number of millimetres; export it again.")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if spacing.min() < NARROWEST or spacing.max() > WIDEST:
        raise DamagedImage(
            f"The scan's voxels are {spacing[0]:.3g} x {spacing[1]:.3g} x {spacing[2]:.3g} mm, but each side must be "
            f"from {NARROWEST} to {WIDEST:g} mm; check the units, and export it again."
        )
    axes = affine[:3, :3] / spacing
    if abs(axes.T @ axes - np.eye(3)).max() > SHEARED:
        raise UnusableScan(
            "The scan's axes are not at right angles, as with a tilted gantry or after a registration; "
            "resample it to right angles and resend."
        )
