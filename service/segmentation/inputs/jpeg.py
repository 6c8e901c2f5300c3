"""JPEG files (ITU-T T.81): the segments that make the picture, and the frame header's kind.

Comments, profiles and thumbnails never reach the decoder: in files made for it they cost seconds a mebibyte.
"""

import re

from service.segmentation.errors import DamagedImage, TooManyParts, UnsupportedFormat
from service.segmentation.inputs.container import MOST_PARTS, Container
from service.segmentation.inputs.orientation import EXIF

# A marker is 0xFF and a kind. Within coded data 0xFF00 stands for 0xFF, and RST0..RST7 are part of the data.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_SOI, _EOI, _SOS, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1

_FRAMES = {0xC0, 0xC1, 0xC2}
"""Frame headers of what is decoded: baseline, extended and progressive DCT with Huffman codes."""

_OTHER_FRAMES = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xC9: "arithmetic-coded",
    0xCA: "arithmetic-coded",
    0xCB: "arithmetic-coded lossless",
    0xCD: "arithmetic-coded hierarchical",
    0xCE: "arithmetic-coded hierarchical",
    0xCF: "arithmetic-coded hierarchical",
    0xDE: "hierarchical",
    0xF7: "JPEG-LS",  # ITU-T T.87
}

_OF_THE_PICTURE = _FRAMES | {0xC4, 0xDB, 0xDD, 0xE0, 0xEE}
"""Also DHT, DQT, DRI, and the headers of JFIF and Adobe, which say what the components mean."""


def read(data: bytes) -> Container:
    """Raises UnsupportedFormat for a kind of JPEG that is not decoded, TooManyParts and DamagedImage."""
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
        elif kind in _OTHER_FRAMES or (kind in _FRAMES and data[start + 4 : start + 5] != b"\x08"):
            raise _unsupported(kind, data[start + 2 : at])
        elif scans == 0 and kind in _OF_THE_PICTURE:
            header.append(data[start:at])
        elif scans == 0 and kind == _APP1 and data.startswith(EXIF, start + 4):
            exif = exif or data[start + 4 : at]
    raise TooManyParts(f"The JPEG image has more than {MOST_PARTS} segments; save it again and resend.")


def _unsupported(kind: int, segment: bytes) -> DamagedImage | UnsupportedFormat:
    """The error for a frame header of another kind. Without the length of one it is a damaged marker."""
    if len(segment) < 8 or len(segment) != 8 + 3 * segment[7]:
        return DamagedImage("The JPEG image is damaged: its frame header cannot be read; save it again and resend.")
    name = _OTHER_FRAMES.get(kind, f"{segment[2]}-bit")
    image = "The image is JPEG-LS" if name == "JPEG-LS" else f"The image is a {name} JPEG".replace("a ar", "an ar")
    return UnsupportedFormat(
        f"{image}, which is not supported; convert it to an 8-bit baseline JPEG, or to a PNG, which keeps 16 bits."
    )
