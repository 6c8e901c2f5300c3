"""The classes of a foreign network: names and colours from the files that come with it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from model_export.errors import AdoptionError
from service.segmentation.modelfile.classes import Class, ClassList

BACKGROUND = "background"


def read(path: Path, palette: Path | None = None) -> ClassList:
    """The classes in a file: a data set's classes.json, a JSON list or dictionary of names, a config.json with
    `id2label`, a text file with a name per line, or an indexed PNG, whose palette has colours without names.

    Colours are those of the file, of the `palette` (an indexed PNG, or a text file of `red green blue` lines), or
    Pascal VOC's. Raises AdoptionError.
    """
    try:
        if path.suffix.lower() == ".png":
            found = colours(path)
            return named([f"class {number}" for number in range(len(found))], found)
        content = names_in(path)
        if isinstance(content, ClassList):
            return content
        return named(content, None if palette is None else colours(palette))
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise AdoptionError(f"{path}: the classes in it are not understood: {error}.") from error


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
            raise ValueError("its ids are not 0, 1, 2, ...")
        return [labels[number] for number in range(len(labels))]
    return msgspec.convert(document, list[str])


def names(path: Path) -> list[str]:
    """The names alone, of however many classes. Raises AdoptionError."""
    try:
        content = names_in(path)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise AdoptionError(f"{path}: the classes in it are not understood: {error}.") from error
    return list(content.names) if isinstance(content, ClassList) else content


def named(names: Sequence[str], given: Sequence[str] | None = None) -> ClassList:
    """Classes of these names, in `given` colours, or in Pascal VOC's. Raises ValueError where they are too few."""
    if given is not None and len(given) < len(names):
        raise ValueError(f"the palette has {len(given)} colours for {len(names)} names")
    if len(names) > 255:
        raise ValueError(f"there are {len(names)}, and a model file has at most 255, as its labels are bytes")
    shown = given or [voc_colour(number) for number in range(len(names))]
    listed = [Class(number, name, color) for number, (name, color) in enumerate(zip(names, shown, strict=False))]
    return msgspec.convert(ClassList(tuple(listed)), ClassList, from_attributes=True)


def with_background(classes: ClassList) -> ClassList:
    """The classes after one more, `background`, black. Raises AdoptionError where one is called so already."""
    if BACKGROUND in classes.names:
        raise AdoptionError(f"The classes have {BACKGROUND!r} already, yet the network has no scores for it.")
    black = "#000000"
    found = [voc_colour(len(classes.classes) + 1) if one.color == black else one.color for one in classes.classes]
    return named([BACKGROUND, *classes.names], [black, *found])


def colours(path: Path) -> list[str]:
    """The palette of an indexed PNG, up to its last index; or of lines of three numbers. Raises ValueError, OSError."""
    if path.suffix.lower() == ".png":
        with Image.open(path) as image:
            values = image.getpalette("RGB")
            if image.mode != "P" or values is None:
                raise ValueError("the PNG is not indexed, so it has no palette")
            highest = int(np.asarray(image).max())
        rows = [values[start : start + 3] for start in range(0, len(values), 3)][: highest + 1]
        return ["#{:02x}{:02x}{:02x}".format(*row) for row in rows]
    rows = [
        list(map(int, line.replace(",", " ").split()[:3])) for line in path.read_text().splitlines() if line.strip()
    ]
    return ["#{:02x}{:02x}{:02x}".format(*row) for row in rows]


def voc_colour(number: int) -> str:
    """The colour of a class in Pascal VOC's devkit: its bits, three at a time, are the highest bits of RGB."""
    red = green = blue = 0
    for place in range(7, -1, -1):
        red |= (number & 1) << place
        green |= (number >> 1 & 1) << place
        blue |= (number >> 2 & 1) << place
        number >>= 3
    return f"#{red:02x}{green:02x}{blue:02x}"
