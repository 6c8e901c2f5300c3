"""The JSON of answers, as the OpenAPI document describes it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from service.segmentation.inputs.sniffing import Format
from service.segmentation.inputs.warning import ImageWarning


class ModelName(BaseModel):
    name: str
    version: str
    digest: Annotated[str, Field(description="sha256 of the model file.", examples=["sha256:9f86d0…"])]


class Image(BaseModel):
    """The upload, upright: width and height are after `orientation` (EXIF, 1 to 8) was applied."""

    width: int
    height: int
    format: Format
    orientation: int
    sha256: Annotated[str, Field(description="Of the bytes that were sent.")]


class ClassArea(BaseModel):
    """How much of the image one class covers; the fractions of all classes sum to 1 exactly."""

    id: int
    name: str
    color: str
    pixels: int
    fraction: float
    area_mm2: Annotated[float | None, Field(description="Known where pixel_spacing_mm was given.")]
    confidence: Annotated[
        float | None, Field(description="Mean probability of the class over its pixels; null where not asked for.")
    ]


class Mask(BaseModel):
    """A PNG of the image's size: pixel value = class id; its palette has the class colours, unless `ids` were asked
    for."""

    media_type: Literal["image/png"] = "image/png"
    encoding: Literal["base64"] = "base64"
    data: str


class ClassMap(BaseModel):
    """A grey PNG of the image's size: 0..255 is the probability, 0..1, of the class of this name."""

    name: str
    media_type: Literal["image/png"] = "image/png"
    encoding: Literal["base64"] = "base64"
    data: str


class SegmentAnswer(BaseModel):
    model: ModelName
    image: Image
    classes: Annotated[list[ClassArea], Field(description="Every class of the model, in id order.")]
    mask: Annotated[Mask | None, Field(description="Null where not asked for, or sent as a part of its own.")]
    heatmap: Annotated[ClassMap | None, Field(description="Null where not asked for.")] = None
    warnings: Annotated[list[ImageWarning], Field(description="What is odd about the image; empty as a rule.")]
    timings_ms: Annotated[dict[str, float], Field(description="Milliseconds per stage.")]


class ModelSummary(ModelName):
    description: str
    default: Annotated[bool, Field(description="Whether it serves requests that name no model.")]
    classes: list[str]
    licence: Annotated[str, Field(description="Of its weights.")]
    mean_iu: Annotated[
        float | None, Field(description="Mean IU, 0..1, as /models/{name} tells of what; null if unknown.")
    ]


class RefusedModel(BaseModel):
    """A file in the models folder that is not served."""

    name: Annotated[str, Field(description="The file's name without `.onnx`.")]
    refused: Annotated[str, Field(description="Why it is not served.")]


class ModelCard(ModelName):
    """Everything the model file says of itself; what is measured, as its export wrote it."""

    description: str
    use: str
    limits: str
    precision: str
    classes: list[dict[str, Any]]
    ignored: int | None
    input: dict[str, Any]
    network: dict[str, Any] | None
    training: dict[str, Any]
    quantization: dict[str, Any] | None
    evaluation: dict[str, Any] | None
    parity: dict[str, Any] | None


class Health(BaseModel):
    status: Literal["live", "ready"]
