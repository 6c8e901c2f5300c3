"""How certain a network is of its labels, by the probabilities of its classes, at its own resolution."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.segmentation.measures.measure import Measure
from service.segmentation.modelfile.contract import Labels

MAPS = frozenset({Measure.CONFIDENCE_MAP, Measure.ENTROPY})
OF_SCORES = MAPS | {Measure.LOW_CONFIDENCE}
"""Measures that only a network with scores can give."""

Plane = NDArray[np.float32]
"""[H, W], 0..1."""
Shares = NDArray[np.float32]
"""[classes, H, W]: probabilities before they are divided by their sum; the greatest of each pixel is 1."""
Means = tuple[float | None, ...]
"""Of each class, a mean over its pixels, 0..1; None for a class without pixels."""


@dataclass(frozen=True)
class LowConfidence:
    """The share of pixels whose label is less probable than `threshold`: of all, and of each class; None for a class
    without pixels."""

    threshold: float
    fraction: float
    classes: Means


@dataclass(frozen=True, eq=False)
class Certainty:
    """Maps of the image's size, 0..255 for 0..1, and the share of uncertain pixels; None is what was not asked for.

    confidence_map: the probability of the label of each pixel. entropy: see `entropy_of`.
    """

    confidence_map: Labels | None = None
    entropy: Labels | None = None
    low_confidence: LowConfidence | None = None

    def with_maps(self, change: Callable[[Labels], Labels]) -> "Certainty":
        """The same with changed maps."""
        likely, entropy = (plane if plane is None else change(plane) for plane in (self.confidence_map, self.entropy))
        return Certainty(likely, entropy, self.low_confidence)


def certainty_of(labels: Labels, shares: Shares, include: frozenset[Measure], threshold: float) -> Certainty:
    """What `include` names, of labels [H, W] and the shares of their classes; the maps are of that size."""
    if include.isdisjoint(OF_SCORES):
        return Certainty()
    likely = 1 / shares.sum(axis=0)
    return Certainty(
        in_bytes(likely) if Measure.CONFIDENCE_MAP in include else None,
        in_bytes(entropy_of(shares)) if Measure.ENTROPY in include else None,
        low_of(labels, likely, len(shares), threshold) if Measure.LOW_CONFIDENCE in include else None,
    )


def probability(shares: Shares, class_id: int) -> Labels:
    """The probability (softmax) of one class at every pixel, 0..255 for 0..1."""
    return in_bytes(shares[class_id] / shares.sum(axis=0))


def class_means(labels: Labels, shares: Shares) -> Means:
    """The mean probability (softmax) of the chosen label over each class's pixels; None for a class without pixels."""
    classes, likely = len(shares), 1 / shares.sum(axis=0)
    pixels = np.bincount(labels.ravel(), minlength=classes)
    sums = np.bincount(labels.ravel(), weights=likely.ravel(), minlength=classes)
    return tuple(float(s / n) if n else None for s, n in zip(sums, pixels, strict=True))


def entropy_of(shares: Shares) -> Plane:
    """Shannon's entropy of the classes at each pixel, divided by that of equal probabilities: 0 where the network is
    certain, 1 where it has no idea."""
    total = shares.sum(axis=0)
    inner = np.zeros_like(total)
    for share in shares:
        inner += share * np.log(np.maximum(share, np.finfo(np.float32).tiny))
    entropy: Plane = (np.log(total) - inner / total) / np.log(max(2, len(shares)))
    return entropy


def low_of(labels: Labels, likely: Plane, classes: int, threshold: float) -> LowConfidence:
    flat, low = labels.reshape(-1), (likely < threshold).reshape(-1)
    pixels, below = np.bincount(flat, minlength=classes), np.bincount(flat[low], minlength=classes)
    shares = (float(part / n) if n else None for part, n in zip(below, pixels, strict=True))
    return LowConfidence(threshold, float(low.mean()), tuple(shares))


def in_bytes(plane: Plane) -> Labels:
    """0..1 -> 0..255."""
    rounded: Labels = np.rint(255 * plane.clip(0, 1)).astype(np.uint8)
    return rounded
