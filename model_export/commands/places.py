"""The places that a command judges models at: DATA with its options, and those of --also."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from model_export.commands.arguments import Data, settings_of, size
from model_export.data.place import Place


def place(text: str) -> Place:
    """The place in FOLDER,split=train,stretch=512x256,only=train_s0,name=india; `only` may be repeated.

    By default it is called as its folder is. Raises BadParameter.
    """
    folder, given = settings_of(text, ("split", "stretch", "only", "name"))
    path = Path(folder)
    stretch = size(given["stretch"]) if "stretch" in given else None
    name = given.get("name", path.resolve().name)
    return Place(name, path, given.get("split", "val"), stretch, given.get("only"))


WRITTEN = "FOLDER[,split=val][,stretch=WxH][,only=NAME][,name=NAME]"
"""How a place is written on the command line."""

Fit = Annotated[
    list[Any],
    typer.Option(
        parser=place,
        metavar=WRITTEN,
        help="Where the temperature is fitted, in place of training images; may be repeated. A model is too sure of "
        "images that it was trained on.",
    ),
]


def places(
    data: Data,
    split: Annotated[str, typer.Option(help="Split of DATA to judge on.")] = "val",
    only: Annotated[
        str | None,
        typer.Option(help="Judge on DATA's images whose names start with this, or with one of several: A,B."),
    ] = None,
    stretch: Annotated[
        Any,
        typer.Option(parser=size, metavar="WxH", help="Size that DATA's images are stretched to: they were squashed."),
    ] = None,
    also: Annotated[
        list[Any],
        typer.Option(
            parser=place,
            metavar=WRITTEN,
            help="Another place to judge at; may be repeated. If its classes are others than the model's, its "
            "mapping.json says which of these each one may be.",
        ),
    ] = [],  # noqa: B006  # typer copies it
) -> list[Place]:
    """DATA as a place, and those of --also. Raises BadParameter where two have the same name."""
    found = [Place(data.resolve().name, data, split, stretch, only), *also]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise typer.BadParameter(f"two places are called {name}; name one with name=", param_hint="--also")
    return found


def at_places(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the parameters of `places`, where it has one of that name, which gets what they make."""
    own, parts = inspect.signature(command).parameters, inspect.signature(places).parameters

    @functools.wraps(command)
    def with_places(**given: Any) -> None:
        found = places(**{name: given.pop(name) for name in parts})
        command(places=found, **given)

    parameters = [part for name, one in own.items() for part in (parts.values() if name == "places" else (one,))]
    keywords = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    with_places.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]  # typer reads it
    return with_places
