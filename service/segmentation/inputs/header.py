"""The size of an image, read from its file without a decoder: some decoders allocate the picture when they open it."""

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

from service.segmentation.errors import UnsupportedFormat
from service.segmentation.inputs.container import MOST_PARTS
from service.segmentation.inputs.sniffing import Format, sniff


@dataclass(frozen=True)
class Header:
    """size: width and height.

    buffered: samples per pixel whose coefficients a JPEG decoder keeps until the last scan; 0 for a file of one scan,
    which is unpacked row by row.
    """

    format: Format
    size: tuple[int, int]
    buffered: float = 0.0


def inspect(data: bytes) -> Header | None:
    """The header of an image file; None if it cannot be read."""
    try:
        format_ = sniff(data)
        return _READERS[format_](data)
    except (UnsupportedFormat, ValueError, struct.error, IndexError):
        return None


def _png(data: bytes) -> Header | None:
    return Header("PNG", struct.unpack_from(">II", data, 16)) if data[12:16] == b"IHDR" else None


def _webp(data: bytes) -> Header | None:
    """RFC 9649: the first chunk has the size of the canvas."""
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        return None
    return Header("WEBP", (width, height))


# JPEG (ITU-T T.81): markers with a length, up to the first scan.
_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
_NO_FRAMES = {0xC4, 0xC8, 0xCC}
_PROGRESSIVE, _SOS = 0xC2, 0xDA


def _jpeg(data: bytes) -> Header | None:
    frame, progressive, at = b"", False, 2
    for _ in range(MOST_PARTS):
        marker = _MARKER.search(data, at)
        if marker is None:
            return None
        kind, at = marker[1][0], marker.end()
        if kind == _SOS:
            return _of_frame(frame, progressive or data[at + 2] < frame[7])
        length = max(2, int.from_bytes(data[at : at + 2]))
        if kind < 0xD0 and kind not in _NO_FRAMES:
            frame, progressive = data[at : at + length], kind == _PROGRESSIVE
        at += length
    return None


def _of_frame(frame: bytes, in_scans: bool) -> Header:
    height, width = struct.unpack_from(">HH", frame, 3)
    factors = [(frame[at] >> 4, frame[at] & 15) for at in range(9, 9 + 3 * frame[7], 3)]
    whole = max(across for across, _ in factors) * max(down for _, down in factors)
    samples = sum(across * down for across, down in factors) / max(1, whole)
    return Header("JPEG", (width, height), samples if in_scans else 0.0)


# DICOM (PS3.5): Rows and Columns always follow each other; explicit little endian, implicit, and big endian.
_SIDES: tuple[tuple[re.Pattern[bytes], Literal["little", "big"]], ...] = (
    (re.compile(rb"\x28\0\x10\0US\x02\0(..)\x28\0\x11\0US\x02\0(..)", re.DOTALL), "little"),
    (re.compile(rb"\x28\0\x10\0\x02\0\0\0(..)\x28\0\x11\0\x02\0\0\0(..)", re.DOTALL), "little"),
    (re.compile(rb"\0\x28\0\x10US\0\x02(..)\0\x28\0\x11US\0\x02(..)", re.DOTALL), "big"),
)
_DEFLATED = b"1.2.840.10008.1.2.1.99"


def _dicom(data: bytes) -> Header | None:
    if _DEFLATED in data[:1024]:
        end = 144 + int.from_bytes(data[140:144], "little")  # of the file meta information
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[end : end + 2**16], 2**18)
        except zlib.error:
            return None
    for pattern, order in _SIDES:
        if found := pattern.search(data):
            return Header("DICOM", (int.from_bytes(found[2], order), int.from_bytes(found[1], order)))
    return None


_READERS = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp, "DICOM": _dicom}
