"""What the service says of models and images: the same structs in the server, the command line and the client.

docs/openapi.json describes the fields.
"""

import msgspec

from service.segmentation.inputs.warning import ImageWarning


class ModelName(msgspec.Struct, frozen=True):
    """Which model it is."""

    name: str
    version: str
    digest: str


class ModelSummary(ModelName, frozen=True):
    """A model that is served. `scans`: whether it labels whole scans here, which needs the extra `clinical` too."""

    description: str
    default: bool
    scans: bool
    classes: tuple[str, ...]
    licence: str
    mean_iu: float | None


class RefusedModel(msgspec.Struct, frozen=True):
    """A model file that is not served, and why."""

    name: str
    refused: str


class ImageFacts(msgspec.Struct, frozen=True):
    """The upload; its size is that after its EXIF orientation was applied."""

    width: int
    height: int
    format: str
    orientation: int
    sha256: str


class Region(msgspec.Struct, frozen=True, omit_defaults=True):
    """Connected pixels of one class; docs/reference/measures.md has the coordinates."""

    pixels: int
    area_mm2: float | None
    box: tuple[int, int, int, int]
    centroid: tuple[float, float]
    polygon: list[list[tuple[int, int]]] | None = None


class RunLengths(msgspec.Struct, frozen=True):
    """COCO's compressed run lengths; `size` is height and width."""

    size: tuple[int, int]
    counts: str


class ClassArea(msgspec.Struct, frozen=True, omit_defaults=True):
    """The area of one class; what has a default is written only where it was asked for."""

    id: int
    name: str
    color: str
    pixels: int
    fraction: float
    area_mm2: float | None
    confidence: float | None
    regions: list[Region] | None = None
    rle: RunLengths | None = None
    low_confidence: float | None = None


class LowConfidence(msgspec.Struct, frozen=True):
    """The share of all pixels whose label is less probable than a threshold."""

    threshold: float
    fraction: float


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a segmented image."""

    model: ModelName
    image: ImageFacts
    classes: tuple[ClassArea, ...]
    warnings: tuple[ImageWarning, ...]
    low_confidence: LowConfidence | None = None
