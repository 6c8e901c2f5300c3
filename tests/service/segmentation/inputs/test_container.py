"""Only the picture of a file reaches the decoder."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from service.segmentation.errors import DamagedImage, ImageTooLarge, TooManyParts
from service.segmentation.inputs import jpeg
from service.segmentation.inputs import png as png_file
from service.segmentation.inputs.container import MOST_PARTS
from service.segmentation.inputs.orientation import orientation
from service.segmentation.inputs.raster import LONGEST_SIDE, MOST_DRAWN, check, decode
from tests.support import anatomy
from tests.support.anatomy import END, header, pixels, png, segment
from tests.support.pictures import encoded, quarters

ENOUGH = 50_000_000


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"acTL", b"fcTL", b"abCd"])
def test_a_png_keeps_only_what_shows(kind: bytes) -> None:
    plain = encoded(quarters())
    assert png_file.read(plain).data == plain
    assert png_file.read(anatomy.with_chunks(plain, (kind, b"x\0\0" + zlib.compress(b"x")))).data == plain


def test_a_png_keeps_the_colour_that_is_transparent() -> None:
    data = encoded(quarters().quantize(4), transparency=1)
    assert png_file.read(data).data == data


def test_a_wrong_checksum_in_a_dropped_chunk_is_damage() -> None:
    data = bytearray(encoded(quarters().quantize(4), transparency=1))
    data[data.index(b"tRNS")] |= 0x20  # now the name of something else
    data[data.index(b"tRNS"[1:])] ^= 1
    with pytest.raises(DamagedImage, match="checksum"):
        decode(bytes(data), ENOUGH)


@pytest.mark.parametrize(
    "payload", [b"Exif\0\0junk", b"ICC_PROFILE\0\1\1junk", b"MPF\0junk", b"http://ns.adobe.com/xap/1.0/\0"]
)
def test_a_jpeg_keeps_only_what_shows(payload: bytes) -> None:
    plain = encoded(quarters(), "JPEG")
    segments = [segment(kind, payload) for kind in (0xE1, 0xE2, 0xED, 0xFE)]
    data = jpeg.read(plain).data
    assert data.startswith(plain[:-2])
    assert jpeg.read(anatomy.with_segments(plain, *segments)).data == data
    assert jpeg.read(plain[:2] + b"junk\xff\0\xff\xff" + plain[2:]).data == data
    assert jpeg.read(plain + b"junk").data == data


@pytest.mark.parametrize("transform", [0, 1, 2])
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_jpeg_keeps_adobes_marker_of_its_colours(mode: str, transform: int) -> None:
    plain = encoded(quarters().convert(mode), "JPEG")
    data = plain[:2] + segment(0xEE, b"Adobe\0d\0\0\0\0" + bytes((transform,))) + plain[plain.index(b"\xff\xdb") :]
    whole = Image.open(io.BytesIO(data)).convert("RGB")
    assert np.array_equal(np.asarray(decode(data, ENOUGH).image), np.asarray(whole))


def test_damaged_exif_is_no_warning() -> None:
    """Pillow wrote a line into the log for each of its entries; here every warning is an error."""
    block = anatomy.exif(*((1000 + tag, 7, 10**6 + tag, 8) for tag in range(5000)))
    data = anatomy.with_segments(encoded(quarters(), "JPEG"), segment(0xE1, block))
    assert decode(data, ENOUGH).orientation == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_read_in_either_order_of_bytes(order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    block = mark + struct.pack(f"{order}IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0)
    assert orientation(b"Exif\0\0" + block) == 6
    assert orientation(block) == 6
    for cut in range(len(block) - 2):
        assert orientation(block[:cut]) == 1


def test_a_jpeg_counts_its_scans_and_nothing_that_looks_like_one() -> None:
    data = encoded(quarters(), "JPEG", progressive=True)
    start, scans = anatomy.scans(data)
    assert jpeg.read(data).scans == len(scans) == 10
    film = random.Random(0).randbytes(10**6)  # phones put one behind a photo
    assert jpeg.read(data + film).scans == 10
    assert jpeg.read(anatomy.with_segments(data, segment(0xE5, b"\xff\xda" * 1000))).scans == 10
    hidden = b"\xff\x02\xff\xff" + scans[-1]  # a marker without a length, whatever follows
    assert jpeg.read(start + b"".join(scans) + hidden + b"\xff\xd9").scans == 11


def test_more_scans_over_more_pixels_than_any_photo_has_are_refused_before_one_is_unpacked() -> None:
    start, scans = anatomy.scans(encoded(Image.new("RGB", (1250, 1000)), "JPEG", progressive=True))
    most = MOST_DRAWN // 1_250_000
    with pytest.raises(ImageTooLarge, match=rf"1\.2 megapixels in {most + 1} scans"):
        decode(start + b"".join(scans) + scans[-1] * (most - 9) + b"\xff\xd9", ENOUGH)


def test_a_photo_of_fifty_megapixels_may_have_fifty_scans() -> None:
    check((8192, 6100), 50, ENOUGH)


def test_a_side_longer_than_any_photo_has_is_refused() -> None:
    for width, height in ((LONGEST_SIDE + 1, 1), (1, LONGEST_SIDE + 1)):
        with pytest.raises(ImageTooLarge, match=f"a side has at most {LONGEST_SIDE}"):
            decode(png(header(width, height), pixels(width, height), END), ENOUGH)
    assert decode(png(header(LONGEST_SIDE, 1), pixels(LONGEST_SIDE, 1), END), ENOUGH).size == (LONGEST_SIDE, 1)


@pytest.mark.parametrize("most", [MOST_PARTS - 100, MOST_PARTS])
def test_more_parts_than_any_photo_has_are_refused(most: int) -> None:
    comments = anatomy.with_segments(encoded(quarters(), "JPEG"), *[segment(0xFE, b"")] * most)
    chunks = anatomy.with_chunks(encoded(quarters()), *[(b"abCd", b"")] * most)
    for data in (comments, chunks):
        if most == MOST_PARTS:
            with pytest.raises(TooManyParts, match=r"20000 (segments|chunks)"):
                decode(data, ENOUGH)
        else:
            assert decode(data, ENOUGH).size == (96, 64)
