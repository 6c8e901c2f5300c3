"""JPEG files (ITU-T T.81): the segments that make the picture, and the frame header's kind.

Comments, profiles and thumbnails never reach the decoder: in files made for it they cost seconds a mebibyte.
"""

import re

from service.segmentation.errors import TooManyParts
from service.segmentation.inputs.container import MOST_PARTS, Container
from service.segmentation.inputs.frame import DHT, FRAMES, SOS, Frame
from service.segmentation.inputs.icc import MOST_BYTES
from service.segmentation.inputs.orientation import EXIF

# A marker is 0xFF and a kind. Within coded data 0xFF00 stands for 0xFF, and RST0..RST7 are part of the data.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_SOI, _EOI, _APP1, _APP2 = 0xD8, 0xD9, 0xE1, 0xE2
_ICC = b"ICC_PROFILE\0"  # ICC.1:2022, annex B.4

_OF_THE_PICTURE = FRAMES | {DHT, 0xDB, 0xDD, 0xE0, 0xEE}
"""Also DHT, DQT, DRI, and the headers of JFIF and Adobe, which say what the components mean."""

_LOST = 512
"""A broken download leaves so many zeros (a sector of a disk) or more where the end marker should be."""


def read(data: bytes) -> Container:
    """Raises UnsupportedFormat for a kind of JPEG that is not decoded, TooManyParts and DamagedImage."""
    header, exif, profile, frame = [data[:2]], b"", list[bytes](), Frame()
    first_scan, at = len(data), 2
    for _ in range(MOST_PARTS):
        marker = _MARKER.search(data, at)
        if marker is None or marker[1][0] == _EOI:
            coded = data[first_scan : marker.start()] if marker else _without_lost(data[first_scan:])
            picture = b"".join((*header, coded, frame.end()))
            return Container(picture, exif, frame.scans, profile=_joined(profile))
        kind, start, at = marker[1][0], marker.end() - 2, marker.end()
        if kind >= 0xC0 and kind != _SOI:
            at += max(2, int.from_bytes(data[at : at + 2]))
        segment = data[start + 4 : at]
        frame.note(kind, segment)
        if kind == SOS:
            first_scan = min(first_scan, start)
        elif frame.scans == 0 and kind in _OF_THE_PICTURE:
            header.append(data[start:at])
        elif frame.scans == 0 and kind == _APP1 and segment.startswith(EXIF):
            exif = exif or segment
        elif frame.scans == 0 and kind == _APP2 and segment.startswith(_ICC):
            profile.append(segment[len(_ICC) :])
    raise TooManyParts(f"The JPEG image has more than {MOST_PARTS} segments; save it again and resend.")


def _joined(pieces: list[bytes]) -> bytes:
    """The ICC profile of these pieces, each behind its number and their count; empty where some are missing."""
    pieces = sorted(pieces)
    if len(pieces) > 255 or b"".join(piece[:1] for piece in pieces) != bytes(range(1, len(pieces) + 1)):
        return b""
    return b"".join(piece[2:] for piece in pieces)[:MOST_BYTES]


def _without_lost(coded: bytes) -> bytes:
    """Coded data that have no end marker, without the zeros of a broken download; a few may be data."""
    data = len(coded.rstrip(b"\0")) + 4
    return coded[:data] if len(coded) - data >= _LOST else coded
