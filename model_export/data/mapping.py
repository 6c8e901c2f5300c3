"""Which of a network's classes each class of another data set may be: that data set's `mapping.json`.

It maps each name in `classes.json` to a list of the network's names: one where the class is surely that one, several
where it is one of them, none where the class is ignored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from model_export.errors import DataError
from service.segmentation.modelfile.classes import Class, ClassList
from service.segmentation.modelfile.contract import Labels

FILE = "mapping.json"

Choice = frozenset[int]
"""Ids of the network's classes that a pixel may be of."""


@dataclass(frozen=True)
class Mapping:
    """For each class of a data set, in id order, the network's classes that it may be."""

    choices: tuple[Choice, ...]

    def several(self) -> list[Choice]:
        """The distinct choices between several classes, in order."""
        return list(dict.fromkeys(choice for choice in self.choices if len(choice) > 1))

    def ids(self, several: Sequence[Choice], classes: int) -> list[int | None]:
        """The label in training of each class of the data set: the id of the network's class that it surely is,
        `classes` + i for the i-th choice of `several`, None where it is ignored."""
        return [
            None if not choice else min(choice) if len(choice) == 1 else classes + several.index(choice)
            for choice in self.choices
        ]


def read_mapping(root: Path, own: ClassList, target: ClassList) -> Mapping:
    """The mapping from a data set's `own` classes to a network's, `target`; equal classes need no file.

    Raises DataError where the file is missing or invalid.
    """
    if own.names == target.names:
        return Mapping(tuple(frozenset({id_}) for id_ in range(len(own.classes))))
    path = root / FILE
    try:
        document = msgspec.json.decode(path.read_bytes(), type=dict[str, list[str]])
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: the classes of {root} are {own.names}, the model's {target.names}, and it must say "
            f"which of the model's each one may be."
        ) from None
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: {error}") from error
    check(document, path, own, target)
    return Mapping(tuple(frozenset(map(target.names.index, document[name])) for name in own.names))


def check(document: dict[str, list[str]], path: Path, own: ClassList, target: ClassList) -> None:
    """Raises DataError where a mapping does not fit the classes."""
    for name in own.names:
        if name not in document:
            raise DataError(f"{path} does not map {name}; give it a list of classes, empty to ignore it.")
    for name, choices in document.items():
        if name not in own.names:
            raise DataError(f"{path} maps {name}, which is not in classes.json.")
        for choice in choices:
            if choice not in target.names:
                raise DataError(f"{path} maps {name} to {choice}, but the classes are {', '.join(target.names)}.")
    if not any(document.values()):
        raise DataError(f"{path} ignores every class; map one at least.")


@dataclass(frozen=True)
class Merged:
    """The classes that a network is judged by on a data set with other classes.

    Classes of the data set that have the same choice are one, and those without a choice are not judged. `ids` has the
    id among `classes` of each of the data set's own classes, None where it is not judged. A predicted class is right
    where the true one may be it. Where it is wrong, it counts as the first of `classes` that may be it.
    """

    classes: ClassList
    ids: tuple[int | None, ...]
    outcomes: np.ndarray[tuple[int, int], np.dtype[np.uint8]]
    """[256, network's classes]: what a predicted class counts as where the truth is that of the row; the number of
    `classes` where none of them may be it."""

    def labels(self, predicted: Labels, truth: Labels) -> Labels:
        """The network's labels as ids of `classes`, given the truth in these ids; uint8 [H, W] each."""
        merged: Labels = self.outcomes[truth, predicted]
        return merged


def merged(mapping: Mapping, own: ClassList, target: ClassList) -> Merged:
    """What a network with the classes `target` is judged by on a data set with `own` ones."""
    groups: dict[Choice, list[Class]] = {}
    for class_, choice in zip(own.classes, mapping.choices, strict=True):
        if choice:
            groups.setdefault(choice, []).append(class_)
    choices = list(groups)
    classes = tuple(
        Class(id_, " + ".join(one.name for one in members)[:100], members[0].color)
        for id_, members in enumerate(groups.values())
    )
    outcomes: np.ndarray[Any, np.dtype[np.uint8]] = np.empty((256, len(target.classes)), np.uint8)
    for predicted in range(len(target.classes)):
        holders = [id_ for id_, choice in enumerate(choices) if predicted in choice]
        outcomes[:, predicted] = holders[0] if holders else len(choices)
        outcomes[holders, predicted] = holders
    ids = tuple(choices.index(choice) if choice else None for choice in mapping.choices)
    return Merged(ClassList(classes), ids, outcomes)
