"""Commands for networks from elsewhere: deeplab and adopt."""

from pathlib import Path
from typing import Annotated

import typer

from model_export.commands.arguments import app
from model_export.commands.described import Description, Licence, Limits, Name, Native, Picture, Use, Version
from model_export.commands.normalisation import IMAGENET_MEAN, IMAGENET_STD, Mean, Order, Scale, Std


@app.command()
def deeplab(
    weights: Annotated[
        Path, typer.Argument(help="DeepLabV3 on MobileNetV2, batch norms folded: .safetensors or .pth.")
    ],
    output: Annotated[Path, typer.Argument(help="The .onnx file to write; its classes go beside it.")],
) -> None:
    """Write a trained DeepLabV3 of Pascal VOC's classes as a plain ONNX network, for `adopt`: so `objects` was made."""
    import json

    from model_export.networks import deeplab as networks

    networks.export(networks.load(weights), output)
    output.with_suffix(".json").write_text(json.dumps(networks.VOC))
    typer.echo(f"{output}, {output.stat().st_size / 1e6:.1f} MB")


@app.command()
def adopt(
    network: Annotated[Path, typer.Argument(help="The .onnx file of a segmentation network from elsewhere.")],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The model file to write.")],
    name: Name,
    classes: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Its classes: classes.json, a config.json with id2label, a list of names in JSON or text, or an "
            "indexed PNG, whose palette has a colour for each.",
        ),
    ],
    photos: Annotated[
        Path, typer.Option(exists=True, help="A photo, or a folder of them, to compare the two files on.")
    ],
    palette: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Colours: an indexed PNG, or lines of red, green and blue."),
    ] = None,
    output_name: Annotated[
        str | None, typer.Option("--output", help="The output with the scores or labels, where there are several.")
    ] = None,
    preprocessor: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A preprocessor_config.json, in place of the next four."),
    ] = None,
    mean: Mean = IMAGENET_MEAN,
    std: Std = IMAGENET_STD,
    scale: Scale = 1 / 255,
    order: Order = "rgb",
    native: Native = None,
    stride: Annotated[int, typer.Option(help="The sides of its input are multiples of it: 1, 2, 4, 8, 16 or 32.")] = 32,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=0.999,
            help="For sigmoids, where classes do not exclude each other: a pixel is of the most probable class, and "
            "background where none reaches this.",
        ),
    ] = None,
    int8: Annotated[
        Path | None, typer.Option(exists=True, help="Quantise: photos to calibrate on, and to compare int8 on.")
    ] = None,
    min_agreement: Annotated[
        float, typer.Option(min=0, max=100, help="Percent of the pixels that must keep their label in int8.")
    ] = 95.0,
    architecture: Annotated[str, typer.Option(help="What to call the network: DeepLabV3, say.")] = "foreign",
    version: Version = "1",
    description: Description = "",
    source: Annotated[str, typer.Option(help="What it was trained on.")] = "not stated",
    licence: Licence = "not stated",
    use: Use = "",
    limits: Limits = "",
    picture: Picture = None,
) -> None:
    """Make a model file of a segmentation network that was trained elsewhere, if it labels photos as the network does.

    Normalisation, enlargement and the choice of the class are written into the graph.
    """
    from model_export.adoption import adopt as adoptions
    from model_export.adoption import classes as class_files
    from model_export.adoption import foreign, preprocessing
    from model_export.adoption import int8 as integers
    from model_export.data import photos as folders
    from model_export.onnx import export as exporter
    from model_export.reports.report import parity
    from service.segmentation.runtime.model import Model

    if stride not in (1, 2, 4, 8, 16, 32):
        raise typer.BadParameter("it is 1, 2, 4, 8, 16 or 32", param_hint="--stride")
    found = foreign.read(network, output_name)
    given = preprocessing.read(preprocessor) if preprocessor else preprocessing.of(mean, std, scale, order)
    listed = class_files.read(classes, palette)
    adoption = adoptions.prepare(found, given, listed, native, stride, threshold, architecture)
    shown = None if picture is None else folders.read(picture)
    card = exporter.Card(name, version, description, source, licence, use, limits, picture=shown)
    content = adoptions.adopt(adoption, card, folders.photos_in(photos))
    typer.echo(f"float: {parity(Model(content, threads=0).contract)}")
    if int8 is not None:
        images = [adoption.photo(photo) for photo in folders.photos_in(int8)]
        content = integers.quantized(content, images, min_agreement / 100)
        typer.echo(f"int8: {parity(Model(content, threads=0).contract)}")
    exporter.write(content, output)
    typer.echo(f"{output}, {len(content) / 1e6:.1f} MB")
