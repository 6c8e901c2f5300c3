"""Shifts the weights of an int8 file so that onnxruntime (1.32) uses AMX, a processor's unit for matrices of bytes.

onnxruntime runs convolutions whose weights have a zero point of 0 on kernels without AMX, and all others as matrix
products, with AMX. Subtracting 1 from both a weight and its zero point does not change the function.
"""

import re
from pathlib import Path

import numpy as np

SHIFTABLE = ":shiftable"
"""The suffix of names of weights and zero points that may be shifted: none of these weights is -128."""

# ONNX is protobuf: a tensor's name is followed by "J", the number of its bytes, and the bytes.
_PLACES = re.compile(SHIFTABLE.encode() + rb"J([\x80-\xff]*[\x00-\x7f])")


def available(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor has AMX for bytes; onnxruntime uses it on Linux only."""
    try:
        return " amx_int8" in cpuinfo.read_text()
    except OSError:
        return False


def shifted(data: bytes) -> bytes:
    """The bytes of a model file with the same function, whose shiftable weights and zero points are lower by 1."""
    values = np.frombuffer(data, np.int8).copy()
    for place in _PLACES.finditer(data):
        length = sum((digit & 0x7F) << 7 * number for number, digit in enumerate(place[1]))
        values[place.end() : place.end() + length] -= 1
    return values.tobytes()
