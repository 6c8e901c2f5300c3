"""Large blocks of memory go back to the system when they are freed, so that what the service holds is what it uses."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
MIB = 1024 * 1024
LARGE_BLOCK = 4 * MIB
KEPT = 32 * MIB


def give_back_large_blocks() -> None:
    """Tell glibc not to raise its own threshold, which it does with every large block that is freed, up to 32 MiB:
    pictures then lie in heaps that shrink only from their ends, a heap for each thread. The end of a heap is kept for
    the next picture: given back each time, it took 20 ms of 12 megapixels. Other libraries do as they do.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, KEPT)
