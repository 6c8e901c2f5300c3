"""JPEG files: kinds that are not decoded, by their frame header; files that lack a part or only their end marker."""

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from service.segmentation.errors import DamagedImage, UnsupportedFormat
from service.segmentation.inputs import jpeg
from service.segmentation.inputs.raster import Size, decode
from tests.support.anatomy import scans
from tests.support.pictures import encoded, quarters

ENOUGH = 10**6
END = b"\xff\xd9"
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


@pytest.mark.parametrize("kind", [0xCC, 0xE4, 0xD4, 0x44, 0xFE])
@pytest.mark.parametrize("number", range(4))
def test_a_table_whose_marker_is_lost_is_damage(kind: int, number: int) -> None:
    starts = [found.start() for found in re.finditer(rb"\xff\xc4", BASELINE)]
    file = BASELINE[: starts[number] + 1] + bytes((kind,)) + BASELINE[starts[number] + 2 :]
    with pytest.raises(DamagedImage, match="a table that it needs is missing"):
        jpeg.read(file)


def test_a_frame_of_motion_jpeg_has_the_tables_of_the_standard() -> None:
    """Its tables are left out, as the frames of many cameras leave them out."""
    start, (scan,) = scans(BASELINE)
    tables = re.compile(rb"\xff\xc4(..)", re.DOTALL)
    while found := tables.search(start):
        start = start[: found.start()] + start[found.end() - 2 + int.from_bytes(found[1]) :]
    photo = decode(start + scan + END, ENOUGH)
    assert np.array_equal(np.asarray(photo.image), np.asarray(decode(BASELINE, ENOUGH).image))


PHOTO = Image.fromarray(np.random.default_rng(0).normal(128, 40, (240, 320, 3)).clip(0, 255).astype(np.uint8))
WAYS = {
    "baseline": encoded(PHOTO, "JPEG"),
    "all colours": encoded(PHOTO, "JPEG", quality=95, subsampling=0),
    "grey": encoded(PHOTO.convert("L"), "JPEG"),
    "CMYK": encoded(PHOTO.convert("CMYK"), "JPEG"),
    "flat": encoded(Image.new("RGB", (320, 240), "teal"), "JPEG", optimize=True),
    "restarts": encoded(PHOTO, "JPEG", restart_marker_rows=1),
    "progressive": encoded(PHOTO, "JPEG", quality=90, progressive=True),
    "progressive restarts": encoded(PHOTO, "JPEG", quality=90, progressive=True, restart_marker_blocks=5),
}

TAILS = {"its own": END, "more": END + b"bytes", "none": b"", "half a marker": b"\xff", "zeros": bytes(1000)}


@pytest.fixture(params=[None, lambda size: (size[0] // 8, size[1] // 8)], ids=["whole", "an eighth"])
def needed(request: pytest.FixtureRequest) -> Callable[[Size], Size] | None:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tail", TAILS)
def test_a_whole_jpeg_is_served_whatever_its_end(way: str, tail: str, needed: Callable[[Size], Size] | None) -> None:
    photo = decode(WAYS[way].removesuffix(END) + TAILS[tail], ENOUGH, needed)
    if needed is None:
        expected = Image.open(io.BytesIO(WAYS[way])).convert("RGB")
        assert np.array_equal(np.asarray(photo.image), np.asarray(expected))


FILLED = ("with an end marker", "with nothing", "with zeros")
CUTS = [(way, filled) for way in WAYS for filled in FILLED if (way, filled) != ("flat", "with zeros")]  # it is zeros


@pytest.mark.parametrize(("way", "filled"), CUTS)
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.6])
def test_a_jpeg_cut_in_its_coded_data_is_damaged(
    way: str, kept: float, filled: str, needed: Callable[[Size], Size] | None
) -> None:
    start, drawn = scans(WAYS[way])
    coded = b"".join(drawn)
    cut = start + coded[: int(kept * len(coded))].rstrip(b"\xff")
    tail = {"with an end marker": END, "with nothing": b"", "with zeros": bytes(len(WAYS[way]) - len(cut))}[filled]
    with pytest.raises(DamagedImage, match="cut off"):
        decode(cut + tail, ENOUGH, needed)


def test_a_progressive_jpeg_cut_between_its_scans_is_damaged() -> None:
    start, drawn = scans(WAYS["progressive"])
    for count in range(1, len(drawn)):
        with pytest.raises(DamagedImage, match="scans of it are missing"):
            decode(start + b"".join(drawn[:count]) + END, ENOUGH)


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("quality", [50, 90])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_progressive_jpeg_cut_in_its_last_scan_is_damaged(
    kept: float, quality: int, mode: str, needed: Callable[[Size], Size] | None
) -> None:
    start, drawn = scans(encoded(PHOTO.convert(mode), "JPEG", quality=quality, progressive=True))
    last = drawn[-1][: int(kept * len(drawn[-1]))].rstrip(b"\xff")
    for tail in (END, b""):
        with pytest.raises(DamagedImage, match="cut off"):
            decode(start + b"".join((*drawn[:-1], last, tail)), ENOUGH, needed)


def test_a_colour_that_has_no_scan_is_missing() -> None:
    """Of scans with one component each, as some scanners write them."""
    start, (scan,) = scans(WAYS["grey"])
    frame = start.index(b"\xff\xc0")
    two = start[:frame] + b"\xff\xc0\0\x11\x08" + start[frame + 5 : frame + 9] + b"\3\1\x11\0\2\x11\0\3\x11\0"
    rest = start[frame + 2 + int.from_bytes(start[frame + 2 : frame + 4]) :]
    each = [scan[:5] + bytes((component,)) + scan[6:] for component in (1, 2, 3)]
    assert np.asarray(decode(two + rest + b"".join(each) + END, ENOUGH).image).shape == (240, 320, 3)
    with pytest.raises(DamagedImage, match="scans of it are missing"):
        decode(two + rest + b"".join(each[:2]) + END, ENOUGH)
