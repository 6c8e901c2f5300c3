"""Large blocks of memory go back to the system when they are freed, so that what the service holds is what it uses."""

import ctypes

_M_MMAP_THRESHOLD = -3  # malloc.h
LARGE_BLOCK = 4 * 1024 * 1024


def give_back_large_blocks() -> None:
    """Tell glibc not to raise its own threshold, which it does with every large block that is freed, up to 32 MiB:
    pictures then lie in heaps that shrink only from their ends, a heap for each thread. Other libraries do as they do.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
