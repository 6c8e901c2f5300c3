"""Whether onnxruntime's products of unsigned and signed bytes saturate on this processor.

Without VNNI (Intel before Ice Lake, AMD before Zen 4) its kernels (1.32) add two products in 16 bits: what is above
32,767 is lost, and an int8 network gives other labels. Linux and emulators do not show all flags of a processor to a
process, so one product is computed and looked at.
"""

from functools import cache

import numpy as np
import onnxruntime

PRECISE = "session.x64quantprecision"
"""The session option that makes such products exact: weights become unsigned. It costs more than twice the time where
there is VNNI."""

# MatMulInteger of `a`, uint8 [2, 2], and `b`, int8 [2, 1], which is 127 everywhere.
_PRODUCT = (
    b'\x08\x05:V\n\x18\n\x01a\n\x01b\x12\x01y"\rMatMulInteger\x12\x01p*\r\x08\x02\x08\x01\x10\x03B\x01bJ\x02\x7f\x7f'
    b"Z\x13\n\x01a\x12\x0e\n\x0c\x08\x02\x12\x08\n\x02\x08\x02\n\x02\x08\x02"
    b"b\x13\n\x01y\x12\x0e\n\x0c\x08\x06\x12\x08\n\x02\x08\x02\n\x02\x08\x01B\x04\n\x00\x10\n"
)


@cache
def saturates() -> bool:
    """Computed once in a process, in a few milliseconds."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # no threads of its own
    session = onnxruntime.InferenceSession(_PRODUCT, options, providers=["CPUExecutionProvider"])
    (products,) = session.run(None, {"a": np.full((2, 2), 255, np.uint8)})
    return bool((products != 2 * 255 * 127).any())
