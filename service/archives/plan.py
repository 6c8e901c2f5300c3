"""Which inputs form which shard. The plan is written before any work, and only ever grows."""

from collections.abc import Iterable, Sequence

import msgspec

from service.archives.store import Store
from service.cli.errors import Failure
from service.cli.recipe import Recipe

FOLDER = "plan"


class Job(msgspec.Struct, frozen=True):
    """What all rows of an output folder have in common: the URL of the inputs, and all that decides their answers."""

    source: str
    recipe: Recipe
    max_pixels: int


class Part(msgspec.Struct, frozen=True):
    """Shards that one run found to be new: the names of their inputs. A part never changes."""

    job: Job
    shards: list[list[str]]


class Shard(msgspec.Struct, frozen=True):
    """Inputs whose rows are one file. A shard keeps its number."""

    number: int
    names: list[str]

    @property
    def rows(self) -> str:
        """The name of its file; once there is one, the shard is done."""
        return f"rows/{self.number:06}.parquet"


def planned(output: Store, job: Job, names: Sequence[str], size: int) -> list[Shard]:
    """All shards: those of the plan, and behind them those of inputs that are new, `size` in each.

    Raises Failure if the plan is of another job, or another run extends it at the same time; OSError.
    """
    parts = [read(output, name) for name in output.names(FOLDER)]
    for part in parts:
        compare(part.job, job, output)
    known = {name for part in parts for shard in part.shards for name in shard}
    new = [name for name in names if name not in known]
    if new:
        part = Part(job, [new[start : start + size] for start in range(0, len(new), size)])
        try:
            output.create(f"{FOLDER}/{len(parts):06}.json", msgspec.json.encode(part))
        except FileExistsError as error:
            raise Failure(
                f"another fcn-serve has just extended the plan in {output.url}; run this one again."
            ) from error
        parts.append(part)
    return [Shard(number, names) for number, names in enumerate(flat(part.shards for part in parts))]


def read(output: Store, name: str) -> Part:
    try:
        return msgspec.json.decode(output.read(name), type=Part)
    except msgspec.DecodeError as error:
        raise Failure(f"{output.url}/{name} is no plan of this version: {error}; choose another OUT.") from error


def compare(before: Job, now: Job, output: Store) -> None:
    """Raises Failure if they differ: rows of two jobs are never mixed."""
    if before == now:
        return
    if before.source != now.source:
        told = f"was made from {before.source}, not from {now.source}"
    elif before.recipe.digest != now.recipe.digest:
        told = f"was made by another model, {before.recipe.digest}, not by {now.recipe.digest}"
    else:
        options = msgspec.structs.asdict(before.recipe) | {"max_megapixels": before.max_pixels}
        others = msgspec.structs.asdict(now.recipe) | {"max_megapixels": now.max_pixels}
        changed = sorted(name for name in options if options[name] != others[name])
        told = f"was made with other options: {', '.join('--' + name.replace('_', '-') for name in changed)}"
    raise Failure(f"{output.url} {told}; choose another OUT, or run it as before.")


def flat(lists: Iterable[list[list[str]]]) -> list[list[str]]:
    return [one for several in lists for one in several]
