"""Labels of slices -> voxels, millilitres and share of every tissue."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.segmentation.measures.composition import Composition

BACKGROUND = 0
"""The class of a model for scans that is not a tissue."""


@dataclass(frozen=True, eq=False)
class Tally:
    """What is counted while a volume is labelled, slice by slice.

    voxels: int64 [slices, classes].
    probability: float64 [slices, classes]: the sum of the chosen label's probability over its voxels; None without
        scores.
    """

    voxels: NDArray[np.int64]
    probability: NDArray[np.float64] | None


@dataclass(frozen=True)
class Extent:
    """What one class covers of a volume.

    share: of the intracranial volume, which is all classes but the background; None for the background, and where
        there is nothing else.
    confidence: the mean probability of the class over its voxels, 0..1; None without voxels or without scores.
    slice_mm2: the area in each axial slice, from feet to head.
    """

    voxels: int
    ml: float
    share: float | None
    confidence: float | None
    slice_mm2: tuple[float, ...]


def extents(tally: Tally, voxel_mm3: float, slice_mm: float) -> list[Extent]:
    """The extent of every class, for voxels of `voxel_mm3` in slices that are `slice_mm` apart."""
    voxels = tally.voxels.sum(axis=0)
    probability = None if tally.probability is None else tally.probability.sum(axis=0)
    inside = int(voxels.sum() - voxels[BACKGROUND])
    mm2 = tally.voxels * (voxel_mm3 / slice_mm)
    return [
        Extent(
            voxels=int(number),
            ml=float(number) * voxel_mm3 / 1000,
            share=float(number) / inside if inside and id_ != BACKGROUND else None,
            confidence=None if probability is None or not number else float(probability[id_] / number),
            slice_mm2=tuple(mm2[:, id_].tolist()),
        )
        for id_, number in enumerate(voxels)
    ]


def composition_of(tally: Tally) -> Composition:
    """The composition of the volume, and those of its slices."""
    voxels, probability = tally.voxels, tally.probability
    whole = counted(voxels.sum(axis=0), None if probability is None else probability.sum(axis=0))
    slices = zip(voxels, [None] * len(voxels) if probability is None else probability, strict=True)
    return replace(whole, slices=tuple(counted(*one) for one in slices))


def counted(voxels: NDArray[np.int64], probability: NDArray[np.float64] | None) -> Composition:
    """Of so many voxels of each class, and the sums of their probabilities; float64 [classes]."""
    number = int(voxels.sum())
    confidence = None if probability is None else float(probability.sum()) / number
    return Composition(tuple((voxels / number).tolist()), confidence)


def intracranial_ml(measured: list[Extent]) -> float:
    """The volume of all classes but the background."""
    return sum(extent.ml for id_, extent in enumerate(measured) if id_ != BACKGROUND)
