"""The JSON of answers to scans, as the OpenAPI document describes it."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from service.http.schemas import ModelName
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.measures.review import Reason

NOTICE = "Not a medical device: for research, not for diagnosis or treatment."


class Scan(BaseModel):
    """The upload. `shape` is that of the file's array, and of the labels as NIfTI."""

    format: Literal["NIFTI", "DICOM"]
    shape: list[int]
    slices: Annotated[int, Field(description="Axial slices, however the file stores them.")]
    spacing_mm: Annotated[
        tuple[float, float, float], Field(description="From axial slice to slice, row to row, column to column.")
    ]
    voxel_mm3: float
    sha256: Annotated[str, Field(description="SHA-256 of the uploaded bytes; of several files, one after the other.")]


class ClassVolume(BaseModel):
    """The volume of one class."""

    id: int
    name: str
    color: str
    voxels: int
    ml: float
    share: Annotated[
        float | None,
        Field(description="Of the intracranial volume, which is all classes but the background; null for that."),
    ]
    confidence: Annotated[
        float | None, Field(description="Mean probability of the class over its voxels; null unless requested.")
    ]
    slice_mm2: Annotated[
        list[float] | None, Field(description="Area in each axial slice, from feet to head; null unless requested.")
    ]


class Pictures(BaseModel):
    """8-bit PNGs of all axial slices, from feet to head, with the front at the top and the patient's right on the left.

    scan: grey, as the network saw the slice. mask: pixel value = class id; the palette has the class colours.
    """

    media_type: Literal["image/png"] = "image/png"
    encoding: Literal["base64"] = "base64"
    scan: list[str]
    mask: list[str]


class LabelsFile(BaseModel):
    """The labels as a gzipped NIfTI file of the scan's own shape and affine."""

    media_type: Literal["application/gzip"] = "application/gzip"
    encoding: Literal["base64"] = "base64"
    data: str


class SegmentationFile(BaseModel):
    """The labels as a DICOM Segmentation of the series."""

    media_type: Literal["application/dicom"] = "application/dicom"
    encoding: Literal["base64"] = "base64"
    data: str


class VolumeAnswer(BaseModel):
    """Volumes of the tissues in a scan."""

    notice: Annotated[str, Field(examples=[NOTICE])] = NOTICE
    model: ModelName
    volume: Scan
    classes: Annotated[list[ClassVolume], Field(description="Every class of the model, in id order.")]
    intracranial_ml: float
    review: Annotated[bool, Field(description="Whether a person should look at it before its figures are used.")]
    reasons: Annotated[list[Reason], Field(description="Why; docs/how-to/clinic.md lists the codes.")]
    warnings: Annotated[list[ImageWarning], Field(description="What is odd about the file; usually empty.")]
    pictures: Annotated[Pictures | None, Field(description="Null unless requested.")]
    labels: Annotated[LabelsFile | None, Field(description="Null unless requested.")]
    segmentation: Annotated[
        SegmentationFile | None,
        Field(description="Null unless requested, and for a scan that no DICOM Segmentation can refer to."),
    ]
    timings_ms: Annotated[dict[str, float], Field(description="Milliseconds per stage.")]


class Done(BaseModel):
    """A line of application/x-ndjson while a scan is segmented: slices done, of how many."""

    done: int
    of: int
