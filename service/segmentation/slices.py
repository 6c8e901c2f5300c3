"""A volume as the images that a model for scans takes, and what it says of them on the volume's own grid."""

import numpy as np
from PIL import Image

from service.segmentation.inputs.axial import Axial
from service.segmentation.inputs.shades import shades
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.modelfile.contract import Contract, Labels, Pixels, Scan, Scores
from service.segmentation.outlines import enlarged
from service.segmentation.segmenter import Probability, fit, likeliest, pad, resized


class Slices:
    """Axial slices at the model's spacing, in grey. Those that a slice shares with the next are resized once."""

    def __init__(self, seen: Axial, contract: Contract, scan: Scan) -> None:
        self._voxels, self._scan = seen.voxels, scan
        self._policy, self._temperature = contract.input, contract.temperature
        self._shades = shades(seen.voxels)
        _, rows, columns = self._voxels.shape
        self.size = columns, rows
        self.fitted = fit(self.size, contract.input, Spacing(*seen.spacing[1:]))
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

        A network without scores has labels alone, resized by nearest neighbour.
        """
        width, height = self.fitted
        if scores is None:
            return enlarged(np.ascontiguousarray(labels[:height, :width]), self.size), None
        return likeliest(scores[:, :height, :width], self.size, self._temperature)
