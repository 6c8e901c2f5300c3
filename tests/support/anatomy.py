"""Parses and builds image files: PNG chunks, JPEG scans, WebP chunks."""

import re
import struct
import zlib
from itertools import pairwise

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6

Chunk = tuple[bytes, bytes]
END: Chunk = (b"IEND", b"")


def png(*chunks: Chunk) -> bytes:
    """A PNG file of these chunks, with right lengths and checksums."""
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def header(width: int, height: int, bits: int = 8, colours: int = RGB, interlaced: bool = False) -> Chunk:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, interlaced)


def pixels(width: int, height: int, bytes_each: int = 3) -> Chunk:
    """All zeros, each row to be added to the one above."""
    coder = zlib.compressobj(1)
    rows = [coder.compress(b"\x02" + bytes(width * bytes_each)) for _ in range(height)]
    return b"IDAT", b"".join((*rows, coder.flush()))


def interlaced(width: int, height: int, bytes_each: int) -> Chunk:
    """All zeros in the seven passes of Adam7, which together have as many pixels as the picture."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    coder, rows = zlib.compressobj(1), []
    for left, top, across, down in passes:
        row = len(range(left, width, across)) * bytes_each
        rows += [coder.compress(b"\x04" + bytes(row)) for _ in range(top, height, down) if row]
    return b"IDAT", b"".join((*rows, coder.flush()))


def with_chunks(file: bytes, *chunks: Chunk) -> bytes:
    """A PNG file with more chunks behind its header."""
    return file[:33] + png(*chunks)[8:] + file[33:]


def segment(kind: int, payload: bytes) -> bytes:
    """A JPEG segment."""
    return bytes((0xFF, kind)) + struct.pack(">H", len(payload) + 2) + payload


def with_segments(file: bytes, *segments: bytes) -> bytes:
    """A JPEG file with more segments at its start."""
    return file[:2] + b"".join(segments) + file[2:]


def scans(file: bytes) -> tuple[bytes, list[bytes]]:
    """What is before the first scan of a JPEG that Pillow wrote, and its scans, each with the tables before it."""
    starts = [found.start() for found in re.finditer(rb"\xff\xda", file)]
    marker = re.compile(rb"\xff[^\x00\xd0-\xd7]")
    ends = [marker.search(file, start + 2 + int.from_bytes(file[start + 2 : start + 4])) for start in starts]
    cuts = [starts[0], *(end.start() for end in ends if end)]
    return file[: starts[0]], [file[a:b] for a, b in pairwise(cuts)]


def webp(*chunks: Chunk) -> bytes:
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) & 1) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def canvas(width: int, height: int, flags: int = 0) -> Chunk:
    """The header of an extended WebP."""
    return b"VP8X", bytes((flags, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def exif(*entries: tuple[int, int, int, int]) -> bytes:
    """An EXIF block of entries (tag, type, count, value or offset), little-endian."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


def icc(
    curves: dict[bytes, bytes], primaries: dict[bytes, tuple[float, float, float]], space: bytes = b"RGB "
) -> bytes:
    """A display's ICC profile (ICC.1:2022) of curves and primaries (XYZ at D50) by the names of their tags."""
    whole = {
        **{
            name: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * v) for v in xyz))
            for name, xyz in primaries.items()
        },
        **curves,
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
    }
    table, data = struct.pack(">I", len(whole)), b""
    for name, tag in whole.items():
        table += struct.pack(">4sII", name, 132 + 12 * len(whole) + len(data), len(tag))
        data += tag + bytes(-len(tag) % 4)
    size = 128 + len(table) + len(data)
    head = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", space, b"XYZ ") + bytes(12) + b"acsp"
    return head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061) + bytes(48) + table + data


def curve(*values: int) -> bytes:
    """None: light itself. One: a gamma in 256ths. More: a table of 65,536 levels."""
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


def parametric(type_: int, *values: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(f">HH{len(values)}i", type_, 0, *(round(65536 * value) for value in values))
