"""The native size: the one that every image is scaled to fit before it enters the network."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from model_export.data.folder import SegmentationFolder
from service.segmentation.inputs.raster import Size

WIDE_SPREAD = 1.5
"""Ratio to the median size beyond which an image is reported."""


def sizes(root: Path) -> list[Size]:
    """(width, height) of every upright image that a data set has for training and validation, by their headers.

    Raises DataError where it has none.
    """
    splits = [split for split in ("train", "val") if (root / split).exists()] or ["train"]
    return [size for split in splits for size in SegmentationFolder(root, split).sizes()]


def median_size(of: Sequence[Size]) -> Size:
    """The medians of the long and of the short sides, landscape or portrait as most images are.

    nnU-Net (Isensee et al. 2021) also takes the median of the data. A single unusual image does not change it.
    """
    long, short = (round(median(side(size) for size in of)) for side in (max, min))
    return (long, short) if 2 * sum(width >= height for width, height in of) >= len(of) else (short, long)


def fitting_scale(size: Size, native: Size) -> float:
    """The factor that makes an image of `size` fit `native`, in either orientation, as the service does."""
    return min(max(native) / max(size), min(native) / min(size))


def spread(of: Sequence[Size], native: Size) -> str | None:
    """A sentence about sizes that are far from the median, else None."""
    usual = median_size(of)
    far = [size for size in of if not 1 / WIDE_SPREAD <= fitting_scale(size, usual) <= WIDE_SPREAD]
    if not far:
        return None
    smallest, largest = (choose(of, key=lambda size: size[0] * size[1]) for choose in (min, max))
    return (
        f"image sizes range from {text(smallest)} to {text(largest)}; {len(far)} of {len(of)} differ from the median, "
        f"{text(usual)}, by more than {WIDE_SPREAD} times; all are scaled to fit {text(native)} (--native)"
    )


def text(size: Size) -> str:
    """480x360."""
    return f"{size[0]}x{size[1]}"
