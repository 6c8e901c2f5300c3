"""Labels -> pixels, fraction and area of every class."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from service.segmentation.inputs.spacing import Spacing
from service.segmentation.modelfile.contract import Labels

# Fractions are multiples of this: doubles up to 1 that are add up without rounding, in any order.
UNIT = 2.0**-52


@dataclass(frozen=True)
class Area:
    """The part of the image that one class covers; `mm2` only if the size of a pixel is known."""

    pixels: int
    fraction: float
    mm2: float | None


def areas(pixels: list[int], spacing: Spacing | None = None) -> list[Area]:
    """The area of every class, given its pixels. The fractions sum to 1 exactly."""
    pixel = None if spacing is None else spacing.row * spacing.column
    return [
        Area(n, fraction, None if pixel is None else n * pixel)
        for n, fraction in zip(pixels, fractions(pixels), strict=True)
    ]


def count(labels: Labels, classes: int) -> list[int]:
    """Pixels per class. Pillow counts bytes directly; np.bincount would first copy each to 64 bits."""
    return Image.fromarray(labels).histogram()[:classes]


def count_enlarged(labels: Labels, width: int, height: int, classes: int) -> list[int]:
    """`count` of `labels` after enlarging them to `width` x `height` by nearest neighbour, without enlarging them.

    A label counts as often as its row is repeated times as often as its column is. Each of these is one of two numbers.
    """
    down, across = repeats(labels.shape[0], height), repeats(labels.shape[1], width)
    pixels = np.zeros(classes, np.int64)
    for wide in np.unique(across):
        columns = labels[:, across == wide]
        for high in np.unique(down):
            pixels += wide * high * np.array(count(columns[down == high], classes))
    return [int(number) for number in pixels]


def repeats(length: int, enlarged: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How often each of `length` places is repeated when they are enlarged to `enlarged`, by nearest neighbour."""
    return np.bincount(nearest(length, enlarged), minlength=length)


def nearest(length: int, enlarged: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """The place, of `length`, that Pillow takes for each of `enlarged`, by nearest neighbour."""
    places = Image.fromarray(np.arange(length, dtype=np.int32)[np.newaxis])
    taken: np.ndarray[tuple[int], np.dtype[np.int32]]
    taken = np.asarray(places.resize((enlarged, 1), Image.Resampling.NEAREST))[0]
    return taken


def fractions(pixels: list[int]) -> list[float]:
    """Each count's share of the sum, to within `UNIT`. Units lost by rounding down go to the largest remainders."""
    total = sum(pixels)
    whole = round(1 / UNIT)
    units = [n * whole // total for n in pixels]
    by_remainder = sorted(range(len(pixels)), key=lambda i: pixels[i] * whole % total, reverse=True)
    for index in by_remainder[: whole - sum(units)]:
        units[index] += 1
    return [n * UNIT for n in units]
