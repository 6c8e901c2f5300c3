"""An unpacked image of any mode -> RGB: as viewers show it, or in the shades of a scan."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.segmentation.inputs.alpha import opaque
from service.segmentation.inputs.colour import correction
from service.segmentation.inputs.container import Container
from service.segmentation.inputs.shades import shades
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.inputs.window import WINDOW_IGNORED, Window, few_values, to_8_bits

Developed = tuple[Image.Image, tuple[ImageWarning, ...]]
"""An RGB image, and what is odd about it."""

Develop = Callable[[Image.Image, Container, Window | None], Developed]
"""An unpacked image, the file that it came from, and the window for grey of 16 bits."""

GREY = {"1", "L", "LA"}
COLOURED = GREY | {"P", "RGB", "RGBA", "PA"}
"""Modes whose colours are corrected: profiles of CMYK are tables, and 16-bit grey values are measurements."""


def as_picture(image: Image.Image, file: Container, window: Window | None) -> Developed:
    """As viewers show it: colours of the profile, 16-bit grey by its high bytes or a window. Raises WindowNeeded."""
    rgb, warnings = to_rgb(image, file.bits, window)
    if image.mode in COLOURED:
        corrected = correction(file.profile, file.gamma, grey=image.mode in GREY)
        rgb = rgb if corrected is None else corrected.apply(rgb)
    return rgb, warnings


def as_slice(image: Image.Image, file: Container, window: Window | None) -> Developed:
    """In the shades in which a whole scan is shown, by the slice's own values. 16-bit grey needs no window.

    A window that is given comes first: what it makes black is black.
    """
    warnings: tuple[ImageWarning, ...] = ()
    if image.mode.startswith("I") and window is None:
        values = wide(image)
    else:
        picture, warnings = as_picture(image, file, window)
        values = np.asarray(picture.convert("L"))
    table = shades(values).of(np.arange(np.iinfo(values.dtype).max + 1))
    return Image.fromarray(table[values]).convert("RGB"), warnings


def wide(image: Image.Image) -> NDArray[np.uint16]:
    """The values of 16-bit grey, 0 where they are transparent."""
    values = np.asarray(image, np.uint16)
    transparent = image.info.get("transparency")
    return values if transparent is None else np.where(values == transparent, np.uint16(0), values)


def to_rgb(image: Image.Image, bits: int, window: Window | None) -> tuple[Image.Image, tuple[ImageWarning, ...]]:
    """An unpacked image of any mode that the accepted formats decode to as RGB, and what is odd about it.

    `bits` are those of a sample in the file; Pillow keeps 16 of them in grey images alone. Raises WindowNeeded.
    """
    warnings: tuple[ImageWarning, ...]
    if image.mode.startswith("I"):
        image = grey_of_16_bits(image, window)
        warnings = few_values(image) if window is None else ()
    else:
        fit_transparency(image, bits)
        warnings = (() if window is None else (WINDOW_IGNORED,)) + (few_values(image) if bits == 16 else ())
    if image.has_transparency_data:
        rgb, transparent = opaque(image)
        return rgb, warnings + transparent
    return image if image.mode == "RGB" else image.convert("RGB"), warnings


def grey_of_16_bits(image: Image.Image, window: Window | None) -> Image.Image:
    """A 16-bit grey image as one of 8 bits, with alpha where one of its values is transparent. Raises WindowNeeded."""
    values = np.asarray(image, np.uint16)
    transparent = image.info.get("transparency")
    if transparent is None:
        return Image.fromarray(to_8_bits(values, window))
    seen = values != transparent
    grey = Image.fromarray(to_8_bits(values, window, seen))
    grey.putalpha(Image.fromarray(seen.astype(np.uint8) * 255))
    return grey


def fit_transparency(image: Image.Image, bits: int) -> None:
    """Bring the one transparent value of a PNG from the file's bits to the 8 that Pillow unpacks samples to.

    The low bytes of 16-bit colour are gone, so colours that differ in them alone are all transparent.
    """
    value = image.info.get("transparency")
    if image.mode == "RGB" and bits == 16 and isinstance(value, tuple):
        image.info["transparency"] = tuple(sample >> 8 for sample in value)
    if image.mode in {"1", "L"} and bits < 8 and isinstance(value, int):
        image.info["transparency"] = value * 255 // (2**bits - 1)
