"""The weights of an int8 file as onnxruntime (1.32) multiplies them on AMX, a processor's unit for matrices of bytes.

Convolutions whose weights have a zero point of 0 run on kernels that make no use of it; all others become products of
matrices, which do. A weight and its zero point that are both one lower mean what they meant.
"""

import re
from pathlib import Path

import numpy as np

SHIFTABLE = ":shiftable"
"""How the names of those weights and zero points end that may be one lower: no weight among them is -128."""

# ONNX is protobuf: a tensor's name is followed by "J", how many bytes it has, and these.
_PLACES = re.compile(SHIFTABLE.encode() + rb"J([\x80-\xff]*[\x00-\x7f])")


def available(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor has AMX for bytes; onnxruntime uses it on Linux alone."""
    try:
        return " amx_int8" in cpuinfo.read_text()
    except OSError:
        return False


def shifted(data: bytes) -> bytes:
    """The bytes of a model file of the same function, its shiftable weights and zero points one lower."""
    values = np.frombuffer(data, np.int8).copy()
    for place in _PLACES.finditer(data):
        length = sum((digit & 0x7F) << 7 * number for number, digit in enumerate(place[1]))
        values[place.end() : place.end() + length] -= 1
    return values.tobytes()
