"""How far the images of late lie from those that a model was validated on.

What an image consists of, and how sure the network is of it, are put into the bins of the contract's reference. The
distance of both histograms is that of Jensen and Shannon: the root of their divergence in bits (Lin 1991: Divergence
Measures Based on the Shannon Entropy; Endres and Schindelin 2003 show that the root is a metric). It is 0 for the same
distribution and 1 where none of the bins is in both. Empty bins do no harm, as they do in the population stability
index.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from math import log2, sqrt

from service.segmentation.measures.composition import Composition
from service.segmentation.measures.volumes import BACKGROUND
from service.segmentation.modelfile.contract import Contract, Distribution

LATEST = 1000
"""An image counts 1/e of the latest after so many others."""

FEWEST = 100
"""Of fewer images there is no saying how they are distributed."""


class Histogram:
    """Where the latest values lie in the bins of a distribution."""

    def __init__(self, expected: Distribution) -> None:
        self._expected = expected
        self._weights = [0.0] * len(expected.bins)
        self.values = 0

    def add(self, value: float) -> None:
        """Add a share, 0..1."""
        self._weights = [weight * (1 - 1 / LATEST) for weight in self._weights]
        self._weights[bisect_left(self._expected.edges, value)] += 1
        self.values += 1

    @property
    def drift(self) -> float | None:
        """The distance from the distribution, 0..1; None of fewer than FEWEST values."""
        if self.values < FEWEST:
            return None
        total = sum(self._weights)
        return distance([weight / total for weight in self._weights], self._expected.bins)


class Window:
    """The latest images of a model whose contract has a reference. Its memory does not grow with them."""

    def __init__(self, contract: Contract) -> None:
        reference = contract.reference
        assert reference is not None, "nothing to compare with"
        self.contract = contract
        self.classes = {name: Histogram(expected) for name, expected in reference.shares.items()}
        self.confidence = None if reference.confidence is None else Histogram(reference.confidence)

    def add(self, seen: Composition) -> None:
        """Add an image, or the slices of a scan."""
        for one in compared(self.contract, seen):
            shares = dict(zip(self.contract.labels.names, one.shares, strict=True))
            for name, histogram in self.classes.items():
                histogram.add(shares[name])
            if self.confidence is not None and one.confidence is not None:
                self.confidence.add(one.confidence)


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


def distance(first: Sequence[float], second: Sequence[float]) -> float:
    """The Jensen-Shannon distance of two distributions over the same bins, 0..1."""
    middle = [(p + q) / 2 for p, q in zip(first, second, strict=True)]
    return sqrt(max(0.0, (divergence(first, middle) + divergence(second, middle)) / 2))


def divergence(first: Sequence[float], second: Sequence[float]) -> float:
    """Of Kullback and Leibler, in bits."""
    return sum(p * log2(p / q) for p, q in zip(first, second, strict=True) if p > 0)
