"""Commands that judge models: evaluate, card, compare, outlines, drift."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from model_export.commands.arguments import app, size, tracked
from model_export.commands.places import at_places
from model_export.data.place import Place


@app.command()
@at_places
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    places: Sequence[Place],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON with every digit, for programs; a line for each place.")
    ] = False,
    objects: Annotated[bool, typer.Option("--objects", help="Also print what is found of objects, by size.")] = False,
    heatmap: Annotated[str | None, typer.Option(help="A class whose probability is drawn over DATA's images.")] = None,
    pictures: Annotated[Path, typer.Option(help="Folder for the heat maps.")] = Path("heatmaps"),
) -> None:
    """Judge a model file through the pipeline that serves it.

    Data with other classes need a mapping.json, and the model is judged by their classes.
    """
    import msgspec

    from model_export.reports.evaluate import draw_heatmaps
    from model_export.reports.evaluate import evaluate as judge
    from model_export.reports.report import table
    from model_export.reports.sizes import Objects
    from service.segmentation.runtime.model import Model

    loaded = Model.load(model, threads=0)
    if heatmap is not None:
        images = places[0].judged(loaded.contract.labels)
        draw_heatmaps(loaded, images, heatmap, tracked(len(images)), pictures)
    for one in places:
        by_size = Objects(one.judged(loaded.contract.labels).classes)
        evaluation = judge(loaded, one, tracked, by_size.add if objects else None)
        typer.echo(msgspec.json.encode(evaluation).decode() if as_json else table(evaluation, loaded.contract.labels))
        if objects:
            typer.echo(by_size.table(), err=as_json)


@app.command()
@at_places
def card(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    places: Sequence[Place],
    output: Annotated[Path, typer.Argument(help="The .md file to write; its pictures go beside it.")],
) -> None:
    """Write a model card from a model file and its figures at every place.

    DATA may be a folder of photos without labels: the card then shows what the model makes of them.
    """
    from model_export.data.photos import photos_in
    from model_export.reports import card as cards
    from model_export.reports import photo_card
    from service.segmentation.runtime.model import Model

    loaded, length, folder = Model.load(model, threads=0), model.stat().st_size, places[0].folder
    if not (folder / "classes.json").exists() and any(path.is_file() for path in folder.glob("*")):
        photo_card.write(loaded, length, photos_in(folder), output)
    else:
        cards.write(loaded, length, places, output, tracked)
    typer.echo(output)


@app.command()
@at_places
def compare(
    places: Sequence[Place],
    models: Annotated[list[Path], typer.Argument(help="Model files, in the order to show them.")],
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
    from service.segmentation.runtime.model import Model

    loaded = [Model.load(path, threads=0) for path in models]
    pictures = places[0].judged(loaded[0].contract.labels)
    if max(image) >= len(pictures):
        raise typer.BadParameter(f"{places[0].split} has images 0 to {len(pictures) - 1}", param_hint="--image")
    typer.echo(comparison.table(comparison.compare(loaded, places, tracked)))
    if picture is not None and photo is not None:
        comparison.picture_of(loaded, photo.read_bytes()).save(picture)
    elif picture is not None:
        comparison.picture(loaded, pictures, image).save(picture)


@app.command()
@at_places
def outlines(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    places: Sequence[Place],
    picture: Annotated[
        Path | None, typer.Option(help="Draw a part of the photo's overlay at 12 megapixels into this file.")
    ] = None,
    photo: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path("docs/street.jpg"),
    corner: Annotated[
        Any, typer.Option(parser=size, metavar="XxY", help="The upper left corner of the part, in pixels.")
    ] = "1390x1360",
) -> None:
    """Print what it is worth to draw the outlines of enlarged masks, and draw an overlay both ways, side by side."""
    from model_export.data import photos
    from model_export.reports import outlines as report
    from service.segmentation.runtime.model import Model

    loaded = Model.load(model, threads=0)
    for one in places:
        images = one.judged(loaded.contract.labels)
        typer.echo(report.table(loaded, images, tracked(len(images))))
    if picture is not None:
        report.picture(loaded, photos.read(photo), corner).save(picture)


@app.command()
@at_places
def drift(
    model: Annotated[Path, typer.Argument(help="A model file with references.")],
    places: Sequence[Place],
    images: Annotated[
        int, typer.Option(min=1, help="The most images of each place; scans, for a model for scans.")
    ] = 200,
) -> None:
    """Print how far the images of places lie from the model's references, as a service's gauges would show it.

    Labels are not looked at. DATA of a model for scans is a folder of scans.
    """
    from model_export.reports.drift import table
    from service.segmentation.runtime.model import Model

    typer.echo(table(Model.load(model, threads=0), places, images, tracked))
