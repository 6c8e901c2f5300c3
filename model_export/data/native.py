"""The native size: the one that every image is brought to before the network sees it."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from model_export.data.folder import SegmentationFolder
from service.segmentation.inputs.raster import Size

WIDE_SPREAD = 1.5
"""How much an image may be scaled without a word."""


def sizes(root: Path) -> list[Size]:
    """(width, height) of every upright image that a data set has for training and validation, by their headers.

    Raises DataError where it has none.
    """
    splits = [split for split in ("train", "val") if (root / split).exists()] or ["train"]
    return [size for split in splits for size in SegmentationFolder(root, split).sizes()]


def median_size(of: Sequence[Size]) -> Size:
    """The medians of the long and of the short sides, lying or upright as most images are.

    After nnU-Net (Isensee et al. 2021), which takes the data's median too: one odd image does not move it.
    """
    long, short = (round(median(side(size) for size in of)) for side in (max, min))
    return (long, short) if 2 * sum(width >= height for width, height in of) >= len(of) else (short, long)


def fitting_scale(size: Size, native: Size) -> float:
    """The factor that brings an image of `size` inside `native`, upright or turned, as the service does."""
    return min(max(native) / max(size), min(native) / min(size))


def spread(of: Sequence[Size], native: Size) -> str | None:
    """A sentence about sizes that are far from the median, else None."""
    usual = median_size(of)
    far = [size for size in of if not 1 / WIDE_SPREAD <= fitting_scale(size, usual) <= WIDE_SPREAD]
    if not far:
        return None
    smallest, largest = (choose(of, key=lambda size: size[0] * size[1]) for choose in (min, max))
    return (
        f"images are of {text(smallest)} to {text(largest)}, {len(far)} of {len(of)} more than {WIDE_SPREAD} times as "
        f"small or large as the median, {text(usual)}; all are brought to {text(native)}, "
        f"and --native chooses another size"
    )


def text(size: Size) -> str:
    """480x360."""
    return f"{size[0]}x{size[1]}"
