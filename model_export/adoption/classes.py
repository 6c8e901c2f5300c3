"""The classes of a foreign network: names and colours from the files that come with it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from model_export.errors import AdoptionError
from service.segmentation.modelfile.classes import Class, ClassList

BACKGROUND = "background"

NAMES = "a name per line, a JSON list of names, a config.json with id2label, a classes.json, or an indexed PNG"
COLOURS = "an indexed PNG, or a line of red, green and blue, 0 to 255, for each class"


def read(path: Path, palette: Path | None = None) -> ClassList:
    """The classes in a file: a data set's classes.json, a JSON list or dictionary of names, a config.json with
    `id2label`, a text file with a name per line, or an indexed PNG, whose palette has colours without names.

    Colours are those of the file, of the `palette` (an indexed PNG, or a text file of `red green blue` lines), or
    Pascal VOC's. Raises AdoptionError, which names the file that is wrong.
    """
    with understanding(path, NAMES):
        if path.suffix.lower() == ".png":
            found = colours(path)
            return named([f"class {number}" for number in range(len(found))], found)
        content = names_in(path)
        if isinstance(content, ClassList):
            return content
        listed = named(content)
    if palette is None:
        return listed
    with understanding(palette, COLOURS):
        return named(content, colours(palette))


@contextmanager
def understanding(path: Path, wanted: str) -> Iterator[None]:
    """Turn an error about the content of a file into an AdoptionError that names it and says what is `wanted`."""
    try:
        yield
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise AdoptionError(f"{path} is not understood ({error}): give {wanted}.") from error


def names_in(path: Path) -> ClassList | list[str]:
    """Names in order of their ids, or whole classes. Raises ValueError and MsgspecError."""
    text = path.read_text()
    if path.suffix.lower() != ".json":
        return [line.strip() for line in text.splitlines() if line.strip()]
    document: Any = json.loads(text)
    if isinstance(document, dict) and "classes" in document:
        return msgspec.convert(document, ClassList)
    if isinstance(document, dict):
        labels = msgspec.convert(document.get("id2label", document), dict[int, str], strict=False)
        if sorted(labels) != list(range(len(labels))):
            raise ValueError("its ids do not count up from 0")
        return [labels[number] for number in range(len(labels))]
    return msgspec.convert(document, list[str])


def names(path: Path) -> list[str]:
    """The names alone, of however many classes. Raises AdoptionError."""
    with understanding(path, NAMES):
        content = names_in(path)
    return list(content.names) if isinstance(content, ClassList) else content


def named(names: Sequence[str], given: Sequence[str] | None = None) -> ClassList:
    """Classes of these names, in `given` colours, or in Pascal VOC's.

    Raises ValueError where there are too few or too many, and ValidationError where one is invalid.
    """
    if given is not None and len(given) < len(names):
        raise ValueError(f"there are {len(given)} colours for {len(names)} names")
    if len(names) > 255:
        raise ValueError(f"there are {len(names)}, and a model file has at most 255, as its labels are bytes")
    shown = given or [voc_colour(number) for number in range(len(names))]
    listed = [Class(number, name, color) for number, (name, color) in enumerate(zip(names, shown, strict=False))]
    return msgspec.convert({"classes": msgspec.to_builtins(listed)}, ClassList)


def with_background(classes: ClassList) -> ClassList:
    """The classes after one more, `background`, black. Raises AdoptionError where one is called so already."""
    if BACKGROUND in classes.names:
        raise AdoptionError(
            f"The network has no scores for {BACKGROUND!r}, which --threshold adds: leave it out of the classes."
        )
    black = "#000000"
    found = [voc_colour(len(classes.classes) + 1) if one.color == black else one.color for one in classes.classes]
    return named([BACKGROUND, *classes.names], [black, *found])


def colours(path: Path) -> list[str]:
    """The palette of an indexed PNG, up to its last index, or of lines of three numbers, 0..255, as #rrggbb.

    Raises ValueError, OSError.
    """
    if path.suffix.lower() == ".png":
        with Image.open(path) as image:
            values = image.getpalette("RGB")
            if image.mode != "P" or values is None:
                raise ValueError("the PNG is not indexed, so it has no palette")
            highest = int(np.asarray(image).max())
        rows = [values[start : start + 3] for start in range(0, len(values), 3)][: highest + 1]
        return [f"#{bytes(row).hex()}" for row in rows]
    return [colour(line) for line in path.read_text().splitlines() if line.strip()]


def colour(line: str) -> str:
    """#0a141e of 10 20 30, or of 10, 20, 30; what follows is no matter. Raises ValueError."""
    try:
        red, green, blue = bytes(map(int, line.replace(",", " ").split()[:3]))
    except ValueError:
        raise ValueError(f"{line!r} is no colour") from None
    return f"#{red:02x}{green:02x}{blue:02x}"


def voc_colour(number: int) -> str:
    """The colour of a class in Pascal VOC's devkit: its bits, three at a time, are the highest bits of RGB."""
    red = green = blue = 0
    for place in range(7, -1, -1):
        red |= (number & 1) << place
        green |= (number >> 1 & 1) << place
        blue |= (number >> 2 & 1) << place
        number >>= 3
    return f"#{red:02x}{green:02x}{blue:02x}"
