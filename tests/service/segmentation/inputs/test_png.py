"""PNG files whose data end early."""

import zlib

import numpy as np
import pytest
from PIL import Image

from service.segmentation.errors import DamagedImage
from service.segmentation.inputs.raster import decode
from tests.support.anatomy import END, GREY, GREY_ALPHA, PALETTE, RGB, RGBA, Chunk, header, png

ENOUGH = 10**6
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def rows(pixels: np.ndarray, interlaced: bool) -> list[bytes]:
    """The rows of bytes [H, W, samples] as a PNG holds them, each behind its filter."""
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    planes = [pixels[top::down, left::across] for left, top, across, down in passes]
    return [b"\0" + row.tobytes() for plane in planes for row in plane if row.size]


@pytest.mark.parametrize("height", [12, 13])
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("colours", "samples"), [(GREY, 1), (RGB, 3), (PALETTE, 1), (GREY_ALPHA, 2), (RGBA, 4)], ids=str
)
def test_a_file_without_its_last_rows_is_cut_off(colours: int, samples: int, interlaced: bool, height: int) -> None:
    pixels = np.random.default_rng(0).integers(1, 255, (height, 17, samples), np.uint8)
    palette: list[Chunk] = [(b"PLTE", bytes(range(256)) * 3)] if colours == PALETTE else []
    head, data = header(17, height, 8, colours, interlaced), rows(pixels, interlaced)
    assert decode(png(head, *palette, (b"IDAT", zlib.compress(b"".join(data))), END), ENOUGH).size == (17, height)
    for kept in (1, len(data) // 2, len(data) - 1):
        with pytest.raises(DamagedImage, match="cut off"):
            decode(png(head, *palette, (b"IDAT", zlib.compress(b"".join(data[:kept]))), END), ENOUGH)


@pytest.mark.parametrize(("bits", "interlaced"), [(1, False), (2, True), (4, False), (8, True)])
def test_a_picture_that_ends_in_black_is_whole(bits: int, interlaced: bool) -> None:
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    sizes = [(len(range(left, 19, across)), len(range(top, 21, down))) for left, top, across, down in passes]
    data = zlib.compress(b"".join(bytes((1 + (columns * bits + 7) // 8) * lines) for columns, lines in sizes))
    chunks = [(b"IDAT", data[:9]), (b"IDAT", b""), (b"IDAT", data[9:])]
    image = decode(png(header(19, 21, bits, GREY, interlaced), *chunks, END), ENOUGH).image
    assert image.tobytes() == Image.new("RGB", (19, 21)).tobytes()
