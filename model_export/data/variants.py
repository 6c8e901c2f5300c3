"""The same scan in another form: with other axes, spacing or intensities, which should change nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Image
from nibabel.orientations import axcodes2ornt, ornt_transform
from numpy.typing import NDArray
from scipy import ndimage

from service.segmentation.inputs.axial import axial
from service.segmentation.inputs.volume import Volume

Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scan:
    """values: [slice, row, column], from feet to head, front to back, the patient's right to left. spacing: mm along
    these axes."""

    values: Values
    spacing: tuple[float, float, float]


def scan_of(volume: Volume) -> Scan:
    """A volume's voxels as axial slices."""
    seen = axial(volume)
    return Scan(seen.voxels.astype(np.float32), seen.spacing)


def nifti(scan: Scan, axes: str = "SPL") -> bytes:
    """A NIfTI file of a scan, its axes running to `axes`, such as "RAS"."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = scan.spacing[0], -scan.spacing[1], -scan.spacing[2]
    affine[3, 3] = 1
    image = Nifti1Image(scan.values, affine)
    return bytes(image.as_reoriented(ornt_transform(axcodes2ornt("SPL"), axcodes2ornt(axes))).to_bytes())


def resampled(millimetres: float) -> Callable[[Scan], Scan]:
    """Voxels of so many mm on each side. Larger ones average what lies in them, as those of a scanner do.

    Where a scan was stripped of its skull, the head keeps its border: voxels outside of it take part in no average.
    """

    def change(scan: Scan) -> Scan:
        steps = [millimetres / mm for mm in scan.spacing]
        shape = [int((side - 1) / step) + 1 for side, step in zip(scan.values.shape, steps, strict=True)]

        def brought(values: Values) -> Values:
            smooth = ndimage.gaussian_filter(values, [max(0.0, step**2 - 1) ** 0.5 / 2.355 for step in steps])
            there: Values = ndimage.affine_transform(smooth, steps, output_shape=shape, order=3)
            return there

        inside = (scan.values > scan.values.min()).astype(np.float32)
        share = brought(inside)
        darkest = scan.values.min(where=inside > 0, initial=np.inf)  # splines overshoot
        values = np.maximum(darkest, brought(scan.values * inside) / np.maximum(share, 0.5))
        values = np.where(share > 0.5, values, 0)
        return Scan(values.astype(np.float32), (millimetres,) * 3)

    return change


def to_8_bits(scan: Scan) -> Scan:
    """As a viewer's window, which cuts the brightest hundredth off, stores them."""
    white = np.percentile(scan.values[scan.values > 0], 99)
    return Scan(np.rint(255 * np.clip(scan.values / white, 0, 1)).astype(np.uint8), scan.spacing)


def to_16_bits(scan: Scan) -> Scan:
    """Other values: scaled and shifted, negative ones among them."""
    return Scan(np.rint(31.7 * scan.values - 1000).astype(np.int16), scan.spacing)


VARIANTS: dict[str, Callable[[Scan], bytes]] = {
    "axes to the left, the back, the head": lambda scan: nifti(scan, "LPS"),
    "axes to the front, the feet, the right": lambda scan: nifti(scan, "AIR"),
    "voxels of 0.7 mm": lambda scan: nifti(resampled(0.7)(scan)),
    "voxels of 1.5 mm": lambda scan: nifti(resampled(1.5)(scan)),
    "8 bits, windowed": lambda scan: nifti(to_8_bits(scan)),
    "16 bits, scaled and shifted": lambda scan: nifti(to_16_bits(scan)),
}
"""By what is different; each makes a file."""
