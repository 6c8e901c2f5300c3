"""What Ray starts on every core: the pipeline, which makes the files of a shard's inputs and then the shard's rows."""

import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from service.answers import Answer
from service.archives.attempts import Attempts
from service.archives.plan import Job, Shard
from service.archives.rows import Failed, encoded, row_of
from service.archives.store import Store, why
from service.cli.documents import Segmented
from service.cli.errors import Failure
from service.cli.local import Local
from service.segmentation.errors import SegmentationError, code_of
from service.segmentation.runtime import cores

THREADS = 4
"""Inputs in hand: one is segmented, while others are read from the store and written to it."""
OF_THE_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
"""Errors of a name that an object store allows and a disk does not."""


class Place(msgspec.Struct, frozen=True):
    """Where a worker finds the model, on every machine of a cluster, and where the outputs go."""

    models: str
    model: str | None
    output: str


class Ended(msgspec.Struct, frozen=True):
    """A shard that a worker is done with: its number and its count of inputs. `trouble`: why it has no rows yet."""

    number: int
    inputs: int
    trouble: str | None = None


class Worker:
    """Ray calls it with one shard after the other, as dictionaries."""

    def __init__(self, job: Job, place: Place) -> None:
        """Load the model. Raises Failure if this machine's is another one, ModelError, UnknownModel."""
        self._recipe = job.recipe
        self._local = Local(Path(place.models), place.model, job.max_pixels, processes=cores.available())
        if self._local.digest != job.recipe.digest:
            raise Failure(f"{place.models} has another model here, {self._local.digest}; install the same everywhere.")
        self._source, self._output = Store(job.source), Store(place.output)

    def __call__(self, given: dict[str, Any]) -> dict[str, Any]:
        """Make a shard; a store that fails leaves it for the next run."""
        shard, trouble = Shard(given["number"], list(given["names"])), None
        try:
            self._make(shard)
        except OSError as error:
            trouble = f"{why(error)}."
        return msgspec.structs.asdict(Ended(shard.number, len(shard.names), trouble))

    def _make(self, shard: Shard) -> None:
        """Rows come last: they say that everything else is in place. Raises OSError."""
        attempts = Attempts(self._output, shard.number)
        if attempts.one_by_one:
            outcomes = [self._segmented(name) if attempts.allows(name) else fatal(name) for name in shard.names]
        else:
            with ThreadPoolExecutor(THREADS, thread_name_prefix="segment") as executor:
                outcomes = list(executor.map(self._segmented, shard.names))
        rows = [row_of(name, outcome) for name, outcome in zip(shard.names, outcomes, strict=True)]
        self._output.put(shard.rows, encoded(rows))
        attempts.end()

    def _segmented(self, name: str) -> Answer | Failed:
        """Write the files of an input. Raises OSError if a store fails."""
        try:
            data = self._source.read(name)
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            return Failed(name, "unreadable", f"It cannot be read: {why(error)}.")
        try:
            found = self._local.run(data, self._recipe)
        except SegmentationError as error:
            return Failed(name, code_of(error), str(error))
        except Exception as error:  # one input must not stop the others of its shard
            return Failed(name, "internal_error", f"The program failed on it: {type(error).__name__}: {error}")
        try:
            for path, file in files_of(name, found):
                self._output.put(path, file)
        except OSError as error:
            if error.errno not in OF_THE_NAME:
                raise
            return Failed(name, "unusable_name", f"Files of its name cannot be written: {why(error)}.")
        return found.answer


def fatal(name: str) -> Failed:
    return Failed(name, "fatal", "The process that reads it dies, again and again; remove it, or repair it.")


def files_of(name: str, found: Segmented) -> Iterator[tuple[str, bytes]]:
    """The pictures of an input, in a folder for each kind."""
    kinds = (
        ("masks", ".png", found.mask),
        ("overlays", ".webp", found.overlay),
        ("confidence_maps", ".png", found.confidence_map),
        ("entropy", ".png", found.entropy),
    )
    for folder, suffix, data in kinds:
        if data is not None:
            yield f"{folder}/{name}{suffix}", data
