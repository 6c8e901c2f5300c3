"""How far the latest images lie from those that a model was validated on, place by place.

What images consist of, and how sure the network is of it, falls into the bins of the contract's references. The
distance of two histograms is that of Jensen and Shannon: the root of their divergence in bits (Lin 1991: Divergence
Measures Based on the Shannon Entropy; Endres and Schindelin 2003: A New Metric for Probability Distributions). It is 0
for the same distribution and 1 where none of the bins is in both. Empty bins do no harm, as they do in the population
stability index.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from service.segmentation.measures.composition import Composition
from service.segmentation.measures.volumes import BACKGROUND
from service.segmentation.modelfile.contract import Contract, Distribution, Reference

LATEST = 1000
"""So many images are compared."""

FEWEST = 100
"""Of fewer images there is no saying how they are distributed."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Drift:
    """Distances, 0..1, from one place: of the share of each class, and of confidence, None without scores. They are NaN
    where too few images are known."""

    place: str
    shares: dict[str, float]
    confidence: float | None

    @property
    def mean(self) -> float:
        """Over the classes."""
        return sum(self.shares.values()) / len(self.shares)


class Window:
    """The latest images of a model."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._latest: deque[Composition] = deque(maxlen=LATEST)

    def __len__(self) -> int:
        return len(self._latest)

    def add(self, seen: Composition) -> None:
        """Add an image, or the slices of a scan."""
        self._latest.extend(compared(self.contract, seen))

    def drifts(self) -> list[Drift]:
        """Of the images from each place of the contract's references."""
        shares = np.array([one.shares for one in self._latest]).reshape(-1, len(self.contract.labels.names))
        known = np.array([one.confidence for one in self._latest if one.confidence is not None])
        return [self._drift(reference, shares, known) for reference in self.contract.references]

    def _drift(self, reference: Reference, shares: Values, known: Values) -> Drift:
        columns = dict(zip(self.contract.labels.names, shares.T, strict=True))
        return Drift(
            reference.place,
            {name: drift(columns[name], expected) for name, expected in reference.shares.items()},
            None if reference.confidence is None else drift(known, reference.confidence),
        )


def compared(contract: Contract, seen: Composition) -> Iterator[Composition]:
    """What is compared: the image. With a model for scans the slices that are not all background, and in them the
    shares of the rest, so that air around the head makes no difference; the share of the background is 0."""
    if not contract.for_scans:
        yield seen
        return
    for one in seen.slices or (seen,):
        inside = 1 - one.shares[BACKGROUND]
        if inside > 0:
            shares = tuple(0.0 if id_ == BACKGROUND else share / inside for id_, share in enumerate(one.shares))
            yield Composition(shares, one.confidence)


def drift(values: Values, expected: Distribution) -> float:
    """The distance of values, 0..1, from a distribution; NaN of fewer than FEWEST."""
    if len(values) < FEWEST:
        return nan
    bins = np.bincount(np.searchsorted(expected.edges, values), minlength=len(expected.bins))
    return distance(bins / len(values), np.array(expected.bins))


def distance(first: Values, second: Values) -> float:
    """The Jensen-Shannon distance of two distributions over the same bins, 0..1."""
    middle = (first + second) / 2
    return float(np.sqrt(max(0.0, (divergence(first, middle) + divergence(second, middle)) / 2)))


def divergence(first: Values, second: Values) -> float:
    """Of Kullback and Leibler, in bits."""
    there = first > 0
    return float((first[there] * np.log2(first[there] / second[there])).sum())
