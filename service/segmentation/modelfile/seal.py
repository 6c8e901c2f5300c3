"""A checksum of a model file, inside that file.

The metadata hold `"seal":"…"`, 64 hexadecimal digits: the sha256 of the whole file with these digits set to zero. A
flipped bit anywhere, in weights, graph, class names or the seal itself, no longer matches.
"""

import hashlib
import re

from service.segmentation.errors import ModelTampered, ModelUnreadable
from service.segmentation.modelfile.contract import UNSEALED

_SEAL = re.compile(rb'"seal":"([0-9a-f]{64})"')


def sealed(data: bytes) -> bytes:
    """The bytes of a model file with its seal filled in. Raises ModelUnreadable if it has no place for one."""
    start, end = _place(data)
    return data[:start] + _digest(data, start, end) + data[end:]


def check(data: bytes) -> None:
    """Raises ModelUnreadable if the file has no seal, ModelTampered if it does not match."""
    start, end = _place(data)
    if data[start:end] != _digest(data, start, end):
        raise ModelTampered("its bytes are not those that were exported (the sha256 differs); copy it again.")


def _place(data: bytes) -> tuple[int, int]:
    places = [match.span(1) for match in _SEAL.finditer(data)]
    if len(places) != 1:
        raise ModelUnreadable("it is truncated, or was not written by `python -m model_export export` (no seal).")
    return places[0]


def _digest(data: bytes, start: int, end: int) -> bytes:
    digest = hashlib.sha256(memoryview(data)[:start])
    digest.update(UNSEALED.encode())
    digest.update(memoryview(data)[end:])
    return digest.hexdigest().encode()
