"""JPEG files (ITU-T T.81): the segments that make the picture, and the frame header's kind.

Comments, profiles and thumbnails never reach the decoder: in files made for it they cost seconds a mebibyte.
"""

import re

from service.segmentation.errors import DamagedImage, TooManyParts, UnsupportedFormat
from service.segmentation.inputs.container import MOST_PARTS, Container
from service.segmentation.inputs.icc import MOST_BYTES
from service.segmentation.inputs.orientation import EXIF

# A marker is 0xFF and a kind. Within coded data 0xFF00 stands for 0xFF, and RST0..RST7 are part of the data.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_SOI, _EOI, _SOS, _APP1, _APP2 = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2
_ICC = b"ICC_PROFILE\0"  # ICC.1:2022, annex B.4

_PROGRESSIVE = 0xC2
_FRAMES = {0xC0, 0xC1, _PROGRESSIVE}
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

_ALL = 2**64 - 1
"""Every coefficient of a block."""

_OF_THE_PICTURE = _FRAMES | {0xC4, 0xDB, 0xDD, 0xE0, 0xEE}
"""Also DHT, DQT, DRI, and the headers of JFIF and Adobe, which say what the components mean."""


_PADDING = b"\xff\0" * 12
"""96 bits of 1, which are no Huffman code: enough for the decoder to read ahead, too few for a block of their own."""

_LOST = 512
"""So many zeros in place of an end marker, a sector of a disk, are what a broken download left of the file."""


def read(data: bytes) -> Container:
    """Raises UnsupportedFormat for a kind of JPEG that is not decoded, TooManyParts and DamagedImage."""
    header, exif, profile, frame = [data[:2]], b"", list[bytes](), _Frame()
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
        if kind == _SOS:
            first_scan = min(first_scan, start)
            frame.add(segment)
        elif kind in _OTHER_FRAMES or (kind in _FRAMES and segment[:1] != b"\x08"):
            raise _unsupported(kind, segment)
        elif frame.scans == 0 and kind in _OF_THE_PICTURE:
            header.append(data[start:at])
            if kind in _FRAMES:
                frame = _Frame(segment, kind == _PROGRESSIVE)
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


class _Frame:
    """Finds out whether the scans of a picture are all there.

    libjpeg fills with grey what is missing before an end marker. So the only scan of a sequential JPEG is given padding
    in place of its marker: the decoder needs none after the last block, and reports the end of the data where blocks
    are missing. Where there are more scans it needs the marker; then they must have sent all bits of all coefficients.
    A file that is cut within its last scan is the whole picture at a lower quality.
    """

    def __init__(self, header: bytes = b"", progressive: bool = False) -> None:
        self.scans = 0
        self._progressive = progressive
        self._unsent = dict.fromkeys(header[6::3], _ALL)
        """By component: the coefficients whose last bit has not come, one bit for each."""

    def add(self, scan: bytes) -> None:
        """Note what a scan's header says that it sends."""
        self.scans += 1
        if len(scan) >= 4 and len(scan) == 4 + 2 * scan[0]:
            first, last, bits = scan[-3:] if self._progressive else (0, 63, 0)
            sent = (2 << last) - (1 << first) if bits & 15 == 0 else 0
            for component in scan[1:-3:2]:
                self._unsent[component] = self._unsent.get(component, _ALL) & ~sent

    def end(self) -> bytes:
        """What the coded data must end with. Raises DamagedImage where scans are missing."""
        if any(self._unsent.values()):
            raise DamagedImage("The JPEG image is cut off: scans of it are missing; resend it.")
        return _PADDING if self.scans == 1 else b"\xff\xd9"


def _unsupported(kind: int, segment: bytes) -> DamagedImage | UnsupportedFormat:
    """The error for a frame header of another kind. Without the length of one it is a damaged marker."""
    if len(segment) < 6 or len(segment) != 6 + 3 * segment[5]:
        return DamagedImage("The JPEG image is damaged: its frame header cannot be read; save it again and resend.")
    name = _OTHER_FRAMES.get(kind, f"{segment[0]}-bit")
    image = "The image is JPEG-LS" if name == "JPEG-LS" else f"The image is a {name} JPEG".replace("a ar", "an ar")
    return UnsupportedFormat(
        f"{image}, which is not supported; convert it to an 8-bit baseline JPEG, or to a PNG, which keeps 16 bits."
    )
