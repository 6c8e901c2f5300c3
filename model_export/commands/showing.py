"""Commands that show how networks work: deconvolution, heatmap. Heavy imports wait until needed."""

from pathlib import Path
from typing import Annotated

import typer

from model_export.commands.arguments import app
from model_export.commands.normalisation import IMAGENET_MEAN, IMAGENET_STD, Mean, Order, Scale, Std


@app.command()
def deconvolution(
    folder: Annotated[Path, typer.Argument(help="Where to draw the pictures.")],
) -> None:
    """Draw the operations that enlarge scores, and print how far two ways to compute each of them differ."""
    from model_export.reports import deconvolution as shown

    for what, difference in shown.differences().items():
        typer.echo(f"{difference:.0e}  {what}")
    for path in shown.draw(folder):
        typer.echo(path)


@app.command()
def heatmap(
    classifier: Annotated[Path, typer.Argument(help="The .onnx file of an image classifier.")],
    photo: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A photo.")],
    picture: Annotated[Path, typer.Argument(help="The picture to write.")],
    class_: Annotated[
        list[int],
        typer.Option("--class", min=0, help="Which class to draw; of several, their sum. By default the likeliest."),
    ] = [],  # noqa: B006  # typer copies it
    names: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Names of its classes, a line each, or in JSON.")
    ] = None,
    times: Annotated[
        float, typer.Option(min=1, max=8, help="The photo's shorter side, in sides of the classifier's own image.")
    ] = 2.0,
    side: Annotated[
        int | None, typer.Option(min=1, help="Side of the classifier's own image, if its file has none.")
    ] = None,
    mean: Mean = IMAGENET_MEAN,
    std: Std = IMAGENET_STD,
    scale: Scale = 1 / 255,
    order: Order = "rgb",
) -> None:
    """Draw where a classifier sees a class, by making it fully convolutional: one answer for each window of a photo."""
    from model_export.adoption import classes as class_files
    from model_export.adoption import foreign, preprocessing
    from model_export.adoption.classifier import convolutional
    from model_export.data import photos
    from model_export.reports import heatmap as heat

    network = convolutional(foreign.read(classifier), side)
    shown = heat.sized(photos.read(photo), network.side, times)
    seen = heat.heat_map(network, shown, preprocessing.of(mean, std, scale, order))
    known = len(seen.probabilities)
    if max(class_, default=0) >= known:
        raise typer.BadParameter(f"the classifier has classes 0 to {known - 1}", param_hint="--class")
    chosen = class_ or [seen.likeliest()]
    said = class_files.names(names) if names is not None else [f"class {number}" for number in range(known)]
    caption = " or ".join(said[number] for number in chosen)
    best, (left, top, right, bottom) = seen.best(chosen)
    seen.picture(chosen, caption).save(picture)
    rows, columns = seen.of(chosen).shape
    typer.echo(f"{columns}x{rows} windows of {network.side}x{network.side} in a photo of {shown.width}x{shown.height}")
    typer.echo(f"{caption}: at most {best:.2f}, in the window from ({left}, {top}) to ({right}, {bottom})")
