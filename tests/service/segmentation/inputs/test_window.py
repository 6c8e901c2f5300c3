"""16-bit grey images: refused where they would look black, windowed where asked for."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from service.segmentation.errors import WindowNeeded
from service.segmentation.inputs.raster import decode
from service.segmentation.inputs.window import Window
from tests.support.anatomy import END, GREY, GREY_ALPHA, RGB, RGBA, header, png
from tests.support.pictures import encoded, quarters

ENOUGH = 10**6


def grey(*values: int) -> bytes:
    return encoded(Image.fromarray(np.array([values], np.uint16)))


def shades(data: bytes, window: Window | None = None) -> list[int]:
    pixels = np.asarray(decode(data, ENOUGH, window=window).image)
    assert (pixels == pixels[..., :1]).all()
    return [int(value) for value in pixels[0, :, 0]]


@pytest.mark.parametrize(("low", "high"), [(0, 4095), (336, 4080), (0, 255), (0, 0), (40_000, 44_095), (0, 1023)])
def test_few_values_are_refused_with_the_window_to_send(low: int, high: int) -> None:
    with pytest.raises(WindowNeeded, match=rf"only {low} to {high} of .* window=auto .* window=low,high") as refused:
        decode(grey(low, high), ENOUGH)
    assert "65535" in str(refused.value)


@pytest.mark.parametrize(("low", "high"), [(0, 4096), (40_000, 44_096), (0, 65_535), (100, 30_000)])
def test_more_values_keep_their_high_byte(low: int, high: int) -> None:
    assert shades(grey(low, high)) == [low >> 8, high >> 8]


def test_a_window_says_what_is_black_and_white() -> None:
    data = grey(0, 1000, 1500, 2000, 4095)
    assert shades(data, Window(1000, 2000)) == [0, 0, 128, 255, 255]
    assert shades(data, Window(0, 65_535)) == [0, 4, 6, 8, 16]
    assert shades(data, Window()) == [0, 62, 93, 125, 255]
    assert shades(grey(7, 7), Window()) == [0, 0]
    assert shades(grey(0, 65_535, 32_768), Window()) == [0, 255, 128]


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_a_window_for_another_image_is_reported(format_: str) -> None:
    plain = decode(encoded(quarters(), format_), ENOUGH)
    photo = decode(encoded(quarters(), format_), ENOUGH, window=Window())
    assert [warning.code for warning in photo.warnings] == ["window_ignored"]
    assert photo.image == plain.image
    assert plain.warnings == ()


def raw(bits: int, colours: int, transparent: tuple[int, ...], *rows: bytes) -> bytes:
    """A PNG of one row or more, one value or colour of which is transparent."""
    width = len(rows[0]) * 8 // bits // (3 if colours == RGB else 1)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    trns = struct.pack(f">{len(transparent)}H", *transparent)
    return png(header(width, len(rows), bits, colours), (b"tRNS", trns), (b"IDAT", pixels), END)


def test_a_transparent_value_of_16_bit_grey_is_white_and_fills_no_range() -> None:
    row = struct.pack(">4H", 0, 20_000, 65_535, 20_001)
    assert shades(raw(16, GREY, (20_000,), row)) == [0, 255, 255, 78]
    slices = raw(16, GREY, (65_535,), struct.pack(">3H", 0, 4095, 65_535))
    with pytest.raises(WindowNeeded, match="only 0 to 4095"):
        decode(slices, ENOUGH)
    assert shades(slices, Window()) == [0, 255, 255]


def test_a_transparent_colour_of_16_bits_is_white() -> None:
    row = struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0x2034, 0x5678, 0x9ABC)
    image = decode(raw(16, RGB, (0x1234, 0x5678, 0x9ABC), row), ENOUGH).image
    assert np.asarray(image)[0].tolist() == [[255] * 3, [0x20, 0x56, 0x9A]]


@pytest.mark.parametrize(("colours", "samples"), [(RGB, 3), (RGBA, 4), (GREY_ALPHA, 2)])
@pytest.mark.parametrize(
    ("most", "codes"), [(4095, ["few_values"]), (16_383, ["few_values"]), (16_384, []), (65_535, [])]
)
def test_16_bit_colour_of_few_values_is_reported(colours: int, samples: int, most: int, codes: list[str]) -> None:
    row = struct.pack(f">{2 * samples}H", *[0] * (samples - 1), 65_535, *[most] * (samples - 1), 65_535)
    row = row if samples != 3 else struct.pack(">6H", 0, 0, 0, most, most, most)
    data = png(header(2, 1, 16, colours), (b"IDAT", zlib.compress(b"\0" + row)), END)
    assert [warning.code for warning in decode(data, ENOUGH).warnings] == codes


@pytest.mark.parametrize(
    ("low", "high", "others", "codes"),
    [
        (0, 4095, (65_535,), ["few_values"]),
        (1000, 1255, (0, 65_535), ["few_values"]),
        (0, 16_383, (), ["few_values"]),
        (60_000, 65_535, (), ["few_values"]),
        (0, 17_500, (), []),
        (0, 4095, (65_535,) * 30, []),
    ],
)
def test_grey_that_is_dark_but_for_a_few_values_is_reported(
    low: int, high: int, others: tuple[int, ...], codes: list[str]
) -> None:
    values = np.linspace(low, high, 1000).astype(np.uint16)
    values[500 : 500 + len(others)] = others
    file = encoded(Image.fromarray(values.reshape(25, 40)))
    assert [warning.code for warning in decode(file, ENOUGH).warnings] == codes
    assert decode(file, ENOUGH, window=Window(low, high)).warnings == ()


def test_transparent_values_do_not_hide_that_the_others_are_few() -> None:
    values = np.full((20, 20, 2), (60_000, 0), ">u2")
    values[5:] = (3000, 65_535)
    data = png(
        header(20, 20, 16, GREY_ALPHA), (b"IDAT", zlib.compress(b"".join(b"\0" + v.tobytes() for v in values))), END
    )
    assert [warning.code for warning in decode(data, ENOUGH).warnings] == ["few_values"]


@pytest.mark.parametrize(
    ("bits", "row", "transparent", "expected"),
    [
        (1, b"\x40", 0, [255, 255, 255, 255, 255, 255, 255, 255]),
        (1, b"\xb0", 1, [255, 0, 255, 255, 0, 0, 0, 0]),
        (2, b"\x1b", 2, [0, 85, 255, 255]),
        (4, b"\x0f", 0, [255, 255]),
        (8, b"\x0f\x10", 15, [255, 16]),
    ],
)
def test_a_transparent_value_of_fewer_bits_is_white(
    bits: int, row: bytes, transparent: int, expected: list[int]
) -> None:
    assert shades(raw(bits, GREY, (transparent,), row)) == expected
