"""The query parameters of POST /segment and POST /volumes."""

from collections import Counter
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.http.echo import shortened
from service.http.errors import RepeatedParameter
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.inputs.window import WHITE, Window


class Part(StrEnum):
    """Optional parts of the JSON."""

    MASK = "mask"
    CONFIDENCE = "confidence"


def split(values: Any) -> Any:
    """`mask, confidence` -> two parts; empty -> none. FastAPI passes the text in a list."""
    texts = [values] if isinstance(values, str) else values
    return {part.strip() for text in texts for part in text.split(",") if part.strip()}


def parse_spacing(text: Any) -> Any:
    """`0.5` or `0.5,0.7` (row, column), in millimetres."""
    if not isinstance(text, str):
        return text
    try:
        row, *rest = (float(value) for value in text.split(","))
        (column,) = rest or [row]
    except ValueError:
        raise ValueError("give one number, or row,column, in millimetres") from None
    if not all(1e-9 <= value <= 1e9 for value in (row, column)):  # so that no area is 0 or infinite
        raise ValueError("millimetres must be from 1e-9 to 1e9; write decimals with a point, as in 0.5")
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
    """The query parameters of POST /segment. An unknown one is an error, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str | None, Field(description="Name of the model; see /models.", max_length=64)] = None
    include: Annotated[
        frozenset[Part],
        BeforeValidator(split, json_schema_input_type=str),
        Field(
            description="Extras in the JSON, comma-separated: mask, confidence. Empty: areas only.",
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
            description="Extras in the JSON, comma-separated: confidence, slices. Empty: volumes only.",
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
