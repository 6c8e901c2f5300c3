"""JPEG and PNG files -> only what makes their pictures, and how these lie.

What shows nothing never reaches a decoder: text and profiles that unpack to a thousand times their size, thumbnails,
further frames, EXIF blocks whose every entry is a warning in the log.
"""

import re
import struct
import zlib
from dataclasses import dataclass

from service.segmentation.errors import DamagedImage

# Ordinary files have some ten; PNGs in pieces of a kilobyte have as many thousands as mebibytes.
MOST_PARTS = 20_000

EXIF = b"Exif\0\0"
_ORIENTATION, _SHORT = 0x0112, 3  # the tag, and the only type it may have


@dataclass(frozen=True)
class Container:
    """`data` is a file of the picture alone, `exif` the EXIF block that was beside it; `scans` is how often the file
    draws over the whole picture."""

    data: bytes
    exif: bytes = b""
    scans: int = 1


# JPEG: 0xFF and a kind; within coded pixels 0xFF00 stands for 0xFF, and RST0..RST7 are part of them.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_SOI, _EOI, _SOS, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
# SOF0..SOF3, DHT, DQT, DRI, and JFIF's and Adobe's, which tell colours. Arithmetic coding is left out: Pillow's wheels
# cannot unpack it, and where it can be its scans take three times as long.
_OF_THE_PICTURE = {0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xDB, 0xDD, 0xE0, 0xEE}


def jpeg(data: bytes) -> Container:
    """Raises DamagedImage where it has more segments than any photo."""
    header, exif, scans = [data[:2]], b"", 0
    first_scan, at = len(data), 2
    for _ in range(MOST_PARTS):
        marker = _MARKER.search(data, at)
        if marker is None or marker[1][0] == _EOI:
            return Container(b"".join(header) + data[first_scan:], exif, scans)
        kind, start, at = marker[1][0], marker.end() - 2, marker.end()
        if kind >= 0xC0 and kind != _SOI:
            at += max(2, int.from_bytes(data[at : at + 2]))
        if kind == _SOS:
            first_scan = min(first_scan, start)
            scans += 1
        elif scans == 0 and kind in _OF_THE_PICTURE:
            header.append(data[start:at])
        elif scans == 0 and kind == _APP1 and data.startswith(EXIF, start + 4):
            exif = exif or data[start + 4 : at]
    raise DamagedImage(f"The JPEG image has more than {MOST_PARTS} segments; save it again and resend.")


def png(data: bytes) -> Container:
    """Raises DamagedImage where it has more chunks than any picture, or a wrong checksum in one that is left out."""
    kept, exif, at = [data[:8]], b"", 8
    for _ in range(MOST_PARTS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind == b"tRNS" or not kind[0] & 0x20:  # a small first letter says that a decoder can do without
            kept.append(data[at:end])
        elif zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise DamagedImage("The PNG image is damaged: a checksum in it is wrong; save it again and resend.")
        elif kind == b"eXIf":
            exif = data[at + 8 : end - 4]
        if kind == b"IEND":
            break
        at = end
    else:
        raise DamagedImage(f"The PNG image has more than {MOST_PARTS} chunks; save it again and resend.")
    return Container(b"".join(kept), exif)


def orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, that an EXIF block gives; 1 where it gives none, or is damaged."""
    tiff = exif.removeprefix(EXIF)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(entries):
            tag, type_, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if (tag, type_) == (_ORIENTATION, _SHORT):
                return value if value in range(1, 9) else 1
    except struct.error:
        return 1
    return 1
