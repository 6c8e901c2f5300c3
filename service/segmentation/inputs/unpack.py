"""Gzip (RFC 1952), unpacked only as far as is asked for."""

import zlib

from service.segmentation.errors import DamagedImage, TooManyParts
from service.segmentation.inputs.container import MOST_PARTS

_PIECE = 2**16
"""Bytes that are given to the unpacker at a time."""


class Gzip:
    """Reads a gzip file of one or several members from its start."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._members = data, 0, 1
        self._unpacker = zlib.decompressobj(wbits=31)

    def read(self, size: int) -> bytearray:
        """The next `size` bytes, fewer at the end. Raises DamagedImage and TooManyParts."""
        unpacked = bytearray()
        try:
            while len(unpacked) < size:
                packed = self._next()
                more = self._unpacker.decompress(packed, size - len(unpacked))
                if not (packed or more):  # without input, the unpacker may still hold some output
                    break
                unpacked += more
        except zlib.error as error:
            raise DamagedImage("The gzip file is damaged; save it again and resend.") from error
        return unpacked

    def _next(self) -> bytes:
        """What to unpack next; empty at the end. Behind a member only another one may begin; zeros pad a file."""
        if self._unpacker.eof:
            rest = self._unpacker.unused_data or self._data[self._at : self._at + 2]
            if not rest.startswith(b"\x1f"):
                return b""
            self._members += 1
            if self._members > MOST_PARTS:
                raise TooManyParts(f"The gzip file has more than {MOST_PARTS} members; save it again and resend.")
            self._at -= len(self._unpacker.unused_data)
            self._unpacker = zlib.decompressobj(wbits=31)
        if self._unpacker.unconsumed_tail:
            return self._unpacker.unconsumed_tail
        piece = self._data[self._at : self._at + _PIECE]
        self._at += len(piece)
        return piece
