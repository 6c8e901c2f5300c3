"""A folder of files, on a disk or in an object store, through fsspec."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import IO, Any
from uuid import uuid4

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from service.cli.errors import Failure

PARTS = ".parts"
"""Files that are being written to a disk. What a killed process left there is removed at the end of the next run."""
BLOCK = 2**16
"""Bytes of one request while a file is read in parts."""


class Store:
    """Names are paths below the folder, with `/`. Every method raises OSError where the store fails; packages of object
    stores repeat requests before they do. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        """A path, or a URL such as s3://bucket/folder. Raises Failure where no package knows such URLs."""
        try:
            self._files, root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise Failure(f"{url} cannot be opened: {error}.") from error
        self._root = root.rstrip("/")
        self._disk = isinstance(self._files, LocalFileSystem)
        self.url = self._files.unstrip_protocol(self._root)

    @property
    def disk(self) -> Path | None:
        """The folder, if it is on a disk."""
        return Path(self._root) if self._disk else None

    def within(self, other: "Store") -> str | None:
        """The name of this folder in another one; None if it lies elsewhere."""
        return self.url.removeprefix(other.url + "/") if self.url.startswith(other.url + "/") else None

    def names(self, folder: str = "") -> list[str]:
        """All files in a folder and below it, sorted; none if there is no such folder."""
        with failing():
            try:
                paths = on_disk(self._path(folder)) if self._disk else self._listed(self._path(folder))
            except FileNotFoundError:
                return []
        return sorted(name for path in paths if (name := path[len(self._root) + 1 :]))

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        with failing():
            data: bytes = self._files.cat_file(self._path(name))
            return data

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """A file of which parts are read."""
        with failing(), self._files.open(self._path(name), "rb", block_size=BLOCK) as file:
            yield file

    def put(self, name: str, data: bytes, **how: Any) -> None:
        """Write a file, which appears whole or not at all."""
        with failing():
            if self._disk:
                self._rename_into_place(Path(self._path(name)), data)
            else:
                self._files.pipe_file(self._path(name), data, **how)

    def create(self, name: str, data: bytes) -> None:
        """`put` for a new file. Raises FileExistsError if there is one; on a disk, `locked` sees to that."""
        try:
            self.put(name, data, mode="create")
        except OSError as error:
            if "PreconditionFailed" in repr(error.__cause__):  # s3fs knows no such error
                raise FileExistsError(f"{name} is there already") from error
            raise

    def remove(self, name: str) -> None:
        """Remove a file that may be gone already."""
        with failing():
            try:
                self._files.rm_file(self._path(name))
            except FileNotFoundError:
                return

    def tidy(self) -> None:
        """Remove what killed processes left half-written."""
        if self._disk:
            rmtree(Path(self._root, PARTS), ignore_errors=True)

    def _listed(self, path: str) -> list[str]:
        self._files.invalidate_cache()
        paths: list[str] = self._files.find(path)
        return paths

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _rename_into_place(self, path: Path, data: bytes) -> None:
        part = Path(self._root, PARTS, uuid4().hex)  # of its own: a process that was given up may write the same file
        part.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        try:
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def on_disk(folder: str) -> list[str]:
    """As fsspec's `find`, which passes over folders that may not be read, and lists pipes. Raises OSError."""

    def fail(error: OSError) -> None:
        raise error

    paths = (f"{parent}/{name}" for parent, _, names in os.walk(folder, onerror=fail) for name in names)
    # A link to nothing is kept: that it cannot be read is told.
    return [path for path in paths if (file := Path(path)).is_file() or not file.exists()]


@contextmanager
def failing() -> Iterator[None]:
    """Turn the errors that packages of object stores have of their own into OSError."""
    try:
        yield
    except (OSError, Failure):
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def why(error: OSError) -> str:
    """What happened, without numbers and paths."""
    return (error.strerror or str(error) or type(error).__name__).rstrip(".")
