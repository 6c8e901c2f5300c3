"""Returns large freed blocks to the system, so that the service holds only the memory it uses."""

import ctypes
import sys

from service.segmentation.runtime.memory import MIB

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGE_BLOCK = 4 * MIB
KEPT = 32 * MIB


def give_back_large_blocks() -> None:
    """Fix glibc's mmap threshold, which otherwise grows with every large block that is freed, up to 32 MiB. Pictures
    would then lie in heaps, one for each thread, that shrink only from their ends. The end of a heap is kept for the
    next picture: returning it each time cost 20 ms for 12 megapixels. Does nothing with other C libraries.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, KEPT)
