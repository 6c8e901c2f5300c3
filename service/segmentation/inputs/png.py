"""PNG files (W3C, Portable Network Graphics, third edition): the chunks that make the picture.

Text, profiles and further frames never reach the decoder: they unpack to a thousand times their size.
"""

import struct
import zlib

from service.segmentation.errors import DamagedImage, TooManyParts
from service.segmentation.inputs.container import MOST_PARTS, Container
from service.segmentation.inputs.icc import MOST_BYTES

_READ = {b"eXIf", b"iCCP", b"gAMA", b"sRGB", b"cICP"}
"""Chunks that say how the picture is to be shown."""


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
