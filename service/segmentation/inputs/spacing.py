"""The size of a pixel."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spacing:
    """The size of a pixel in millimetres, down (row) and across (column), as DICOM's Pixel Spacing has it."""

    row: float
    column: float
