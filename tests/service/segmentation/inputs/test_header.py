"""What a header says is what the decoder finds, and no decoder runs for it."""

import io

import numpy as np
import pytest
from PIL import Image

from service.segmentation.errors import DamagedImage
from service.segmentation.inputs.header import Header, inspect
from service.segmentation.inputs.raster import decode
from tests.support import anatomy
from tests.support.pictures import encoded, in_mode, quarters

SIZES = [(1, 1), (96, 64), (1, 500), (1000, 3)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pngs(size: tuple[int, int], mode: str) -> None:
    assert inspect(encoded(in_mode(mode, quarters(*size)))) == Header("PNG", size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "options",
    [{"lossless": True}, {"quality": 50}, {"quality": 50, "exif": b"Exif\0\0"}, {"lossless": True, "save_all": True}],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webps(size: tuple[int, int], mode: str, options: dict[str, object]) -> None:
    image = quarters(*size).convert(mode)
    frames = {"append_images": [image.rotate(180)]} if "save_all" in options else {}
    assert inspect(encoded(image, "WEBP", **options, **frames)) == Header("WEBP", size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("options", "buffered"),
    [
        ({}, 0),
        ({"progressive": True}, 1.5),
        ({"progressive": True, "subsampling": "4:2:2"}, 2),
        ({"progressive": True, "subsampling": "4:4:4"}, 3),
    ],
)
def test_jpegs(size: tuple[int, int], options: dict[str, object], buffered: float) -> None:
    assert inspect(encoded(quarters(*size), "JPEG", **options)) == Header("JPEG", size, buffered)


@pytest.mark.parametrize(("mode", "samples"), [("L", 1), ("CMYK", 4)])
def test_jpegs_of_other_colours(mode: str, samples: int) -> None:
    file = encoded(quarters().convert(mode), "JPEG", progressive=True, subsampling=0)
    assert inspect(file) == Header("JPEG", (96, 64), samples)


def test_a_jpegs_thumbnail_is_not_its_frame() -> None:
    thumbnail = encoded(quarters(48, 32), "JPEG")
    file = anatomy.with_segments(encoded(quarters(), "JPEG"), anatomy.segment(0xE1, b"Exif\0\0" + thumbnail))
    assert inspect(file) == Header("JPEG", (96, 64))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_cut_off_at_any_byte_it_is_none_or_the_same(format_: str) -> None:
    file = encoded(quarters(), format_)
    whole = inspect(file)
    headers = [inspect(file[:end]) for end in range(len(file))]
    assert headers[0] is None
    assert headers[-1] == whole
    assert all(header in (None, whole) for header in headers)


def test_a_jpeg_without_components_is_damaged() -> None:
    """Its frame gives a size, and then no samples of which anything could be the largest."""
    frame = anatomy.segment(0xC0, bytes([8, 0, 16, 0, 16, 0]))
    file = b"\xff\xd8" + frame + anatomy.segment(0xDA, bytes([1, 1, 0, 0, 63, 0]))
    assert inspect(file) is None
    with pytest.raises(DamagedImage):
        decode(file, 10**6)


def test_a_file_of_two_sizes_is_not_unpacked() -> None:
    small, large = encoded(quarters(8, 8)), encoded(Image.fromarray(np.zeros((900, 900, 3), np.uint8)))
    twice = small[:33] + large[8:]
    with Image.open(io.BytesIO(twice)) as image:
        assert (image.size, inspect(twice)) == ((900, 900), Header("PNG", (8, 8)))
    with pytest.raises(DamagedImage, match="another size"):
        decode(twice, 10**6)
