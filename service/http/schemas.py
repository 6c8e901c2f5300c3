"""The JSON of answers, as the OpenAPI document describes it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from service.segmentation.inputs.sniffing import Format
from service.segmentation.inputs.warning import ImageWarning


class ModelName(BaseModel):
    name: str
    version: str
    digest: Annotated[str, Field(description="SHA-256 of the model file.", examples=["sha256:9f86d0…"])]


class Image(BaseModel):
    """The upload. Width and height are those after its EXIF `orientation` (1 to 8) was applied."""

    width: int
    height: int
    format: Format
    orientation: int
    sha256: Annotated[str, Field(description="SHA-256 of the uploaded bytes.")]


class Region(BaseModel):
    """Pixels of one class that are connected by their sides. The first pixel of the image lies from 0 to 1, across and
    down."""

    pixels: int
    area_mm2: Annotated[float | None, Field(description="As of the class.")]
    box: Annotated[tuple[int, int, int, int], Field(description="Left, top, width, height, in pixels.")]
    centroid: Annotated[tuple[float, float], Field(description="x, y, in pixels.")]
    polygon: Annotated[
        list[list[tuple[int, int]]] | None,
        Field(
            description="The coordinates of a GeoJSON polygon, in pixels: its outline, then its holes, each closed. "
            "Only if requested."
        ),
    ] = None


class RunLengths(BaseModel):
    """The pixels of a class as pycocotools encodes them: run lengths, column by column, compressed."""

    size: Annotated[tuple[int, int], Field(description="Height, width.")]
    counts: str


class ClassArea(BaseModel):
    """The area of one class. The fractions of all classes sum to 1 exactly."""

    id: int
    name: str
    color: str
    pixels: int
    fraction: float
    area_mm2: Annotated[
        float | None, Field(description="Null unless pixel_spacing_mm was given, or a DICOM file has it.")
    ]
    confidence: Annotated[
        float | None, Field(description="Mean probability of the class over its pixels; null unless requested.")
    ]
    regions: Annotated[
        list[Region] | None, Field(description="The largest first; only if regions or polygons are requested.")
    ] = None
    rle: Annotated[RunLengths | None, Field(description="Only if requested.")] = None
    low_confidence: Annotated[
        float | None,
        Field(description="The share of the class's pixels that are of low confidence; only if requested."),
    ] = None


class Png(BaseModel):
    """A PNG of the image's size."""

    media_type: Literal["image/png"] = "image/png"
    encoding: Literal["base64"] = "base64"
    data: str


class Mask(Png):
    """A PNG of the image's size: pixel value = class id. Its palette has the class colours, unless `mask=ids`."""


class ClassMap(Png):
    """A grey PNG of the image's size: 0 to 255 stands for the probability of the named class, 0 to 1."""

    name: str


class GreyMap(Png):
    """A grey PNG of the image's size: 0 to 255 stands for 0 to 1."""


class LowConfidence(BaseModel):
    """How many pixels have a label that is less probable than the threshold."""

    threshold: float
    fraction: Annotated[float, Field(description="Of all pixels, 0 to 1.")]


class SegmentAnswer(BaseModel):
    model: ModelName
    image: Image
    classes: Annotated[list[ClassArea], Field(description="Every class of the model, in id order.")]
    mask: Annotated[Mask | None, Field(description="Null unless requested, and in multipart/mixed.")]
    heatmap: Annotated[ClassMap | None, Field(description="Null unless requested.")] = None
    confidence_map: Annotated[
        GreyMap | None, Field(description="The probability of each pixel's class. Only if requested.")
    ] = None
    entropy: Annotated[
        GreyMap | None,
        Field(description="Entropy of the probabilities of all classes, 1 where they are equal. Only if requested."),
    ] = None
    low_confidence: Annotated[LowConfidence | None, Field(description="Only if requested.")] = None
    warnings: Annotated[
        list[ImageWarning], Field(description="What is odd about the image or its parameters; usually empty.")
    ]
    timings_ms: Annotated[dict[str, float], Field(description="Milliseconds per stage.")]


class ModelSummary(ModelName):
    description: str
    default: Annotated[bool, Field(description="Whether it serves requests that name no model.")]
    scans: Annotated[bool, Field(description="Whether POST /volumes can use it.")]
    classes: list[str]
    licence: Annotated[str, Field(description="Licence of the weights.")]
    mean_iu: Annotated[
        float | None, Field(description="Mean IU, 0 to 1; /models/{name} names the data. Null if unknown.")
    ]


class RefusedModel(BaseModel):
    """A file in the models folder that is not served."""

    name: Annotated[str, Field(description="The file's name without `.onnx`.")]
    refused: Annotated[str, Field(description="Why it is not served.")]


class ModelCard(ModelName):
    """Everything the model file says of itself. The export wrote the measured figures."""

    description: str
    use: str
    limits: str
    precision: str
    temperature: Annotated[float, Field(description="Logits are divided by it before the softmax of probabilities.")]
    classes: list[dict[str, Any]]
    ignored: int | None
    input: dict[str, Any]
    network: dict[str, Any] | None
    training: dict[str, Any]
    quantization: dict[str, Any] | None
    evaluation: dict[str, Any] | None
    elsewhere: list[dict[str, Any]]
    parity: dict[str, Any] | None


class Health(BaseModel):
    status: Literal["live", "ready"]
