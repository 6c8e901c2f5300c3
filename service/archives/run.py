"""One run over an archive: list it, plan, make the shards that have no rows, report."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from service.archives.names import inputs, refusal
from service.archives.plan import Job, Shard, planned
from service.archives.rows import Failed, failures
from service.archives.store import Store, why
from service.archives.worker import Ended, Place
from service.cli.errors import Failure
from service.cli.local import Local
from service.cli.manifest import locked
from service.cli.progress import Progress
from service.cli.recipe import RecipeFor

REPORT = "failures.jsonl"
READERS = 16
"""Files of rows that are read at once."""
UNFORESEEN = "a worker failed; the logs of Ray say why."


class Report(NamedTuple):
    """How many images have rows from this run and from those before, which of them failed, and how many have none yet,
    because of some trouble."""

    made: int
    before: int
    failed: list[Failed]
    undone: int
    trouble: str


class Run:
    """An archive, and what is to be made of it."""

    def __init__(
        self, source: str, output: str, models: Path, model: str | None, recipe: RecipeFor, max_pixels: int
    ) -> None:
        """Load the model, so that its errors come first. Raises Failure, ModelError, UnknownModel."""
        self._source, self._output = Store(source), Store(output)
        if self._source.url == self._output.url:
            raise click.UsageError("IN and OUT are the same; choose another OUT.")
        digest = Local(models, model, max_pixels).digest
        self._job = Job(self._source.url, recipe(digest=digest), max_pixels)
        self._place = Place(str(models.absolute()), model, self._output.url)

    def make(self, size: int, workers: int | None, address: str | None, again: bool) -> Report:
        """Make the shards that are missing, on so many cores of a cluster; `again`, those with failures too.

        Raises Failure; click.UsageError where there is no image.
        """
        with telling(self._source):
            found = inputs(self._source.names(), self._output.within(self._source))
        if not found:
            folder = self._source.disk
            kind = "image in" if folder is None or folder.is_dir() else "folder"
            raise click.UsageError(f"there is no {kind} {self._source.url}.")
        unusable = {name: refused for name in found if (refused := refusal(name))}
        with telling(self._output), alone(self._output):
            shards = planned(self._output, self._job, [name for name in found if name not in unusable], size)
            done = set(self._output.names("rows"))
            if again:
                done -= {name for name, failed in self._failed(done).items() if failed}
            todo = [shard for shard in shards if shard.rows not in done]
            trouble = {ended.number: ended.trouble for ended in self._made(todo, workers, address)}
            missing = [shard for shard in todo if trouble.get(shard.number, UNFORESEEN)]
            rows = {shard.rows for shard in shards} - {shard.rows for shard in missing}
            failed = [*unusable.values(), *(one for name, each in sorted(self._failed(rows).items()) for one in each)]
            self._output.put(REPORT, b"".join(msgspec.json.encode(one) + b"\n" for one in failed))
            self._output.tidy()
        return Report(
            made=count(todo) - count(missing),
            before=count(shards) - count(todo),
            failed=failed,
            undone=count(missing),
            trouble=trouble.get(missing[0].number) or UNFORESEEN if missing else "",
        )

    def _made(self, todo: Sequence[Shard], workers: int | None, address: str | None) -> Iterator[Ended]:
        if not todo:
            return
        from service.archives import pool  # noqa: PLC0415  # Ray takes seconds to import

        progress = Progress(count(todo))
        with pool.cluster(address) as cores, progress.shown():
            for ended in pool.made(todo, self._job, self._place, workers or cores):
                progress.step(ended.inputs)
                yield ended

    def _failed(self, rows: Iterable[str]) -> dict[str, list[Failed]]:
        """The failed inputs in each file of rows."""
        names = sorted(rows)
        with ThreadPoolExecutor(READERS) as executor:
            return dict(zip(names, executor.map(lambda name: list(failures(self._output, name)), names), strict=True))


def count(shards: Iterable[Shard]) -> int:
    """The inputs in shards."""
    return sum(len(shard.names) for shard in shards)


@contextmanager
def telling(store: Store) -> Iterator[None]:
    """Turn the errors of a store into one line."""
    try:
        yield
    except OSError as error:
        raise Failure(f"{store.url} fails: {why(error)}.") from error


@contextmanager
def alone(output: Store) -> Iterator[None]:
    """One run at a time writes to a folder on a disk. Raises Failure while another one does; OSError.

    In an object store two runs make the same files, and the plan is extended by one of them.
    """
    if output.disk is None:
        yield
        return
    output.disk.mkdir(parents=True, exist_ok=True)
    with (output.disk / ".lock").open("wb") as file:
        if not locked(file):
            raise Failure(f"another fcn-serve writes to {output.disk}; wait for it, or choose another OUT.")
        yield
