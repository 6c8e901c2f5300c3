"""The JSON of an image as it is written; schemas.py describes it, and a test holds the two together.

msgspec writes a polygon of ten thousand corners in a millisecond; pydantic checks each corner first.
"""

import msgspec

from service.answers import ClassArea, ImageFacts, LowConfidence, ModelName
from service.segmentation.inputs.warning import ImageWarning


class Png(msgspec.Struct, frozen=True, kw_only=True):
    """A PNG, whose bytes are written as base64."""

    media_type: str = "image/png"
    encoding: str = "base64"
    data: bytes


class ClassMap(Png, frozen=True, kw_only=True):
    """The heat map of a class."""

    name: str


class Segmented(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that an answer to POST /segment may have, in the order in which people read it."""

    model: ModelName
    image: ImageFacts
    classes: tuple[ClassArea, ...]
    mask: Png | None
    heatmap: ClassMap | None
    confidence_map: Png | None = None
    entropy: Png | None = None
    low_confidence: LowConfidence | None = None
    warnings: list[ImageWarning]
    timings_ms: dict[str, float]
