"""16-bit grey values -> 8 bits. A window says which values become black and white, as in radiology."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.segmentation.errors import WindowNeeded
from service.segmentation.inputs.warning import ImageWarning

WHITE = 65_535
FEW = (WHITE + 1) // 16
"""So many values or fewer look like one shade: 12-bit cameras and scanners leave the upper four bits empty."""
LITTLE = (WHITE + 1) // 4
"""So many values or fewer make a dark or a pale picture: 14-bit cameras leave the upper two bits empty."""
_NEARLY_ALL: tuple[tuple[float, Literal["left", "right"]], ...] = ((0.02, "right"), (0.98, "left"))

WINDOW_IGNORED = ImageWarning("window_ignored", "The image is not 16-bit grey, so `window` changes nothing.")


@dataclass(frozen=True)
class Window:
    """Grey values, 0..65535, that become black and white; None stands for the smallest and largest of the image."""

    low: float | None = None
    high: float | None = None


def read_window(text: str) -> Window:
    """`auto`, or `low,high`. Raises ValueError."""
    if text.strip() == "auto":
        return Window()
    try:
        low, high = (float(value) for value in text.split(","))
    except ValueError:
        raise ValueError("give auto, or low,high") from None
    if not 0 <= low < high <= WHITE:
        raise ValueError(f"low must be below high, and both from 0 to {WHITE}")
    return Window(low, high)


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
    """A warning where nearly all high bytes of a 16-bit image, which its 8-bit `image` has, are close together.

    Single bright values, such as a defect of the camera or writing, hide from `to_8_bits` that all others are dark.
    """
    alpha = image.getchannel("A") if "A" in image.getbands() else None
    bands = np.reshape(image.histogram(alpha), (-1, 256))
    total = (bands if alpha is None else bands[:-1]).sum(axis=0).cumsum()  # alpha is the last band
    least, most = (int(np.searchsorted(total, share * total[-1], side)) for share, side in _NEARLY_ALL)
    if total[-1] == 0 or most - least >= LITTLE >> 8:
        return ()
    detail = (
        f"Nearly all 16-bit samples lie in {least << 8} to {(most << 8) + 255} of 0 to {WHITE}, so the image has "
        "little contrast; scale them to the whole range and resend, or choose a `window` if the image is grey."
    )
    return (ImageWarning("few_values", detail),)
