"""Pictures whose masks are known: the strongest channel of every pixel decides."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image


def quarters(width: int = 96, height: int = 64) -> Image.Image:
    """Red top left, green top right, blue below: no two turns or mirrors of it are alike."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 3] = (200, 10, 10)
    pixels[: height // 2, width // 3 :] = (10, 200, 10)
    pixels[height // 2 :] = (10, 10, 200)
    return Image.fromarray(pixels)


def in_mode(mode: str, image: Image.Image | None = None) -> Image.Image:
    """`quarters`, or another image, in one of Pillow's modes; 16-bit grey fills its whole range."""
    image = image or quarters()
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return image.convert(mode)


def encoded(image: Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def pixels(picture: str) -> Any:
    """Those of a grey or indexed PNG in base64."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))


def oriented(orientation: int | None) -> bytes:
    """A JPEG that shows `quarters` once its EXIF orientation (None: no EXIF) is applied."""
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = quarters()
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    if orientation in turned:
        image = image.transpose(turned[orientation])
    return encoded(image, "JPEG", quality=95, subsampling=0, exif=exif)
