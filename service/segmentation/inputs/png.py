"""PNG files (W3C, Portable Network Graphics, third edition): the chunks that make the picture.

Text, profiles and further frames never reach the decoder: they unpack to a thousand times their size.
"""

import struct
import zlib

from PIL import Image

from service.segmentation.errors import DamagedImage, TooManyParts
from service.segmentation.inputs.container import MOST_PARTS, Container
from service.segmentation.inputs.icc import MOST_BYTES

_READ = {b"eXIf", b"iCCP", b"gAMA", b"sRGB", b"cICP"}
"""Chunks that say how the picture is to be shown."""

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Per pixel, by colour type."""
_WHOLE = ((0, 0, 1, 1),)
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of an interlaced file (section 8.2): the first column and row, and the steps to the next."""

_PIECE = 2**14
"""Bytes that are unpacked at a time, to at most 16 MiB."""


def read(data: bytes) -> Container:
    """Raises TooManyParts, and DamagedImage for a wrong checksum in a chunk that is left out."""
    kept, ancillary, at = [data[:8]], dict[bytes, bytes](), 8
    for _ in range(MOST_PARTS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind == b"tRNS" or not kind[0] & 0x20:  # a lower-case first letter marks a chunk as ancillary
            kept.append(data[at:end])
        elif zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise DamagedImage("The PNG image is damaged: a checksum in it is wrong; save it again and resend.")
        elif kind in _READ:
            ancillary.setdefault(kind, data[at + 8 : end - 4])
        if kind == b"IEND":
            break
        at = end
    else:
        raise TooManyParts(f"The PNG image has more than {MOST_PARTS} chunks; save it again and resend.")
    return Container(
        b"".join(kept),
        ancillary.get(b"eXIf", b""),
        bits=data[24] if data[12:16] == b"IHDR" and len(data) > 24 else 8,
        profile=_profile(ancillary),
        gamma=_gamma(ancillary),
    )


def require_all_rows(image: Image.Image, file: bytes) -> None:
    """Raises DamagedImage where the data of a PNG end early but well-formed: the decoder leaves the other rows at 0.

    A file is unpacked again only if one of its last two rows is zeros; the last but one ends an interlaced file of an
    odd height.
    """
    width, height = image.size
    last = (image.crop((0, row, width, row + 1)) for row in range(max(0, height - 2), height))
    empty = any(row.getbbox(alpha_only=False) is None for row in last)
    if empty and not _unpacks_to(_length(file), file):
        raise DamagedImage("The PNG image is cut off: its last rows are missing; save it again and resend.")


def _length(file: bytes) -> int:
    """Bytes of all rows of a PNG, each behind the byte of its filter."""
    width, height, bits, colours, _, _, interlaced = struct.unpack_from(">IIBBBBB", file, 16)
    total = 0
    for left, top, across, down in _PASSES if interlaced else _WHOLE:
        columns, rows = len(range(left, width, across)), len(range(top, height, down))
        if columns:
            total += rows * (1 + (columns * bits * _SAMPLES[colours] + 7) // 8)
    return total


def _unpacks_to(length: int, file: bytes) -> bool:
    """Whether the IDAT chunks hold so many bytes or more. Nothing after these is unpacked."""
    unpacker, at, unpacked = zlib.decompressobj(), 8, 0
    while at + 8 <= len(file) and unpacked < length:
        size, kind = struct.unpack_from(">I4s", file, at)
        at += 8
        for start in range(at, at + size if kind == b"IDAT" else at, _PIECE):
            unpacked += len(unpacker.decompress(file[start : min(start + _PIECE, at + size)]))
            if unpacked >= length:
                break
        at += size + 4
    return unpacked >= length


def _profile(ancillary: dict[bytes, bytes]) -> bytes:
    """The ICC profile, unpacked as far as one of primaries and curves is long; empty where it is longer or damaged."""
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(ancillary.get(b"iCCP", b"").partition(b"\0")[2][1:], MOST_BYTES)
    except zlib.error:
        return b""
    return profile if unpacker.eof else b""


def _gamma(ancillary: dict[bytes, bytes]) -> float | None:
    """gAMA's value, unless another chunk says more (section 4.3 of the standard)."""
    chunk = ancillary.get(b"gAMA", b"")
    if len(chunk) != 4 or not ancillary.keys().isdisjoint((b"cICP", b"iCCP", b"sRGB")):
        return None
    return int.from_bytes(chunk) / 100_000
