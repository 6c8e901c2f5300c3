"""What is read of an image file before it is decoded."""

from dataclasses import dataclass

MOST_PARTS = 20_000
"""Segments or chunks that a file may have: photos have about ten, a PNG in pieces of 1 kB has 1,000 per megabyte."""


@dataclass(frozen=True)
class Container:
    """The parts of an image file, so that nothing but the picture reaches a decoder.

    data: a file of the same format with the picture alone.
    exif: the EXIF block; empty where the file has none.
    scans: how often the file draws over the whole picture.
    bits: of each sample.
    profile: the ICC profile; empty where the file has none, or one too large to be of primaries and curves.
    gamma: of PNG's gAMA chunk, 0.45455 for sRGB; None where the file has none, or says that it is sRGB.
    """

    data: bytes
    exif: bytes = b""
    scans: int = 1
    bits: int = 8
    profile: bytes = b""
    gamma: float | None = None
