"""The images that a call names: files, folders and patterns."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import click

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".dcm"}
"""Of the files that are taken from folders. A file that is named itself may be called anything."""


@dataclass(frozen=True)
class Stamp:
    """Detects a changed file. Not by its inode: some file systems give a file another one at every mount."""

    size: int
    modified_ns: int


@dataclass(frozen=True)
class Source:
    """An image file. `name` is its path below the current folder, or else from the root; outputs are called by it."""

    path: Path
    name: str

    @property
    def stamp(self) -> Stamp:
        """Raises OSError."""
        status = self.path.stat()
        return Stamp(status.st_size, status.st_mtime_ns)


def find(paths: Sequence[str], output: Path) -> list[Source]:
    """Each image once, in order of their names. Raises click.UsageError if a path has none."""
    sources: dict[str, Source] = {}
    found = [path for given in paths for path in expanded(given, output)]
    if not found:
        raise click.UsageError(f"there is no image in {', '.join(paths)}; known are {', '.join(sorted(SUFFIXES))}.")
    for path in found:
        source = Source(path, name_of(path))
        known = sources.setdefault(source.name, source)
        if known.path.absolute() != path.absolute() and not known.path.samefile(path):
            raise click.UsageError(
                f"{known.path} and {path} would be written to the same place; segment them into different folders."
            )
    return sorted(sources.values(), key=lambda source: source.name)


def expanded(given: str, output: Path) -> Iterator[Path]:
    """The files that an argument stands for. A pattern is for shells without patterns, and for `**`."""
    path = Path(given)
    if path.is_dir():
        yield from within(path, output.resolve())
    elif path.exists():
        yield path
    elif matching := glob(given, recursive=True):  # noqa: PTH207  # absolute patterns too
        for one in matching:
            yield from expanded(one, output)
    else:
        raise click.UsageError(f"there is no file, no folder and no match for {given!r}.")


def within(folder: Path, output: Path) -> Iterator[Path]:
    """The images in a folder and those below it, but not hidden ones, nor those that were written by this program."""
    for parent, folders, files in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if name[0] != "." and Path(parent, name).resolve() != output]
        yield from (Path(parent, name) for name in files if name[0] != "." and Path(name).suffix.lower() in SUFFIXES)


def name_of(path: Path) -> str:
    """No two files have the same one, but for a `data/x.jpg` here and a `/data/x.jpg`."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100  # Path.absolute keeps `..`, resolve follows links
    base = Path.cwd() if whole.is_relative_to(Path.cwd()) else whole.anchor
    return whole.relative_to(base).as_posix()
