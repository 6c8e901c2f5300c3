"""Commands that make models: shapes, train, average, balance, export, publish. Heavy imports wait until needed."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from msgspec.structs import replace

from model_export.commands.arguments import Data, app, chosen, taking_options, tracked
from model_export.commands.described import Description, Licence, Limits, Name, Native, Picture, Use, Version
from model_export.commands.places import at_places
from model_export.data.place import Place


@app.command()
def shapes(
    folder: Annotated[Path, typer.Argument(help="Where to write the data set.")],
    train: Annotated[int, typer.Option(help="Training pictures.")] = 200,
    val: Annotated[int, typer.Option(help="Validation pictures.")] = 40,
    width: Annotated[int, typer.Option(help="Width of each, in pixels.")] = 160,
    height: Annotated[int, typer.Option(help="Height of each, in pixels.")] = 128,
    seed: Annotated[int, typer.Option(help="The same seed draws the same pictures.")] = 0,
) -> None:
    """Draw a data set of discs, squares and triangles."""
    from model_export.data import shapes

    shapes.write(folder, train, val, width, height, seed)
    typer.echo(f"{train} training and {val} validation pictures in {folder}")


@app.command()
@taking_options
def train(
    data: Data,
    run: Annotated[Path, typer.Argument(help="Folder of the run: its checkpoints, options and metrics.")],
    backbone: Annotated[
        str | None, typer.Option(help="Backbone of the FCN; by default that of --init, else mobilenetv2.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that load images beside the training one.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was stopped.")] = False,
    **given: Any,
) -> None:
    """Train an FCN. The epoch with the best mean IU on val is kept as RUN/best.pt."""
    from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

    from model_export.training import published
    from model_export.training.allocator import keep_freed_blocks
    from model_export.training.material import notes
    from model_export.training.train import Run

    options = chosen(given | {"data": str(data), "backbone": backbone or "mobilenetv2"})
    if backbone is None and options.init is not None:
        options = replace(options, backbone=published.origin(published.locate(options.init)).backbone)
    keep_freed_blocks()
    training = Run(options, run, workers)
    for line in notes(training.options, training.native):
        typer.echo(f"note: {line}", err=True)
    if resume:
        training.resume()
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress, stopped_gently(training.stop):
        training.train(progress)
    if training.epoch < options.epochs:
        typer.echo(f"stopped in epoch {training.epoch + 1}; the same command with --resume continues", err=True)
        raise typer.Exit(130)
    typer.echo(f"best mean IU on val {training.best:.4f}: {run / 'best.pt'}")


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="best.pt of a training run.")],
    data: Data,
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The .onnx file to write.")],
    name: Name,
    version: Version = "1",
    description: Description = "",
    source: Annotated[str, typer.Option(help="What it was trained on; by default the data folder's name.")] = "",
    licence: Licence = "not stated",
    use: Use = "",
    limits: Limits = "",
    color: Annotated[Literal["rgb", "grey"], typer.Option(help="grey: images become grey first, for scans.")] = "rgb",
    picture: Picture = None,
    stride: Annotated[
        int | None, typer.Option(help="16 or 32: the coarser FCN in it, without its finer skips.")
    ] = None,
    native: Native = None,
    spacing: Annotated[
        float | None,
        typer.Option(help="For scans: mm from pixel to pixel at the native size; the channels are three slices."),
    ] = None,
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "val",
    images: Annotated[int, typer.Option(min=1, help="Images of the parity check.")] = 20,
) -> None:
    """Write the self-describing model file, if it answers like the trained network."""
    from model_export.data import photos
    from model_export.data.native import sizes, spread
    from model_export.data.tissues import SPACING
    from model_export.onnx import export as exporter
    from model_export.reports.report import parity
    from model_export.training import checkpoint as checkpoints
    from model_export.training.material import native_size
    from service.segmentation.modelfile.contract import Scan
    from service.segmentation.runtime.model import Model

    trained = checkpoints.load(checkpoint)
    if stride is not None:
        trained = checkpoints.coarser(trained, stride)
    brought_to = native or trained.options.native or native_size(replace(trained.options, data=str(data)))
    if (uneven := spread(sizes(data), brought_to)) is not None:
        typer.echo(f"note: {uneven}", err=True)
    origin = source or data.resolve().name
    shown = None if picture is None else photos.read(picture)
    scan = None if spacing is None else Scan(spacing, slice_spacing=SPACING)
    card = exporter.Card(name, version, description, origin, licence, use, limits, color, shown, scan)
    content = exporter.export(trained, card, brought_to, Place(data.resolve().name, data, split), images, tracked)
    exporter.write(content, output)
    typer.echo(f"{output}, {len(content) / 1e6:.1f} MB: {parity(Model.load(output, threads=0).contract)}")


@app.command()
def average(
    first: Annotated[Path, typer.Argument(help="best.pt of a training run.")],
    second: Annotated[Path, typer.Argument(help="best.pt of a run that started from the first one.")],
    output: Annotated[Path, typer.Argument(help="The .pt file to write.")],
    share: Annotated[float, typer.Option(min=0, max=1, help="Part of the second network in the average.")] = 0.5,
) -> None:
    """Average the weights of two networks, of which one was trained on from the other."""
    from model_export.training import average as averages
    from model_export.training import checkpoint as checkpoints

    checkpoints.save(averages.average(checkpoints.load(first), checkpoints.load(second), share), output)
    typer.echo(output)


@app.command()
@at_places
def balance(
    checkpoint: Annotated[Path, typer.Argument(help="best.pt of a training run.")],
    places: Sequence[Place],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The .pt file to write.")],
    images: Annotated[int, typer.Option(min=1, help="Training images of each place to fit on.")] = 60,
    native: Native = None,
) -> None:
    """Raise or lower the logit of each class so that the mean IU is highest.

    It is fitted on training images of every place, without those that are judged.
    """
    from model_export.training import balance as balances
    from model_export.training import checkpoint as checkpoints
    from model_export.training.material import native_size

    trained = checkpoints.load(checkpoint)
    size = native or trained.options.native or native_size(replace(trained.options, data=str(places[0].folder)))
    trained, bias = balances.balanced(trained, places, size, images, tracked)
    checkpoints.save(trained, output)
    raised = [f"{class_.name} {by:+.1f}" for class_, by in zip(trained.classes.classes, bias, strict=True) if by]
    typer.echo(f"{output}: {', '.join(raised) or 'no class is raised'}")


@app.command()
def publish(
    checkpoint: Annotated[Path, typer.Argument(help="best.pt of a training run.")],
    output: Annotated[Path, typer.Argument(help="The .safetensors file to write.")],
) -> None:
    """Write the float weights in half precision, for `train --init`."""
    from model_export.training import checkpoint as checkpoints
    from model_export.training import published

    published.publish(checkpoints.load(checkpoint), output)
    typer.echo(f"{output}, {output.stat().st_size / 1e6:.1f} MB")


@contextmanager
def stopped_gently(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on the first ctrl-C or SIGTERM; the second one ends the process at once, as usual."""
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, _: object) -> None:
        signal.signal(number, usual[signal.Signals(number)])
        stop()

    for number in usual:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
