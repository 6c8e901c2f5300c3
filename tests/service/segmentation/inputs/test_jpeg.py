"""JPEG files of kinds that are not decoded, by their frame header."""

import pytest

from service.segmentation.errors import DamagedImage, UnsupportedFormat
from service.segmentation.inputs import jpeg
from tests.support.pictures import encoded, quarters

BASELINE, GREY = encoded(quarters(), "JPEG"), encoded(quarters().convert("L"), "JPEG")
PROGRESSIVE = encoded(quarters(), "JPEG", progressive=True)


@pytest.mark.parametrize("file", [BASELINE, GREY])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (0xC3, "a lossless JPEG"),
        (0xC5, "a hierarchical JPEG"),
        (0xC6, "a hierarchical JPEG"),
        (0xC9, "an arithmetic-coded JPEG"),
        (0xCA, "an arithmetic-coded JPEG"),
        (0xCB, "an arithmetic-coded lossless JPEG"),
        (0xCF, "an arithmetic-coded hierarchical JPEG"),
        (0xF7, "JPEG-LS"),
    ],
)
def test_a_jpeg_of_another_kind_is_named(file: bytes, kind: int, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"is {name}, "):
        jpeg.read(file.replace(b"\xff\xc0", bytes((0xFF, kind)), 1))


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("file", [BASELINE, GREY, PROGRESSIVE])
def test_a_jpeg_of_more_bits_is_named(file: bytes, bits: int) -> None:
    frame = file.index(b"\xff\xc2" if file is PROGRESSIVE else b"\xff\xc0")
    with pytest.raises(UnsupportedFormat, match=f"a {bits}-bit JPEG"):
        jpeg.read(file[: frame + 4] + bytes((bits,)) + file[frame + 5 :])


@pytest.mark.parametrize("kind", [0xC3, 0xC6, 0xCE])
def test_a_table_whose_marker_became_a_frame_header_is_damage(kind: int) -> None:
    """Left out, it was a wrong picture: the decoder takes the standard's table for one that is missing."""
    with pytest.raises(DamagedImage, match="frame header"):
        jpeg.read(BASELINE.replace(b"\xff\xc4", bytes((0xFF, kind)), 1))
