"""Labels -> pixels, fraction and area of every class."""

from dataclasses import dataclass

from PIL import Image

from service.segmentation.contract import Labels

# Fractions are whole multiples of this: such doubles, up to 1, add up without rounding, in any order.
UNIT = 2.0**-52


@dataclass(frozen=True)
class Spacing:
    """The size of a pixel in millimetres, down (row) and across (column), as DICOM's Pixel Spacing has it."""

    row: float
    column: float


@dataclass(frozen=True)
class Area:
    """How much of the image one class covers; `mm2` only where the size of a pixel is known."""

    pixels: int
    fraction: float
    mm2: float | None


def areas(labels: Labels, classes: int, spacing: Spacing | None = None) -> list[Area]:
    """The area of every class, in id order, zeros included. The fractions sum to 1 exactly."""
    pixels = count(labels, classes)
    pixel = None if spacing is None else spacing.row * spacing.column
    return [
        Area(n, fraction, None if pixel is None else n * pixel)
        for n, fraction in zip(pixels, fractions(pixels), strict=True)
    ]


def count(labels: Labels, classes: int) -> list[int]:
    """Pixels per class. Pillow counts bytes as they are; np.bincount would first copy them to 64 bits each."""
    return Image.fromarray(labels).histogram()[:classes]


def fractions(pixels: list[int]) -> list[float]:
    """Each count's share of their sum, to within `UNIT`; units left by rounding down go to the largest remainders."""
    total = sum(pixels)
    whole = round(1 / UNIT)
    units = [n * whole // total for n in pixels]
    by_remainder = sorted(range(len(pixels)), key=lambda i: pixels[i] * whole % total, reverse=True)
    for index in by_remainder[: whole - sum(units)]:
        units[index] += 1
    return [n * UNIT for n in units]
