"""The four figures of Long, Shelhamer and Darrell 2015 (section 5), from one confusion matrix."""

from typing import Any

import numpy as np

from model_export.data.folder import VOID
from model_export.errors import DataError
from service.segmentation.modelfile.contract import Metrics

Labels = np.ndarray[Any, np.dtype[np.uint8]]
"""Class ids, of any shape."""

Confusion = np.ndarray[tuple[int, int], np.dtype[np.int64]]
"""Pixel counts [C, C + 1], truth in rows, prediction in columns; the last column is a prediction of no class."""


class Meter:
    """Adds up labels against truth, image by image."""

    def __init__(self, classes: int) -> None:
        self.confusion: Confusion = np.zeros((classes, classes + 1), np.int64)

    def add(self, labels: Labels, truth: Labels) -> None:
        """Count labels and truth of one shape; pixels whose truth is VOID are left out. The label C is no class."""
        shape = self.confusion.shape
        judged = truth != VOID
        pairs = truth[judged].astype(np.int64) * shape[1] + labels[judged]
        self.confusion += np.bincount(pairs, minlength=self.confusion.size).reshape(shape)

    def metrics(self) -> Metrics:
        """The figures so far. Raises DataError where every pixel was void."""
        if not self.confusion.any():
            raise DataError("No pixel of these images has a class: all are void.")
        return from_confusion(self.confusion)


def from_confusion(confusion: Confusion) -> Metrics:
    """The figures of a matrix that counts at least one pixel.

    A class without a pixel in truth has no accuracy. One that is neither in truth nor predicted has no IU either. The
    means leave out what does not exist.
    """
    hits, truth, predicted = confusion.diagonal(), confusion.sum(1), confusion.sum(0)[: len(confusion)]
    union = truth + predicted - hits
    iu = [hit / all_ if all_ else None for hit, all_ in zip(hits.tolist(), union.tolist(), strict=True)]
    there = [value for value in iu if value is not None]
    weighted = sum(share * (value or 0) for share, value in zip(truth.tolist(), iu, strict=True))
    return Metrics(
        pixel_accuracy=float(hits.sum() / truth.sum()),
        mean_accuracy=float((hits[truth > 0] / truth[truth > 0]).mean()),
        mean_iu=sum(there) / len(there),
        frequency_weighted_iu=weighted / int(truth.sum()),
        iu=tuple(iu),
    )
