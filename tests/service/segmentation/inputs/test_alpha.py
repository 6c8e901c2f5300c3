"""Transparent images."""

import numpy as np
import pytest
from PIL import Image

from service.segmentation.inputs.raster import decode
from tests.support.pictures import encoded, quarters

ENOUGH = 10**6


def with_alpha(mode: str, alpha: Image.Image) -> Image.Image:
    image = quarters().convert(mode)
    image.putalpha(alpha)
    return image


@pytest.mark.parametrize(
    ("mode", "format_"), [("RGB", "PNG"), ("L", "PNG"), ("RGB", "WEBP")], ids=["RGBA", "LA", "WebP"]
)
def test_alpha_that_is_0_everywhere_is_ignored_and_reported(mode: str, format_: str) -> None:
    image = with_alpha(mode, Image.new("L", (96, 64), 0))
    photo = decode(encoded(image, format_, lossless=True, exact=True), ENOUGH)
    assert [warning.code for warning in photo.warnings] == ["all_transparent"]
    assert np.array_equal(np.asarray(photo.image), np.asarray(quarters().convert(mode).convert("RGB")))


def test_a_palette_all_of_which_is_transparent_is_reported() -> None:
    photo = decode(encoded(quarters().quantize(4), transparency=bytes(4)), ENOUGH)
    assert [warning.code for warning in photo.warnings] == ["all_transparent"]
    assert np.asarray(photo.image)[0, 0].argmax() == 0


def test_one_pixel_that_is_seen_is_a_picture() -> None:
    alpha = Image.new("L", (96, 64), 0)
    alpha.putpixel((0, 0), 1)
    photo = decode(encoded(with_alpha("RGB", alpha)), ENOUGH)
    assert photo.warnings == ()
    assert photo.image.getpixel((50, 50)) == (255, 255, 255)
