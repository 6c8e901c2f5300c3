"""Transparent images."""

import io

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
@pytest.mark.parametrize("alpha", [0, 1, 15])
def test_alpha_that_is_nothing_everywhere_is_ignored_and_reported(mode: str, format_: str, alpha: int) -> None:
    image = with_alpha(mode, Image.new("L", (96, 64), alpha))
    photo = decode(encoded(image, format_, lossless=True, exact=True), ENOUGH)
    assert [warning.code for warning in photo.warnings] == ["all_transparent"]
    assert np.array_equal(np.asarray(photo.image), np.asarray(quarters().convert(mode).convert("RGB")))


def test_a_palette_all_of_which_is_transparent_is_reported() -> None:
    photo = decode(encoded(quarters().quantize(4), transparency=bytes(4)), ENOUGH)
    assert [warning.code for warning in photo.warnings] == ["all_transparent"]
    assert np.asarray(photo.image)[0, 0].argmax() == 0


@pytest.mark.parametrize(
    ("rest", "seen", "codes"),
    [(0, 0, ["mostly_transparent"]), (0, 7, ["mostly_transparent"]), (20, 0, ["mostly_transparent"]), (0, 9, [])],
)
def test_an_image_of_which_little_is_seen_is_reported(rest: int, seen: int, codes: list[str]) -> None:
    alpha = Image.new("L", (96, 64), rest)
    alpha.paste(255, (0, 0, 96, seen))
    alpha.putpixel((0, 0), 16)
    photo = decode(encoded(with_alpha("RGB", alpha)), ENOUGH)
    assert [warning.code for warning in photo.warnings] == codes
    if rest == 0:
        assert photo.image.getpixel((50, 50)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L"])
def test_stripes_are_laid_on_white_as_the_whole_would_be(mode: str) -> None:
    draw = np.random.default_rng(0)
    image = Image.fromarray(draw.integers(0, 255, (70, 50, 4), np.uint8), "RGBA").resize((1000, 1400))
    if mode == "P":
        file = encoded(image.convert("RGB").quantize(8), transparency=bytes(range(0, 256, 32)))
    elif mode in {"RGB", "L"}:
        file = encoded(image.convert(mode), transparency=image.convert(mode).getpixel((500, 700)))
    else:
        file = encoded(image.convert(mode))
    whole = Image.open(io.BytesIO(file)).convert("RGBA")
    white = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole).convert("RGB")
    assert decode(file, 2 * ENOUGH).image.tobytes() == white.tobytes()
