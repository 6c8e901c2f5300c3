"""VolumeSegmenter(segmenter).segment(volume) -> VolumeSegmentation: labels a volume slice by slice."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.segmentation.errors import NotForScans
from service.segmentation.inputs.axial import Axial, axial
from service.segmentation.inputs.volume import Volume
from service.segmentation.measures.volumes import BACKGROUND, Tally
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Run
from service.segmentation.segmenter import Labeller
from service.segmentation.slices import Slices

Progress = Callable[[int, int], None]
"""Called with the number of slices that are done, and the number of all."""


@dataclass(frozen=True, eq=False)
class VolumeSegmentation:
    """labels: uint8, of the shape of `seen.voxels`; `seen.restored` brings them to the file's own axes."""

    seen: Axial
    labels: NDArray[np.uint8]
    tally: Tally


class VolumeSegmenter:
    """Segments volumes with one model for scans; safe to call from several threads.

    It runs one slice at a time. So a volume takes the memory of its voxels, its labels and one slice, and an arriving
    image waits for at most one slice: waiting images take their turns between two slices.
    """

    def __init__(self, model: Labeller, run: Run) -> None:
        """Raises NotForScans if the model is for pictures."""
        scan = model.contract.input.scan
        if scan is None:
            raise NotForScans(
                f"{model.contract.name} is for pictures and knows no scans; name a model for scans; /models lists all."
            )
        self.model, self._run, self._scan = model, run, scan

    def segment(self, volume: Volume, call: Call, progress: Progress) -> VolumeSegmentation:
        """Label every voxel. Black slices are background; the network does not run on them.

        Raises InferenceFailed and OutOfMemory; TooLate and Abandoned by the call, between two slices or within one.
        """
        with call.timings.stage("fit"):
            seen = axial(volume)
            slices = Slices(seen, self.model.contract, self._scan)
            labels = np.full(seen.voxels.shape, BACKGROUND, np.uint8)
        classes = len(self.model.contract.labels.classes)
        voxels = np.zeros((len(slices), classes), np.int64)
        probability = np.zeros((len(slices), classes))
        certain = True
        for index in range(len(slices)):
            progress(index, len(slices))
            call.check()
            with call.timings.stage("fit"):
                image = slices.image(index)
            if image is None:
                voxels[index, BACKGROUND] = labels[index].size
                probability[index, BACKGROUND] = labels[index].size
                continue
            planes, cells = self._run(image, True, call)
            with call.timings.stage("measure"):
                labels[index], chances = slices.labelled(planes, None if cells is None else cells.logits())
                flat = labels[index].ravel()
                voxels[index] = np.bincount(flat, minlength=classes)
                if chances is None:
                    certain = False
                else:
                    probability[index] = np.bincount(flat, weights=chances.ravel(), minlength=classes)
        progress(len(slices), len(slices))
        return VolumeSegmentation(seen, labels, Tally(voxels, probability if certain else None))
