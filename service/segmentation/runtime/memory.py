"""How much memory this process may use, and how much it uses: in bytes."""

import os
from pathlib import Path

from service.segmentation.runtime import cgroup

LIMITS = ("memory.max", "memory.high", "memory.limit_in_bytes")
"""Of control groups: the first two of version 2, the last of version 1."""

MIB = 1024 * 1024
ASSUMED = 4096 * MIB
"""Where the system does not say how much memory there is (Windows)."""
ASSUMED_RESIDENT = 300 * MIB
"""Where there is no /proc: what the service with its own models takes, and some."""


LEAST = 64 * MIB
"""Enough for an ordinary photo, however little there is."""
KEPT_SHARE = 16
"""Allocators keep one part in so many of the memory."""


def for_images(reserved: int = 0) -> int:
    """For segmenting images, once the models are loaded: what is available, less what the process uses, what is
    `reserved`, and what allocators keep."""
    most = available()
    return max(LEAST, most - resident() - reserved - most // KEPT_SHARE)


def available(process: Path = Path("/proc/self")) -> int:
    """The tightest limit of the process's control groups, or the machine's memory."""
    files = (folder / name for folder in cgroup.folders("memory", process) for name in LIMITS)
    return min([physical(), *filter(None, map(read, files))])


def physical() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return ASSUMED


def resident(process: Path = Path("/proc/self")) -> int:
    """What the process uses now."""
    try:
        return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return ASSUMED_RESIDENT


def read(limit: Path) -> int | None:
    """The number in a file; None for "max", and where there is none."""
    try:
        return int(limit.read_text())
    except (OSError, ValueError):
        return None
