"""The bytes of a scan -> volumes, files and timings: the one composition for scans, as `pipeline.py` for images."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from service.segmentation import footprint
from service.segmentation.errors import ImageError, UnsupportedFormat
from service.segmentation.inputs.archive import unzipped
from service.segmentation.inputs.clinical import dicom_series, nifti_volume, nifti_voxels
from service.segmentation.inputs.source import Source
from service.segmentation.inputs.volume import Volume
from service.segmentation.measures.composition import Composition
from service.segmentation.measures.review import Reason, review
from service.segmentation.measures.volumes import Extent, composition_of, extents
from service.segmentation.outputs.dicomseg import dicomseg
from service.segmentation.outputs.mosaic import mosaic
from service.segmentation.outputs.nifti import nifti
from service.segmentation.outputs.pictures import pictures
from service.segmentation.pipeline import reporting_memory_errors
from service.segmentation.runtime.call import Call
from service.segmentation.segmenter import Labeller, Segmenter
from service.segmentation.volume_segmenter import Progress, VolumeSegmentation, VolumeSegmenter

UNZIPPED = 2
"""Bytes for each voxel that a zip may unpack to: scanners store 16 bits."""


@dataclass(frozen=True, eq=False)
class VolumeResult:
    """One segmented scan. Its files are encoded on demand, and the time for that is added to `call.timings`.

    review: why a person should look at it before its figures are used; usually empty.
    """

    files: Sequence[bytes]
    model: Labeller
    source: Source
    segmentation: VolumeSegmentation
    extents: list[Extent]
    review: list[Reason]
    call: Call

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the input's bytes, in hexadecimal; of several files, in the order in which they came."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(file)
        return digest.hexdigest()

    @property
    def volume(self) -> Volume:
        """The scan."""
        return self.source.volume

    @property
    def composition(self) -> Composition:
        """The share of every class, background included, and the mean probability of the labels; by slice too."""
        return composition_of(self.segmentation.tally)

    def dicomseg(self) -> bytes:
        """The labels as a DICOM Segmentation of the instances that came. Raises UnusableScan and OutOfMemory."""
        with self._encoding():
            labels = self.segmentation.seen.restored(self.segmentation.labels)
            return dicomseg(self.source, labels, self.model.contract, [reason.code for reason in self.review])

    def nifti(self) -> bytes:
        """The labels as a gzipped NIfTI file of the scan's own shape and place. Raises OutOfMemory."""
        with self._encoding():
            return nifti(self.volume, self.segmentation.seen.restored(self.segmentation.labels))

    def mosaic(self) -> bytes:
        """A PNG of some slices and their overlays. Raises OutOfMemory."""
        with self._encoding():
            return mosaic(self.segmentation, self.model.contract.labels)

    def pictures(self) -> list[tuple[bytes, bytes]]:
        """PNGs of every slice and of its mask. Raises OutOfMemory."""
        with self._encoding():
            return pictures(self.segmentation, self.model.contract.labels)

    @contextmanager
    def _encoding(self) -> Iterator[None]:
        with self.call.timings.stage("encode"), reporting_memory_errors():
            yield


class VolumePipeline:
    """Segments the bytes of scans with one model; safe to call from several threads."""

    def __init__(self, segmenter: Segmenter, max_voxels: int, memory: int = sys.maxsize) -> None:
        """memory: bytes that there are for a scan. Raises NotForScans."""
        self._segmenter = VolumeSegmenter(segmenter.model, segmenter.run)
        self._max_voxels, self._memory = max_voxels, memory

    @property
    def model(self) -> Labeller:
        """The model that segments."""
        return self._segmenter.model

    def footprint(self, files: Sequence[bytes]) -> int:
        """An upper bound, in bytes, on the memory of `run` and of one file of its result."""
        return footprint.of_volume(voxels_of(files, self._most_voxels(files)), *self._sizes(files))

    def _most_voxels(self, files: Sequence[bytes]) -> int:
        """How many are allowed and fit into the memory."""
        return min(self._max_voxels, footprint.voxels_within(self._memory, *self._sizes(files)))

    def _sizes(self, files: Sequence[bytes]) -> tuple[int, int, int]:
        """Of the network's input in pixels, of its classes, and of the files in bytes."""
        contract = self.model.contract
        return contract.input.width * contract.input.height, len(contract.labels.classes), sum(map(len, files))

    def read(self, files: Sequence[bytes], call: Call) -> Source:
        """The scan in a file, or in several of a series.

        Raises ImageError, FormatNotInstalled among them, and OutOfMemory; TooLate and Abandoned by the call.
        """
        call.check()  # it may have waited in the queue
        with reporting_memory_errors(), call.timings.stage("decode"):
            return read_volume(files, self._most_voxels(files))

    def run(self, files: Sequence[bytes], source: Source, call: Call, progress: Progress) -> VolumeResult:
        """Label the scan that was read of the files slice by slice, measure, review.

        Raises InferenceFailed, OutOfMemory; TooLate and Abandoned by the call.
        """
        volume = source.volume
        with reporting_memory_errors():
            segmentation = self._segmenter.segment(volume, call, progress)
            with call.timings.stage("measure"):
                measured = extents(segmentation.tally, volume.voxel_mm3, segmentation.seen.spacing[0])
                names = dict(zip(self.model.contract.labels.names, measured, strict=True))
                reasons = review(volume, segmentation.seen, segmentation.labels, names)
        return VolumeResult(files, self.model, source, segmentation, measured, reasons, call)


def read_volume(files: Sequence[bytes], max_voxels: int) -> Source:
    """The scan in a NIfTI file, in the DICOM files of a series or a zip of them, or in one of many frames.

    Raises ImageError; FormatNotInstalled without the extra `clinical`; MemoryError.
    """
    if is_zip(files):
        files = unzipped(files[0], UNZIPPED * max_voxels)
    if are_dicom(files):
        return dicom_series(files, max_voxels)
    if len(files) > 1:
        raise UnsupportedFormat("A NIfTI scan is one file; send it alone.")
    return Source(nifti_volume(files[0], max_voxels))


def is_zip(files: Sequence[bytes]) -> bool:
    """Whether there is one file, a zip archive (PKWARE's APPNOTE, section 4.3.7)."""
    return len(files) == 1 and files[0].startswith(b"PK\x03\x04")


def are_dicom(files: Sequence[bytes]) -> bool:
    """Whether one of the files is of DICOM (PS3.10, 7.1). Others, such as an index, may lie beside it."""
    return any(file[128:132] == b"DICM" for file in files)


def voxels_of(files: Sequence[bytes], max_voxels: int) -> int:
    """How many voxels the header of a file announces; 0 if it will be refused; the most, for DICOM and a zip."""
    if is_zip(files) or are_dicom(files):
        return max_voxels
    try:
        return nifti_voxels(files[0], max_voxels)
    except ImageError:
        return 0
