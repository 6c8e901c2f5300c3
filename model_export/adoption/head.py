"""What comes out of a foreign network, found by running it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_export.errors import AdoptionError

Array = NDArray[Any]

CERTAIN = 1e-3
"""By how much the sum of softmaxed scores may differ from 1."""


@dataclass(frozen=True)
class Head:
    """An output of scores, [N, C, h, w] or, where `last`, [N, h, w, C]; or of labels, [N, h, w] or with a C of 1.

    stride: H / h and W / w; None where these are no equal integers.
    planes: C, or 0 where labels have no such axis.
    probabilities: whether scores are probabilities, whose logarithms are the logits.
    threshold: of networks that judge every class by itself, the probability from which a class counts. A pixel where
    none does is background, class 0, for which the network has no scores; elsewhere the most probable class is the
    label. None where classes exclude each other.
    """

    labels: bool
    last: bool
    stride: int | None
    planes: int
    probabilities: bool = False
    threshold: float | None = None

    @property
    def background(self) -> float | None:
        """The logit of background: that of the threshold. Then the greatest logit is the label."""
        return None if self.threshold is None else float(np.log(self.threshold / (1 - self.threshold)))


def found(output: Array, height: int, width: int, classes: int, threshold: float | None) -> Head:
    """The head of a network that gives `output` for an image of this size and has `classes` classes, without the
    background that `threshold` adds. Raises AdoptionError."""
    labels = bool(np.issubdtype(output.dtype, np.integer))
    if not np.isfinite(output).all():
        raise AdoptionError(
            "Its scores for a photo are not numbers (NaN or infinity): export it in evaluation mode, as float32."
        )
    planes, last, (high, wide) = axes(output, labels, classes)
    step = height // high
    even = (step * high, step * wide) == (height, width)
    if (high, wide) == (1, 1) or abs(wide - width * high / height) > 2 or (labels and not even):
        raise AdoptionError(
            f"Its output for an image of {width}x{height} is {wide}x{high}, which is no map of the image: choose "
            f"another output, or export the network without what follows its map of scores."
        )
    stride = step if even else None
    if labels:
        if threshold is not None:
            raise AdoptionError("It gives labels, and a threshold is for scores: leave --threshold out.")
        if output.min() < 0 or output.max() >= classes:
            raise AdoptionError(
                f"It gives the label {output.max()}, and there are {classes} classes: list all of them."
            )
        return Head(True, last, stride, planes)
    if classes == 1 and threshold is None:
        raise AdoptionError("It has one class: state by --threshold from which probability on a pixel is of it.")
    probabilities = bool(output.min() >= 0 and output.max() <= 1)
    sums = output.sum(axis=3 if last else 1)
    if probabilities and threshold is None and np.abs(sums - 1).max() > CERTAIN:
        raise AdoptionError(
            "Its scores are between 0 and 1 and do not add up to 1, as those of sigmoids: state by --threshold from "
            "which probability on a pixel is of a class."
        )
    return Head(False, last, stride, planes, probabilities, threshold)


def axes(output: Array, labels: bool, classes: int) -> tuple[int, bool, tuple[int, int]]:
    """The number of planes, whether they are the last axis, and height and width. Raises AdoptionError."""
    shape = output.shape
    if labels and len(shape) == 3:
        return 0, False, (shape[1], shape[2])
    if len(shape) != 4:
        raise AdoptionError(
            f"Its output is {list(shape)}, not a map [N, classes, h, w] of scores or [N, h, w] of labels: networks "
            f"that name one class per image cannot be adopted."
        )
    wanted = 1 if labels else classes
    if shape[1] == wanted:
        return wanted, False, (shape[2], shape[3])
    if shape[3] == wanted:
        return wanted, True, (shape[1], shape[2])
    raise AdoptionError(
        f"Its output is {list(shape)}, and {classes} classes are listed: list as many as it has scores."
    )
