"""The size of a pixel."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spacing:
    """The size of a pixel in millimetres, down (row) and across (column), as DICOM's Pixel Spacing has it."""

    row: float
    column: float


def read_spacing(text: str) -> Spacing:
    """`0.5` or `0.5,0.7` (row, column), in millimetres. Raises ValueError."""
    try:
        row, *rest = (float(value) for value in text.split(","))
        (column,) = rest or [row]
    except ValueError:
        raise ValueError("give one number, or row,column, in millimetres") from None
    if not all(1e-9 <= value <= 1e9 for value in (row, column)):  # so that no area is 0 or infinite
        raise ValueError("millimetres must be from 1e-9 to 1e9; write decimals with a point, as in 0.5")
    return Spacing(row, column)
