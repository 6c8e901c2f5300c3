"""The query parameters of POST /segment and POST /volumes."""

from collections import Counter
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.http.echo import shortened
from service.http.errors import RepeatedParameter
from service.segmentation.inputs.spacing import Spacing, read_spacing
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.inputs.window import Window, read_window
from service.segmentation.measures.measure import Measure
from service.segmentation.request import MAX_TOLERANCE, MIN_REGION, THRESHOLD, TOLERANCE


class Part(StrEnum):
    """Optional parts of the JSON."""

    MASK = "mask"
    CONFIDENCE = "confidence"
    REGIONS = Measure.REGIONS
    POLYGONS = Measure.POLYGONS
    RLE = Measure.RLE
    CONFIDENCE_MAP = Measure.CONFIDENCE_MAP
    ENTROPY = Measure.ENTROPY
    LOW_CONFIDENCE = Measure.LOW_CONFIDENCE


def split(values: Any) -> Any:
    """`mask, confidence` -> two parts; empty -> none. FastAPI passes the text in a list."""
    texts = [values] if isinstance(values, str) else values
    return {part.strip() for text in texts for part in text.split(",") if part.strip()}


def parse_spacing(text: Any) -> Any:
    """The default is none."""
    return read_spacing(text) if isinstance(text, str) else text


def parse_window(text: Any) -> Any:
    """The default is none."""
    return read_window(text) if isinstance(text, str) else text


class MaskKind(StrEnum):
    """How the PNG of a mask is coloured."""

    COLOURS = "colours"
    IDS = "ids"


class Options(BaseModel):
    """The query parameters of POST /segment. An unknown one is an error, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str | None, Field(description="Name of the model; see /models.", max_length=64)] = None
    include: Annotated[
        frozenset[Part],
        BeforeValidator(split, json_schema_input_type=str),
        Field(
            description="Extras in the JSON, comma-separated: mask, confidence, regions, polygons (of regions), "
            "rle, confidence_map, entropy, low_confidence. "
            "Empty: areas only.",
            default="mask",  # as the document has it
            validate_default=True,
        ),
    ]
    heatmap: Annotated[
        str | None,
        Field(description="Name of a class: its probability is drawn instead of the mask.", max_length=64),
    ] = None
    pixel_spacing_mm: Annotated[
        Spacing | None,
        BeforeValidator(parse_spacing, json_schema_input_type=str),
        Field(
            description="Pixel size in millimetres, one number or row,column; for area_mm2 and for models of scans; "
            "DICOM brings its own."
        ),
    ] = None
    window: Annotated[
        Window | None,
        BeforeValidator(parse_window, json_schema_input_type=str),
        Field(
            description="Grey values that become black and white, for 16-bit grey and DICOM images: low,high or auto. "
            "Models for scans need none."
        ),
    ] = None
    min_region: Annotated[int, Field(description="Pixels of the smallest region that is listed.", ge=1, le=10**9)] = (
        MIN_REGION
    )
    tolerance: Annotated[
        float,
        Field(
            description="Pixels by which a polygon may differ from the outline of its region; 0 keeps every corner.",
            ge=0,
            le=MAX_TOLERANCE,
        ),
    ] = TOLERANCE
    threshold: Annotated[
        float, Field(description="The probability below which a pixel is one of low confidence.", ge=0, le=1)
    ] = THRESHOLD
    mask: Annotated[
        MaskKind, Field(description="The mask as an indexed PNG (colours) or as a plain grey PNG of class ids (ids).")
    ] = MaskKind.COLOURS

    @property
    def warnings(self) -> tuple[ImageWarning, ...]:
        """`1,5` may be meant as one and a half, with a decimal comma; it was read as row and column."""
        spacing = self.pixel_spacing_mm
        if spacing is None or spacing.row == spacing.column:
            return ()
        if not (spacing.row.is_integer() and spacing.column.is_integer()):
            return ()
        detail = (
            f"pixel_spacing_mm was read as rows of {spacing.row:g} mm and columns of {spacing.column:g} mm; "
            "write a decimal point where one number is meant."
        )
        return (ImageWarning("ambiguous_spacing", detail),)


class VolumePart(StrEnum):
    """Optional parts of the JSON for a scan."""

    CONFIDENCE = "confidence"
    SLICES = "slices"
    PICTURES = "pictures"
    LABELS = "labels"
    SEGMENTATION = "segmentation"


class VolumeOptions(BaseModel):
    """The query parameters of POST /volumes. An unknown one is an error, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[
        str | None, Field(description="Name of a model for scans; by default the first.", max_length=64)
    ] = None
    include: Annotated[
        frozenset[VolumePart],
        BeforeValidator(split, json_schema_input_type=str),
        Field(
            description="Extras in the JSON, comma-separated: confidence, slices (their areas), pictures (of slices), "
            "labels (NIfTI), segmentation (DICOM). Empty: volumes only.",
            default="confidence,slices",  # as the document has it
            validate_default=True,
        ),
    ]


async def each_once(request: Request) -> None:
    """A dependency: no query parameter is given twice. Raises RepeatedParameter."""
    ((name, times),) = Counter(name for name, _ in request.query_params.multi_items()).most_common(1) or [("", 0)]
    if times > 1:
        raise RepeatedParameter(
            f"The parameter {shortened(name)!r} is given {times} times; give it once, values separated by commas."
        )
