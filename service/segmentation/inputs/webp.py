"""WebP files (RFC 9649): the metadata in their RIFF chunks. The decoder is given the file as it is."""

import struct

from service.segmentation.inputs.container import MOST_PARTS, Container
from service.segmentation.inputs.icc import MOST_BYTES


def read(data: bytes) -> Container:
    """Chunks behind a damaged one are not found."""
    metadata, at = dict[bytes, bytes](), 12
    for _ in range(MOST_PARTS):
        if at + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind in {b"EXIF", b"ICCP"}:
            metadata.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length + (length & 1)
    return Container(data, metadata.get(b"EXIF", b""), profile=metadata.get(b"ICCP", b"")[:MOST_BYTES])
