"""What the commands share."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Train, evaluate and export fully convolutional networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Data = Annotated[Path, typer.Argument(help="Folder with classes.json, train/, val/, each with images/ and labels/.")]


def tracked(count: int) -> Iterable[int]:
    """0 .. count - 1 with a progress bar on standard error, where somebody is looking."""
    from rich.console import Console
    from rich.progress import track

    return track(range(count), "images", console=Console(stderr=True), transient=True)
