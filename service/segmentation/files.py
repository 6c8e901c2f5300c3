"""Whether a file has changed."""

import hashlib
from pathlib import Path

Stamp = tuple[int, int, int]
"""Detects a changed file: modification time, size and inode."""


def stamp_of(file: Path) -> Stamp:
    """The file's stamp; zeros if it is missing or unreadable."""
    try:
        status = file.stat()
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino


def digest(file: Path) -> str | None:
    """The file's SHA-256 in hexadecimal; None if it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None
