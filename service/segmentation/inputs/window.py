"""16-bit grey values -> 8 bits. A window says which values become black and white, as in radiology."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.segmentation.errors import WindowNeeded
from service.segmentation.inputs.warning import ImageWarning

WHITE = 65_535
FEW = (WHITE + 1) // 16
"""So many values or fewer look like one shade: 12-bit cameras and scanners leave the upper four bits empty."""

WINDOW_IGNORED = ImageWarning("window_ignored", "The image is not 16-bit grey, so `window` changes nothing.")


@dataclass(frozen=True)
class Window:
    """Grey values, 0..65535, that become black and white; None stands for the smallest and largest of the image."""

    low: float | None = None
    high: float | None = None


def to_8_bits(
    values: NDArray[np.uint16], window: Window | None, seen: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Grey of [H, W] as 0..255; without a window the high byte of each value.

    `seen` says which values are not transparent; the others fill no range. Raises WindowNeeded where there is no window
    and the values are few.
    """
    shown = True if seen is None else seen
    least, most = int(values.min(where=shown, initial=WHITE)), int(values.max(where=shown, initial=0))
    if most < least:  # none is seen
        least, most = 0, WHITE
    if window is None and most - least < FEW:
        raise WindowNeeded(
            f"The 16-bit grey values fill only {least} to {most} of 0 to {WHITE}, which looks like one shade; say with "
            "the parameter `window` which are black and white: window=auto for these two, window=low,high for others, "
            f"window=0,{WHITE} to leave the image as it is."
        )
    if window is None:
        return (values >> 8).astype(np.uint8)
    low = least if window.low is None else window.low
    high = max(most, least + 1) if window.high is None else window.high
    shades = np.rint(np.interp(np.arange(WHITE + 1), (low, high), (0, 255))).astype(np.uint8)
    return shades[values]


def few_values(image: Image.Image) -> tuple[ImageWarning, ...]:
    """A warning where the high bytes of a 16-bit image with colour or alpha are as few as grey needs a window for.

    The decoder drops their low bytes, so that a window would come too late.
    """
    extrema = cast("tuple[tuple[int, int], ...]", image.getextrema())
    shown = [pair for band, pair in zip(image.getbands(), extrema, strict=True) if band != "A"]
    least, most = min(low for low, _ in shown), max(high for _, high in shown)
    if most - least >= FEW >> 8:
        return ()
    detail = (
        f"The 16-bit samples fill only {least << 8} to {(most << 8) + 255} of 0 to {WHITE}, so the image has hardly "
        "any contrast; scale them to the whole range and resend."
    )
    return (ImageWarning("few_values", detail),)
