"""The options that say what a network from elsewhere makes of the bytes of an image first."""

from typing import Annotated, Any, Literal

import typer


def triple(text: str) -> tuple[float, float, float]:
    """(0.5, 0.5, 0.5) of 0.5,0.5,0.5. Raises BadParameter."""
    try:
        red, green, blue = map(float, text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text} is not three numbers like 0.5,0.5,0.5") from None
    return red, green, blue


IMAGENET_MEAN, IMAGENET_STD = "0.485,0.456,0.406", "0.229,0.224,0.225"

Mean = Annotated[Any, typer.Option(parser=triple, metavar="R,G,B", help="What is subtracted.")]
Std = Annotated[Any, typer.Option(parser=triple, metavar="R,G,B", help="What it is divided by then.")]
Scale = Annotated[float, typer.Option(help="What bytes are multiplied by first.")]
Order = Annotated[Literal["rgb", "bgr"], typer.Option(help="The order of its channels, and of the means.")]
