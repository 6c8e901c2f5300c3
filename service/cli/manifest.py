"""Which images are done: a line for each in a file beside the outputs, so that a run that was killed goes on."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import msgspec

from service.cli.errors import Failure
from service.cli.recipe import Recipe
from service.cli.sources import Source, Stamp

NAME = ".manifest.jsonl"
SYNC_S = 1.0
"""Lines reach the disk at least so often. A lost line costs the repetition of an image, never an image."""


class Entry(msgspec.Struct, frozen=True):
    """An image whose outputs are in place. `outputs` has the size of each file, by its path in the folder."""

    name: str
    stamp: Stamp
    recipe: Recipe
    outputs: dict[str, int]


class Manifest:
    """The entries of a folder of outputs; the last of a name counts. Safe to use from several threads."""

    def __init__(self, folder: Path, file: BinaryIO) -> None:
        self._folder, self._file, self._lock, self._synced = folder, file, Lock(), time.monotonic()
        self._entries = {entry.name: entry for entry in entries(file)}

    def done(self, source: Source, recipe: Recipe) -> bool:
        """Whether the outputs of this image as it is now are there, whole. After a power failure a file may be shorter
        than it was.
        """
        entry = self._entries.get(source.name)
        if entry is None or entry.recipe != recipe:
            return False
        with suppress(OSError):  # an image that is gone is not done
            outputs = entry.outputs.items()
            return entry.stamp == source.stamp and all(size_of(self._folder / path) == size for path, size in outputs)
        return False

    def add(self, entry: Entry) -> None:
        """Append an entry, after its outputs. Raises Failure where the disk is full."""
        with self._lock:
            try:
                self._file.write(msgspec.json.encode(entry) + b"\n")
                self._file.flush()
                if time.monotonic() - self._synced > SYNC_S:
                    os.fsync(self._file.fileno())
                    self._synced = time.monotonic()
            except OSError as error:
                raise Failure(f"cannot write {self._folder / NAME}: {error.strerror}.") from error


@contextmanager
def manifest_of(folder: Path) -> Iterator[Manifest]:
    """The manifest of a folder, for one process at a time. Raises Failure while another one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a+b") as file:
        if not locked(file):
            raise Failure(f"another fcn-serve writes to {folder}; wait for it, or choose another --output.")
        yield Manifest(folder, file)
        os.fsync(file.fileno())


def entries(file: BinaryIO) -> Iterator[Entry]:
    """Those of a manifest. A last line that was cut off is removed; one that is damaged is passed over."""
    file.seek(0)
    lines = file.read().splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        file.truncate(sum(map(len, lines[:-1])))
        lines.pop()
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Entry)
        except msgspec.DecodeError:  # that image is done again
            continue


def locked(file: BinaryIO) -> bool:
    """Lock a file until this process ends, however it does; Windows goes without."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415  # not on Windows

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
