"""WebP files (RFC 9649): the metadata in their RIFF chunks. The decoder is given the file as it is."""

import struct

from service.segmentation.inputs.container import MOST_PARTS, Container


def read(data: bytes) -> Container:
    """Chunks behind a damaged one are not found."""
    exif, at = b"", 12
    for _ in range(MOST_PARTS):
        if at + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            exif = exif or data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)
    return Container(data, exif)
