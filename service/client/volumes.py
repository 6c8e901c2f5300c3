"""The answer to POST /volumes."""

import msgspec

from service.answers import ModelName
from service.segmentation.inputs.warning import ImageWarning


class Scan(msgspec.Struct, frozen=True):
    """The upload. `shape` is that of the file's array; spacing_mm: slice to slice, row to row, column to column."""

    format: str
    shape: tuple[int, ...]
    slices: int
    spacing_mm: tuple[float, float, float]
    voxel_mm3: float
    sha256: str


class ClassVolume(msgspec.Struct, frozen=True):
    """The volume of one class. `share`: of the intracranial volume; `slice_mm2`: from feet to head."""

    id: int
    name: str
    color: str
    voxels: int
    ml: float
    share: float | None
    confidence: float | None
    slice_mm2: tuple[float, ...] | None


class Reason(msgspec.Struct, frozen=True):
    """Why a person should look at the scan; `code` is stable."""

    code: str
    detail: str


class Pictures(msgspec.Struct, frozen=True):
    """PNGs of all axial slices, from feet to head."""

    scan: tuple[bytes, ...]
    mask: tuple[bytes, ...]


class File(msgspec.Struct, frozen=True):
    """A gzipped NIfTI file, or a DICOM Segmentation."""

    data: bytes


class Volumes(msgspec.Struct, frozen=True):
    """A segmented scan. What was not asked for is None."""

    notice: str
    model: ModelName
    volume: Scan
    classes: tuple[ClassVolume, ...]
    intracranial_ml: float
    review: bool
    reasons: tuple[Reason, ...]
    warnings: tuple[ImageWarning, ...]
    pictures: Pictures | None
    labels: File | None
    segmentation: File | None
    timings_ms: dict[str, float]
