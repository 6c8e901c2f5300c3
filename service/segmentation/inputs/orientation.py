"""The EXIF orientation of an image (Exif 2.32, section 4.6.4), and how to set the image upright."""

import struct

from PIL import Image

EXIF = b"Exif\0\0"
"""What precedes the TIFF structure of an EXIF block in JPEG files, and in some WebP files."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that sets an image of each orientation upright."""

SIDEWAYS = range(5, 9)
"""Orientations that exchange width and height."""

_ORIENTATION = 0x0112
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
"""TIFF's integer types. The tag should be a SHORT; cameras also write the others, and viewers accept them."""


def orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, in an EXIF block; 1 where it has none or is damaged."""
    tiff = exif.removeprefix(EXIF)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * entries, 12):
            tag, type_, count = struct.unpack_from(f"{order}HHI", tiff, entry)
            if tag == _ORIENTATION and type_ in _INTEGERS and count == 1:
                (value,) = struct.unpack_from(f"{order}{_INTEGERS[type_]}", tiff, entry + 8)
                return value if value in range(1, 9) else 1
    except struct.error:
        return 1
    return 1
