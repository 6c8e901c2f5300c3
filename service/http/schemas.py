"""The JSON that goes out, as the OpenAPI document describes it; and the query parameters that come in."""

import math
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.segmentation.inputs.sniffing import Format
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.inputs.window import WHITE, Window
from service.segmentation.measures.areas import Spacing


class Part(StrEnum):
    """What the JSON can carry beside the areas."""

    MASK = "mask"
    CONFIDENCE = "confidence"


def split(values: Any) -> Any:
    """`include=a,b` and `include=a&include=b` are the same; `include=` asks for nothing."""
    return {part for value in values for part in value.split(",") if part} if isinstance(values, list) else values


def parse_spacing(text: Any) -> Any:
    """`0.5` or `0.5,0.7` (row, column), in millimetres."""
    if not isinstance(text, str):
        return text
    try:
        row, *rest = (float(value) for value in text.split(","))
        (column,) = rest or [row]
    except ValueError:
        raise ValueError("give one number, or row,column, in millimetres") from None
    if not all(math.isfinite(value) and value > 0 for value in (row, column)):
        raise ValueError("millimetres must be above 0")
    return Spacing(row, column)


def parse_window(text: Any) -> Any:
    """`auto`, or `low,high`."""
    if not isinstance(text, str):
        return text
    if text.strip() == "auto":
        return Window()
    try:
        low, high = (float(value) for value in text.split(","))
    except ValueError:
        raise ValueError("give auto, or low,high") from None
    if not 0 <= low < high <= WHITE:
        raise ValueError(f"low must be below high, and both from 0 to {WHITE}")
    return Window(low, high)


class MaskKind(StrEnum):
    """How the PNG of a mask is coloured."""

    COLOURS = "colours"
    IDS = "ids"


class Options(BaseModel):
    """The query parameters of POST /segment; a misspelt one is an error, so that none is silently left out."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str | None, Field(description="Name of the model; see /models.", max_length=64)] = None
    include: Annotated[
        frozenset[Part],
        BeforeValidator(split),
        Field(description="What the JSON carries beside the areas, comma-separated: mask, confidence."),
    ] = frozenset({Part.MASK})
    heatmap: Annotated[
        str | None,
        Field(description="Name of a class: pictures show how probable it is, in place of the mask.", max_length=64),
    ] = None
    pixel_spacing_mm: Annotated[
        Spacing | None,
        BeforeValidator(parse_spacing, json_schema_input_type=str),
        Field(description="Size of a pixel in millimetres, one number or row,column: makes area_mm2 known."),
    ] = None

    window: Annotated[
        Window | None,
        BeforeValidator(parse_window, json_schema_input_type=str),
        Field(description="Grey values that become black and white, for 16-bit grey images: low,high or auto."),
    ] = None
    mask: Annotated[
        MaskKind, Field(description="The mask as an indexed PNG (colours) or as a plain grey PNG of class ids (ids).")
    ] = MaskKind.COLOURS


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
