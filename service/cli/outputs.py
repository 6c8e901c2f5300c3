"""Files appear whole or not at all: written beside their place, then renamed into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from service.cli.errors import Failure


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its place at the end of the block. Raises Failure where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror or error}.") from error


def put(path: Path, data: bytes) -> int:
    """Write a file; return its size. Raises Failure."""
    with replacing(path) as file:
        return file.write(data)
