"""The places that a command judges models at: DATA with its options, and those of --also."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from model_export.commands.arguments import settings_of, size
from model_export.data.place import Place
from service.segmentation.inputs.raster import Size


def place(text: str) -> Place:
    """The place in FOLDER,split=train,stretch=512x256,only=train_s0,name=india; `only` may be repeated.

    By default it is called as its folder is. Raises BadParameter.
    """
    folder, given = settings_of(text, ("split", "stretch", "only", "name"))
    path = Path(folder)
    stretch = size(given["stretch"]) if "stretch" in given else None
    name = given.get("name", path.resolve().name)
    return Place(name, path, given.get("split", "val"), stretch, given.get("only"))


Split = Annotated[str, typer.Option(help="Split of DATA to judge on.")]
Only = Annotated[
    str | None, typer.Option(help="Judge on DATA's images whose names start with this, or with one of several: A,B.")
]
Stretch = Annotated[
    Any, typer.Option(parser=size, metavar="WxH", help="Size that DATA's images are stretched to: they were squashed.")
]
WRITTEN = "FOLDER[,split=val][,stretch=WxH][,only=NAME][,name=NAME]"
"""How a place is written on the command line."""

Also = Annotated[
    list[Any],
    typer.Option(
        parser=place,
        metavar=WRITTEN,
        help="Another place to judge at; may be repeated. If its classes are others than the model's, its mapping.json "
        "says which of these each one may be.",
    ),
]

Fit = Annotated[
    list[Any],
    typer.Option(
        parser=place,
        metavar=WRITTEN,
        help="Where the temperature is fitted, in place of training images; may be repeated. A model is too sure of "
        "images that it was trained on.",
    ),
]


def places(data: Path, split: str, stretch: Size | None, only: str | None, also: Sequence[Place]) -> list[Place]:
    """DATA as a place, and those of --also. Raises BadParameter where two have the same name."""
    found = [Place(data.resolve().name, data, split, stretch, only), *also]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise typer.BadParameter(f"two places are called {name}; name one with name=", param_hint="--also")
    return found
