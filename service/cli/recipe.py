"""What is made of every image: the model, the options, and where they come from on a command line."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import click
import msgspec

from service.segmentation.inputs.spacing import read_spacing
from service.segmentation.inputs.window import read_window
from service.segmentation.measures.measure import Measure
from service.segmentation.request import MAX_TOLERANCE, MIN_REGION, THRESHOLD, TOLERANCE


class Recipe(msgspec.Struct, frozen=True):
    """All that decides the outputs of an image, besides the image: the model's digest, and the options."""

    digest: str
    confidence: bool = False
    overlay: bool = False
    spacing: str | None = None
    window: str | None = None
    include: tuple[Measure, ...] = ()
    min_region: int = MIN_REGION
    tolerance: float = TOLERANCE
    threshold: float = THRESHOLD


RecipeFor = partial[Recipe]
"""The options; it takes the model's `digest`."""


def reads(read: Callable[[str], object]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Checks that `read` understands an option's text, and passes the text on."""

    def checked(_: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
        if text is not None:
            try:
                read(text)
            except ValueError as error:
                raise click.BadParameter(f"{error}.", param=parameter) from error
        return text

    return checked


def measures(_: click.Context, parameter: click.Parameter, text: str) -> tuple[Measure, ...]:
    """`regions, rle` -> two measures, each once, in their own order."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = names - set(Measure)
    if unknown:
        raise click.BadParameter(f"{min(unknown)!r} is none of {', '.join(Measure)}.", param=parameter)
    return tuple(measure for measure in Measure if measure in names)


OPTIONS = (
    click.option("--overlay", is_flag=True, help="Also draw the classes over the photo, as WebP."),
    click.option("--confidence", is_flag=True, help="Also give the mean probability of each class."),
    click.option(
        "--include",
        callback=measures,
        default="",
        metavar="NAME,...",
        help=f"Also measure, in the answer: {', '.join(Measure)}; the maps are files.",
    ),
    click.option(
        "--min-region",
        type=click.IntRange(min=1),
        default=MIN_REGION,
        show_default=True,
        help="Pixels of the smallest region that is listed.",
    ),
    click.option(
        "--tolerance",
        type=click.FloatRange(0, MAX_TOLERANCE),
        default=TOLERANCE,
        show_default=True,
        help="Pixels by which polygons may differ from their outlines.",
    ),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 1),
        default=THRESHOLD,
        show_default=True,
        help="Probability below which a pixel is one of low confidence.",
    ),
    click.option(
        "--spacing", callback=reads(read_spacing), help="Size of a pixel in mm, 0.5 or row,column, for areas."
    ),
    click.option("--window", callback=reads(read_window), help="Black and white of 16-bit grey: low,high or auto."),
)


def recipe_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a recipe; it is called with `recipe`, a RecipeFor, in their place."""

    @wraps(command)
    def packed(**given: Any) -> None:
        names = set(msgspec.structs.asdict(Recipe(digest=""))) & given.keys()
        command(recipe=partial(Recipe, **{name: given.pop(name) for name in names}), **given)

    for option in reversed(OPTIONS):
        packed = option(packed)
    return packed
