"""The EXIF orientation, as cameras and programs write it."""

import struct

import pytest

from service.segmentation.inputs.orientation import orientation
from service.segmentation.inputs.raster import decode
from tests.support import anatomy
from tests.support.pictures import encoded, quarters

TAG = 0x0112
TYPES = {
    "BYTE": (1, "B"),
    "SHORT": (3, "H"),
    "LONG": (4, "I"),
    "SBYTE": (6, "b"),
    "SSHORT": (8, "h"),
    "SLONG": (9, "i"),
}


def block(order: str, kind: str, value: int, count: int = 1) -> bytes:
    """A TIFF structure with an entry before the orientation's, without the prefix of EXIF."""
    type_, code = TYPES[kind]
    packed = struct.pack(f"{order}{code}", value).ljust(4, b"\0")
    entries = [struct.pack(f"{order}HHII", 0x0100, 4, 1, 9), struct.pack(f"{order}HHI", TAG, type_, count) + packed]
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(entries))
    return head + b"".join(entries) + bytes(4)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_any_integer_type_is_read_in_either_order_of_bytes(kind: str, order: str, value: int) -> None:
    assert orientation(block(order, kind, value)) == value
    assert orientation(b"Exif\0\0" + block(order, kind, value)) == value


@pytest.mark.parametrize("value", [0, 9, 127])
def test_a_value_out_of_range_is_upright(value: int) -> None:
    for kind in TYPES:
        assert orientation(block("<", kind, value)) == 1
    assert orientation(block("<", "SHORT", 6, count=2)) == 1


@pytest.mark.parametrize("kind", ["BYTE", "SHORT", "LONG"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_a_file_of_every_format_is_set_upright(kind: str, prefix: bytes) -> None:
    exif = prefix + block(">", kind, 6)
    files = [
        anatomy.with_chunks(encoded(quarters()), (b"eXIf", exif)),
        anatomy.webp(
            anatomy.canvas(96, 64, flags=8), (b"VP8L", encoded(quarters(), "WEBP", lossless=True)[20:]), (b"EXIF", exif)
        ),
    ]
    if prefix:
        files.append(anatomy.with_segments(encoded(quarters(), "JPEG"), anatomy.segment(0xE1, exif)))
    for file in files:
        photo = decode(file, 10**6)
        assert (photo.orientation, photo.size) == (6, (64, 96))
