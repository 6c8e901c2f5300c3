"""A volume as the images that a model for scans takes, and what it says of them on the volume's own grid."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.segmentation.inputs.axial import Axial
from service.segmentation.inputs.raster import Size
from service.segmentation.inputs.shades import shades
from service.segmentation.modelfile.contract import Contract, Input, Labels, Pixels, Scan, Scores
from service.segmentation.segmenter import enlarged, pad, resized, unnormalised

LARGEST = 4
"""How many times the pixels of the model's native size a slice may have; a head with much air around it has two."""

Probability = NDArray[np.float32]


class Slices:
    """Axial slices at the model's spacing, in grey. Those that a slice shares with the next are resized once."""

    def __init__(self, seen: Axial, contract: Contract, scan: Scan) -> None:
        self._voxels, self._scan = seen.voxels, scan
        self._policy, self._temperature = contract.input, contract.temperature
        self._shades = shades(seen.voxels)
        _, rows, columns = self._voxels.shape
        self.size = columns, rows
        self.fitted = fit(self.size, (seen.spacing[2], seen.spacing[1]), contract.input, scan)
        self._apart = max(1, round(scan.slice_spacing / seen.spacing[0]))
        self._grey: dict[int, Labels] = {}

    def __len__(self) -> int:
        return len(self._voxels)

    def image(self, index: int) -> Pixels | None:
        """The network's input for a slice; None if the slice is black. A slice without a neighbour is its own."""
        around = [index] * 3
        if self._scan.slices == 3:
            around = [min(max(at, 0), len(self) - 1) for at in (index - self._apart, index, index + self._apart)]
        # The next image needs some of these, and those between.
        self._grey = {at: grey for at, grey in self._grey.items() if around[0] <= at <= around[2]}
        for at in around:
            if at not in self._grey:
                self._grey[at] = self._resized(at)
        if not self._grey[index].any():
            return None
        return pad(np.stack([self._grey[at] for at in around], axis=2), self._policy)

    def _resized(self, index: int) -> Labels:
        return resized(self._shades.of(self._voxels[index]), self.fitted, Image.Resampling.BILINEAR)

    def labelled(self, labels: Labels, scores: Scores | None) -> tuple[Labels, Probability | None]:
        """The network's output for a slice -> labels [rows, columns] of the volume, and the probability of each.

        Probabilities are brought to the volume's grid, and the greatest wins: where a voxel has several pixels, that is
        the class that most of them are for. A network without scores has labels alone, resized by nearest neighbour.
        """
        width, height = self.fitted
        if scores is None:
            return enlarged(np.ascontiguousarray(labels[:height, :width]), self.size), None
        planes = unnormalised(scores[:, :height, :width], self._temperature)
        planes /= planes.sum(axis=0)
        if self.fitted != self.size:
            planes = np.stack(
                [np.asarray(Image.fromarray(plane).resize(self.size, Image.Resampling.BILINEAR)) for plane in planes]
            )
        chosen = planes.argmax(axis=0).astype(np.uint8)
        return chosen, planes.max(axis=0)


def fit(size: Size, spacing: tuple[float, float], policy: Input, scan: Scan) -> Size:
    """The size (width, height) at which a slice of `size`, with pixels of `spacing` mm, has the model's spacing.

    A slice that would be too large is scaled down to `LARGEST`, in its proportions.
    """
    width, height = (pixels * mm / scan.spacing for pixels, mm in zip(size, spacing, strict=True))
    scale = min(1.0, (LARGEST * policy.width * policy.height / (width * height)) ** 0.5)
    longest = 4 * LARGEST * max(policy.width, policy.height)
    return max(1, min(longest, round(width * scale))), max(1, min(longest, round(height * scale)))
