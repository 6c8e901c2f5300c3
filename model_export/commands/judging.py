"""Commands that judge models: evaluate, card, compare."""

from pathlib import Path
from typing import Annotated, Any

import typer

from model_export.commands.arguments import Data, app, size, tracked


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    data: Data,
    split: Annotated[str, typer.Option()] = "val",
    only: Annotated[
        str | None, typer.Option(help="Judge the images whose names start with this, or with one of several: A,B.")
    ] = None,
    stretch: Annotated[
        Any, typer.Option(parser=size, metavar="WxH", help="Size that squashed photos are stretched to first.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with every digit, for programs.")] = False,
    heatmap: Annotated[str | None, typer.Option(help="A class whose probability is drawn over every image.")] = None,
    pictures: Annotated[Path, typer.Option(help="Folder for the heat maps.")] = Path("heatmaps"),
) -> None:
    """Judge a model file on a split, through the pipeline that serves it.

    Data with other classes need a mapping.json, and the model is judged by their classes.
    """
    import msgspec

    from model_export.data.folder import SegmentationFolder, starting_with
    from model_export.reports.evaluate import draw_heatmaps
    from model_export.reports.evaluate import evaluate as judge
    from model_export.reports.report import table
    from service.segmentation.runtime.model import Model

    loaded = Model.load(model, threads=0)
    images = SegmentationFolder(data, split, stretch=stretch).judging(loaded.contract.labels)
    if only is not None:
        images.keep(starting_with(only))
    if heatmap is not None:
        draw_heatmaps(loaded, images, heatmap, tracked(len(images)), pictures)
    evaluation = judge(loaded, images, split, tracked(len(images)))
    typer.echo(msgspec.json.encode(evaluation).decode() if as_json else table(evaluation, images.classes))


@app.command()
def card(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    data: Data,
    output: Annotated[Path, typer.Argument(help="The .md file to write; its pictures go beside it.")],
    split: Annotated[str, typer.Option()] = "val",
) -> None:
    """Write a model card from a model file and its figures on a split."""
    from model_export.reports import card as cards
    from model_export.reports.evaluate import open_split
    from service.segmentation.runtime.model import Model

    loaded = Model.load(model, threads=0)
    images = open_split(data, split, loaded.contract.labels)
    cards.write(loaded, model.stat().st_size, images, split, tracked(len(images)), output)
    typer.echo(output)


@app.command()
def compare(
    data: Data,
    models: Annotated[list[Path], typer.Argument(help="Model files, in the order to show them.")],
    split: Annotated[str, typer.Option()] = "val",
    picture: Annotated[
        Path | None, typer.Option(help="Draw photo, truth and masks side by side into this file.")
    ] = None,
    image: Annotated[list[int], typer.Option(min=0, help="Number of an image to draw; may be repeated.")] = [0],  # noqa: B006  # typer copies it
    photo: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Draw this photo instead of the data's.")
    ] = None,
) -> None:
    """Print accuracy, size and time of models in a table, and draw their masks side by side."""
    from model_export.reports import compare as comparison
    from model_export.reports.evaluate import open_split
    from service.segmentation.runtime.model import Model

    loaded = [Model.load(path, threads=0) for path in models]
    pictures, *_ = [open_split(data, split, model.contract.labels) for model in loaded]
    if max(image) >= len(pictures):
        raise typer.BadParameter(f"{split} has images 0 to {len(pictures) - 1}", param_hint="--image")
    typer.echo(comparison.table(comparison.compare(loaded, pictures, split, tracked(len(pictures)))))
    if picture is not None and photo is not None:
        comparison.picture_of(loaded, photo.read_bytes()).save(picture)
    elif picture is not None:
        comparison.picture(loaded, pictures, image).save(picture)
