"""The head of a compressed frame: how large a decoder will make it, before one is asked.

JPEG: ITU-T T.81 and T.87 (JPEG-LS). JPEG 2000: ITU-T T.800, annex A.
"""

import struct
from dataclasses import dataclass

from service.segmentation.inputs.container import MOST_PARTS

_SOC_SIZ = b"\xff\x4f\xff\x51"
_JP2_BOXES = 4096
"""Bytes before a codestream that is wrapped in a JP2 file."""
_MOST_TILES = 4096
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xF7}
"""Baseline, extended and progressive DCT, lossless, JPEG-LS."""
_ALONE = {0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True)
class Codestream:
    """kind: of the frame header. data: the frame without what is wrapped around it."""

    kind: str
    rows: int
    columns: int
    components: int
    bits: int
    data: bytes


def inspect(frame: bytes) -> Codestream | None:
    """What a compressed frame says of itself; None if it cannot be read."""
    try:
        if frame[:2] == b"\xff\xd8":
            return _jpeg(frame)
        at = frame.find(_SOC_SIZ, 0, _JP2_BOXES)
        return None if at < 0 else _jpeg2000(frame[at:] if at else frame)
    except (struct.error, IndexError, ZeroDivisionError):
        return None


def _jpeg(frame: bytes) -> Codestream | None:
    at = 2
    for _ in range(MOST_PARTS):
        if frame[at] != 0xFF:
            return None
        while frame[at] == 0xFF:
            at += 1
        kind = frame[at]
        at += 1
        if kind in _FRAMES:
            _, bits, rows, columns, components = struct.unpack_from(">HBHHB", frame, at)
            named = {0xC3: "lossless", 0xF7: "JPEG-LS"}.get(kind, "DCT")
            return Codestream(named, rows, columns, components, bits, frame)
        if kind not in _ALONE:
            at += int.from_bytes(frame[at : at + 2])
    return None


def _jpeg2000(frame: bytes) -> Codestream | None:
    across, down, left, top, tile_across, tile_down = struct.unpack_from(">6I", frame, 8)
    components, bits = struct.unpack_from(">HB", frame, 40)
    columns, rows = across - left, down - top
    if -(-across // tile_across) * -(-down // tile_down) > _MOST_TILES:
        return None
    return Codestream("JPEG 2000", rows, columns, components, (bits & 0x7F) + 1, frame)
