"""`fcn-serve segment`: masks, overlays, JSON and a table of areas for files and folders of images."""

import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

import click
import msgspec

from service.cli import areas, coco, sources
from service.cli.batch import each
from service.cli.documents import Answer, Segmented, filed
from service.cli.errors import Failure, Refusal
from service.cli.local import Local
from service.cli.manifest import Entry, Manifest, manifest_of
from service.cli.options import key_option, megapixels_option, model_option, models_option, url_option
from service.cli.outputs import put
from service.cli.progress import Progress, watched
from service.cli.recipe import Recipe, RecipeFor, recipe_options
from service.cli.sources import Source
from service.segmentation.errors import ImageError, InferenceFailed, OutOfMemory, PictureTooLarge

STDIN = "-"
OF_THE_IMAGE = (ImageError, PictureTooLarge, InferenceFailed, OutOfMemory, Refusal, OSError, UnicodeError)
"""Errors that stop one image, and no other."""


class Segmenting(Protocol):
    """What segments, here or elsewhere: its model's digest, and how many images keep it busy."""

    digest: str
    at_once: int

    def run(self, data: bytes, recipe: Recipe) -> Segmented: ...


class Made(NamedTuple):
    """What became of the images: done in this run, done before, and failed, with the reasons."""

    done: list[Source]
    before: list[Source]
    failed: list[tuple[Source, str]]


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@models_option
@model_option
@url_option
@key_option
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("segmented"),
    show_default=True,
    help="Folder for the files.",
)
@recipe_options
@click.option("--table", type=click.Path(dir_okay=False, path_type=Path), help="Table of areas, .csv or .parquet.")
@click.option("--coco", "annotations", type=click.Path(dir_okay=False, path_type=Path), help="COCO annotations, .json.")
@click.option("--json", "as_json", is_flag=True, help="Print the JSON of each image, a line for each.")
@megapixels_option
def segment(
    paths: tuple[str, ...],
    models: Path,
    model: str | None,
    url: str | None,
    key: str | None,
    output: Path,
    recipe: RecipeFor,
    table: Path | None,
    annotations: Path | None,
    as_json: bool,
    max_megapixels: float,
) -> None:
    """Segment files, folders and patterns of images; `-` reads one image and prints its mask.

    The mask of a/x.jpg is OUTPUT/a/x.jpg.png, its JSON OUTPUT/a/x.jpg.json, its overlay OUTPUT/a/x.jpg.webp, and its
    maps OUTPUT/a/x.jpg.confidence_map.png and OUTPUT/a/x.jpg.entropy.png. A run that was stopped goes on where it was:
    images that are done, and have not changed, are not done again.

    Exits with 1 if an image failed, with 130 after ctrl-C.
    """
    table = table or output / "areas.csv"
    areas.check(table)

    def start() -> Segmenting:
        if url is None:
            return Local(models, model, int(max_megapixels * 1e6))
        from service.cli.remote import Remote  # noqa: PLC0415  # not everyone has the extra

        return Remote(url, key, model)

    if STDIN in paths:
        check_pipe(paths, as_json, recipe.keywords["overlay"])
        segmenting = start()
        pipe(segmenting, recipe(digest=segmenting.digest), as_json)
        return
    images = sources.find(paths, output)
    segmenting = start()
    with manifest_of(output) as manifest:
        made = run(images, segmenting, recipe(digest=segmenting.digest), output, manifest, as_json)
        finished = sorted(made.done + made.before, key=lambda source: source.name)
        areas.write(table, (answer_in(output, source) for source in finished))
        if annotations is not None:
            coco.write(annotations, output, (answer_in(output, source) for source in finished))
    tell(made, table)


def check_pipe(paths: tuple[str, ...], as_json: bool, overlay: bool) -> None:
    """Raises click.UsageError where standard input and output cannot be used so."""
    if len(paths) > 1:
        raise click.UsageError("- stands alone: standard input is one image.")
    if as_json and overlay:
        raise click.UsageError("standard output takes the JSON or the overlay, not both.")
    if sys.stdout.isatty() and not as_json:
        raise click.UsageError("standard output is a terminal; redirect it, as in: fcn-serve segment - > mask.png.")


def pipe(segmenting: Segmenting, recipe: Recipe, as_json: bool) -> None:
    """Standard input -> standard output: the mask, or the overlay, or the JSON. Raises Failure."""
    try:
        found = segmenting.run(sys.stdin.buffer.read(), recipe)
    except OF_THE_IMAGE as error:
        raise Failure(str(error)) from error
    if as_json:
        click.echo(msgspec.json.encode(filed(found.answer, STDIN)))
    else:
        click.echo(found.overlay or found.mask, nl=False)


def run(
    images: list[Source], segmenting: Segmenting, recipe: Recipe, output: Path, manifest: Manifest, as_json: bool
) -> Made:
    """Segment those images that are not done. Ctrl-C ends it after those that are under way."""

    def work(source: Source) -> Answer:
        stamp = source.stamp  # before it is read: if it is changed meanwhile, it is done again next time
        found = segmenting.run(source.path.read_bytes(), recipe)
        answer = filed(found.answer, source.name)
        files = {
            ".png": found.mask,
            ".webp": found.overlay,
            ".confidence_map.png": found.confidence_map,
            ".entropy.png": found.entropy,
            ".json": msgspec.json.encode(answer),
        }
        sizes = {
            source.name + suffix: put(output / (source.name + suffix), data)
            for suffix, data in files.items()
            if data is not None
        }
        manifest.add(Entry(source.name, stamp, recipe, sizes))
        return answer

    made = Made([], [], [])
    todo: list[Source] = []
    for source in images:
        (made.before if manifest.done(source, recipe) else todo).append(source)
    progress = Progress(len(todo))
    try:
        with progress.shown(), closing(each(todo, work, segmenting.at_once)) as outcomes:
            for source, outcome in outcomes:
                progress.step()
                try:
                    answer = outcome.result()
                except OF_THE_IMAGE as error:
                    made.failed.append((source, reason(error)))
                else:
                    made.done.append(source)
                    if as_json:
                        click.echo(msgspec.json.encode(answer))
    except KeyboardInterrupt:
        click.echo("fcn-serve: stopped; the same command goes on from here.", err=True)
        raise
    return made


def reason(error: BaseException) -> str:
    if isinstance(error, UnicodeError):
        return "Its name is not UTF-8; rename it."
    if isinstance(error, OSError):
        return f"It cannot be read: {error.strerror}."
    return str(error)


def answer_in(output: Path, source: Source) -> Answer:
    """The answer of an image that is done."""
    return msgspec.json.decode((output / f"{source.name}.json").read_bytes(), type=Answer)


def tell(made: Made, table: Path) -> None:
    """List the images that failed, and exit with 1 if there are any."""
    if watched():
        before = f", {len(made.before)} done before" if made.before else ""
        click.echo(f"{len(made.done)} segmented{before}, {len(made.failed)} failed: {table}", err=True)
    for source, trouble in sorted(made.failed, key=lambda failure: failure[0].name):
        click.echo(f"fcn-serve: {source.path}: {trouble}", err=True)
    if made.failed:
        click.get_current_context().exit(1)
