"""What an image consists of: the share of every class, and how sure the network was of them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Composition:
    """shares: of the pixels of an image, or the voxels of a scan, by class id; their sum is 1.
    confidence: the mean probability of the chosen labels, 0..1; None where it was not computed.
    slices: those of a scan.
    """

    shares: tuple[float, ...]
    confidence: float | None
    slices: tuple["Composition", ...] = ()


def composition(pixels: Sequence[int], means: Sequence[float | None]) -> Composition:
    """The composition of an image with so many pixels of each class, and these mean probabilities of them."""
    total = sum(pixels)
    weighted = [None if mean is None else mean * n for mean, n in zip(means, pixels, strict=True) if n]
    known = [share for share in weighted if share is not None]
    return Composition(tuple(n / total for n in pixels), sum(known) / total if len(known) == len(weighted) else None)
