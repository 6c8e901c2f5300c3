"""The options that describe a model file, of the commands that write a new one."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from model_export.commands.arguments import size
from service.segmentation.modelfile import contract


def name(text: str) -> str:
    """A name that a model may have. Raises BadParameter."""
    try:
        return msgspec.convert(text, contract.Name)
    except msgspec.ValidationError:
        said = f"{text} is not a name of small letters, digits, dots, dashes and underscores, 64 at most"
        raise typer.BadParameter(said) from None


def native_size(text: str) -> tuple[int, int]:
    """(480, 360) of 480x360, a size that a model may have. Raises BadParameter."""
    try:
        return msgspec.convert(size(text), tuple[contract.Side, contract.Side])
    except msgspec.ValidationError:
        raise typer.BadParameter(f"{text} is not a size of 1x1 to 16384x16384") from None


Name = Annotated[str, typer.Option(parser=name, metavar="NAME", help="What requests will call the model.")]
Version = Annotated[str, typer.Option()]
Description = Annotated[str, typer.Option(help="What it segments, in one sentence.")]
Licence = Annotated[str, typer.Option(help="Terms that follow from data and weights.")]
Use = Annotated[str, typer.Option(help="What it is meant for, in a sentence or two.")]
Limits = Annotated[str, typer.Option(help="What it must not be trusted with.")]
Picture = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="For the self-test, published in the file; else one is drawn."),
]
Native = Annotated[
    Any,
    typer.Option(
        parser=native_size,
        metavar="WxH",
        help="Size that photos are brought to; by default the network's own, or that of its validation.",
    ),
]
