"""Bytes -> an upright RGB image."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from service.segmentation.errors import DamagedImage, ImageTooLarge, UnsupportedFormat
from service.segmentation.inputs.raster import Size, decode
from tests.support.anatomy import END, header, png
from tests.support.pictures import encoded, in_mode, oriented, quarters

ENOUGH = 1_000_000


@pytest.mark.parametrize("orientation", [None, *range(1, 9)])
def test_every_exif_orientation_shows_the_same_picture_upright(orientation: int | None) -> None:
    photo = decode(oriented(orientation), ENOUGH)
    assert photo.orientation == (orientation or 1)
    assert photo.image.size == (96, 64)
    difference = np.abs(np.asarray(photo.image).astype(int) - np.asarray(quarters()))
    assert np.median(difference) < 10


@pytest.mark.parametrize("orientation", [0, 9, 60_000])
def test_an_invalid_exif_orientation_is_ignored(orientation: int) -> None:
    photo = decode(oriented(orientation), ENOUGH)
    assert (photo.orientation, photo.image.size) == (1, (96, 64))


@pytest.mark.parametrize(
    ("format_", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("WEBP", "RGB"), *(("PNG", mode) for mode in ("RGB", "L", "LA", "P", "I;16"))],
)
def test_orientation_is_applied_whatever_the_format_and_the_mode(format_: str, mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = in_mode(mode)
    photo = decode(encoded(image, format_, exif=exif), ENOUGH)
    assert (photo.orientation, photo.image.size) == (6, (64, 96))


@pytest.mark.parametrize(("needed", "unpacked"), [((96, 64), (96, 64)), ((97, 64), (192, 128)), ((900, 1), (768, 512))])
def test_of_a_large_jpeg_no_more_is_unpacked_than_is_needed(needed: Size, unpacked: Size) -> None:
    large = quarters(768, 512)
    photo = decode(encoded(large, "JPEG"), ENOUGH, lambda size: needed if size == large.size else size)
    assert (photo.image.size, photo.size) == (unpacked, (768, 512))
    small = np.asarray(photo.image.resize((96, 64))).astype(int)
    assert np.median(np.abs(small - np.asarray(quarters()))) < 10
    assert decode(encoded(large, "PNG"), ENOUGH, lambda _: needed).image.size == (768, 512)


def test_a_jpeg_on_its_side_that_is_unpacked_in_part_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = decode(encoded(quarters(768, 512), "JPEG", exif=exif), ENOUGH, lambda _: (96, 64))
    assert (photo.image.size, photo.size) == ((64, 96), (512, 768))


def test_a_png_and_a_webp_keep_every_pixel() -> None:
    for format_, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        photo = decode(encoded(quarters(), format_, **options), ENOUGH)
        assert photo.format == format_
        assert np.array_equal(np.asarray(photo.image), np.asarray(quarters()))


def test_a_16_bit_grey_png_keeps_its_high_byte() -> None:
    grey = np.array([[0, 255, 256], [0x7FFF, 0x8000, 0xFFFF]], np.uint16)
    pixels = np.asarray(decode(encoded(Image.fromarray(grey)), ENOUGH).image)
    assert pixels[..., 0].tolist() == [[0, 0, 1], [127, 128, 255]]
    assert (pixels == pixels[..., :1]).all()


def test_a_16_bit_colour_png_keeps_its_high_byte() -> None:
    row = struct.pack(">6H", 0x1234, 0xABCD, 0xFF00, 0x00FF, 0x8000, 0x7FFF)
    photo = decode(png(header(2, 1, bits=16), (b"IDAT", zlib.compress(b"\0" + row)), END), ENOUGH)
    assert np.asarray(photo.image).tolist() == [[[0x12, 0xAB, 0xFF], [0x00, 0x80, 0x7F]]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_every_png_mode_becomes_rgb(mode: str) -> None:
    image = in_mode(mode)
    photo = decode(encoded(image), ENOUGH)
    assert (photo.image.mode, photo.image.size) == ("RGB", (96, 64))


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    photo = decode(encoded(quarters().convert("CMYK"), "JPEG", quality=95), ENOUGH)
    assert np.asarray(photo.image)[5, 5].argmax() == 0


def test_transparent_pixels_are_white_and_translucent_ones_mixed() -> None:
    image = Image.new("RGBA", (3, 1))
    for x, alpha in enumerate((0, 128, 255)):
        image.putpixel((x, 0), (200, 0, 0, alpha))
    pixels = np.asarray(decode(encoded(image), ENOUGH).image)[0].tolist()
    assert pixels[0] == [255, 255, 255]
    assert pixels[1] == pytest.approx([227, 127, 127], abs=1)
    assert pixels[2] == [200, 0, 0]


def test_a_palette_png_with_a_transparent_colour_is_white_there() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putpixel((1, 0), 1)
    assert np.asarray(decode(encoded(image, transparency=0), ENOUGH).image).tolist() == [[[255] * 3, [200, 0, 0]]]


def test_an_image_of_one_pixel_is_an_image() -> None:
    assert decode(encoded(Image.new("RGB", (1, 1))), ENOUGH).image.size == (1, 1)


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a" + bytes(50), b"BM" + bytes(60), b"%PDF-1.7", b"\x89PNG"])
def test_other_formats_are_refused_by_content(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match="JPEG, PNG or WebP"):
        decode(data, ENOUGH)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_damaged_wherever_it_ends(format_: str, kept: float) -> None:
    noise = Image.effect_noise((200, 150), 80).convert("RGB")
    data = encoded(noise, format_)
    with pytest.raises(DamagedImage, match=format_):
        decode(data[: max(16, int(kept * len(data)))], ENOUGH)


def test_too_many_pixels_are_refused_from_the_header_alone() -> None:
    """The file has no pixels at all: unpacking it would find it damaged, not too large."""
    with pytest.raises(ImageTooLarge, match=r"10000 x 6000 = 60\.0 megapixels, but at most 50 "):
        decode(png(header(10_000, 6_000), (b"IDAT", b"")), 50_000_000)


def test_a_header_beyond_pillows_own_guard_is_refused_too() -> None:
    with pytest.raises(ImageTooLarge):
        decode(png(header(2**31 - 1, 2**31 - 1), (b"IDAT", b"")), 50_000_000)
