"""PNG files (W3C, Portable Network Graphics, third edition): the chunks that make the picture.

Text, profiles and further frames never reach the decoder: they unpack to a thousand times their size.
"""

import struct
import zlib

from service.segmentation.errors import DamagedImage, TooManyParts
from service.segmentation.inputs.container import MOST_PARTS, Container


def read(data: bytes) -> Container:
    """Raises TooManyParts, and DamagedImage for a wrong checksum in a chunk that is left out."""
    kept, exif, at = [data[:8]], b"", 8
    for _ in range(MOST_PARTS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind == b"tRNS" or not kind[0] & 0x20:  # a lower-case first letter marks a chunk as ancillary
            kept.append(data[at:end])
        elif zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise DamagedImage("The PNG image is damaged: a checksum in it is wrong; save it again and resend.")
        elif kind == b"eXIf":
            exif = data[at + 8 : end - 4]
        if kind == b"IEND":
            break
        at = end
    else:
        raise TooManyParts(f"The PNG image has more than {MOST_PARTS} chunks; save it again and resend.")
    bits = data[24] if data[12:16] == b"IHDR" and len(data) > 24 else 8
    return Container(b"".join(kept), exif, bits=bits)
