"""The size and the posture of the labelled tissue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.segmentation.measures.volumes import BACKGROUND

_ENDS = 0.01, 0.99
"""Shares of the tissue between which its sides are measured: a few stray voxels change nothing."""
_LOWEST = 0.2


@dataclass(frozen=True)
class Shape:
    """In mm, of all tissues together.

    width, length, height: from right to left, front to back, feet to head.
    behind: how far the lowest fifth, which has the cerebellum, lies behind the rest; negative before it.
    """

    width: float
    length: float
    height: float
    behind: float


def shape_of(labels: NDArray[np.uint8], spacing: tuple[float, float, float]) -> Shape | None:
    """Of labels [slice, row, column] as `Axial` has them; None without tissue."""
    tissue = labels != BACKGROUND
    rows = tissue.sum(axis=2)  # [slice, row]
    if not rows.any():
        return None
    height, length, width = (
        _side(along) * mm
        for along, mm in zip((rows.sum(axis=1), rows.sum(axis=0), tissue.sum(axis=(0, 1))), spacing, strict=True)
    )
    low = rows.sum(axis=1).cumsum() <= _LOWEST * rows.sum()
    lowest, rest = rows[low].sum(axis=0), rows[~low].sum(axis=0)  # the rest has at least one slice
    behind = (_middle(lowest) - _middle(rest)) * spacing[1] if lowest.any() else 0.0
    return Shape(width, length, height, behind)


def _side(along: NDArray[np.int64]) -> float:
    """Voxels between the ends of what is counted along an axis."""
    share = along.cumsum() / along.sum()
    first, last = np.searchsorted(share, _ENDS)
    return float(last - first + 1)


def _middle(along: NDArray[np.int64]) -> float:
    return float(along @ np.arange(along.size) / along.sum())
