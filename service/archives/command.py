"""`fcn-serve batch`: archives of images, from a folder or an object store to another."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.options import megapixels_option, model_option, models_option
from service.cli.progress import watched
from service.cli.recipe import RecipeFor, recipe_options

if TYPE_CHECKING:
    from service.archives.run import Report

NEEDED = ("ray", "fsspec", "pyarrow")
TOLD = 20
"""Failed images that are listed; all of them are in the report."""


def check_cluster(_: click.Context, __: click.Parameter, url: str) -> str:
    """Raises click.UsageError where the extra `cluster` is not installed."""
    if not all(map(find_spec, NEEDED)):
        raise click.UsageError('batch needs Ray: pip install "fcn-serve[cluster]".')
    return url


@click.command()
@click.argument("source", metavar="IN", callback=check_cluster)
@click.argument("output", metavar="OUT")
@models_option
@model_option
@recipe_options
@megapixels_option
@click.option(
    "--shard",
    "size",
    type=click.IntRange(1, 100_000),
    default=256,
    show_default=True,
    help="Images whose rows are one file, and which are begun again together if a worker dies.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Cores to use; by default all of the cluster.")
@click.option("--address", help="A Ray cluster; by default RAY_ADDRESS, else one is started on this machine.")
@click.option("--again", is_flag=True, help="Also do those shards again in which an image failed.")
def batch(
    source: str,
    output: str,
    models: Path,
    model: str | None,
    recipe: RecipeFor,
    max_megapixels: float,
    size: int,
    workers: int | None,
    address: str | None,
    again: bool,
) -> None:
    """Segment all images in IN on all cores of a Ray cluster. IN and OUT are folders or URLs, such as s3://bucket/folder.

    OUT gets rows/*.parquet, with a row for each image, the masks as masks/NAME.png, and failures.jsonl. A run that was
    stopped or killed goes on where it was; a later run does the images that are new.

    Exits with 1 if an image failed, with 130 after ctrl-C.
    """
    from service.archives.run import Run  # noqa: PLC0415  # fsspec, pyarrow and Ray: not everyone has the extra

    run = Run(source, output, models, model, recipe, round(max_megapixels * 1e6))
    try:
        report = run.make(size, workers, address, again)
    except KeyboardInterrupt:
        click.echo("fcn-serve: stopped; the same command goes on from here.", err=True)
        raise
    tell(report, output)


def tell(report: "Report", output: str) -> None:
    """List what failed, and exit with 1 if anything did."""
    if watched():
        before = f", {report.before} done before" if report.before else ""
        click.echo(f"{report.made} segmented{before}, {len(report.failed)} failed: {output}", err=True)
    for failed in report.failed[:TOLD]:
        click.echo(f"fcn-serve: {failed.name!r}: {failed.error}", err=True)
    if len(report.failed) > TOLD:
        click.echo(f"fcn-serve: and {len(report.failed) - TOLD} more, in {output}/failures.jsonl", err=True)
    if report.undone:
        click.echo(
            f"fcn-serve: {report.undone} images were not done: {report.trouble} Run the same command again.", err=True
        )
    if report.failed or report.undone:
        click.get_current_context().exit(1)
