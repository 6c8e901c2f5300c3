"""The four figures of Long, Shelhamer and Darrell 2015 (section 5), from one confusion matrix."""

import torch
from torch import Tensor
from torchmetrics.classification import MulticlassConfusionMatrix

from model_export.data.folder import VOID
from service.segmentation.modelfile.contract import Metrics


class Meter:
    """Adds up labels against truth, image by image."""

    def __init__(self, classes: int) -> None:
        # Stays on the CPU: torchmetrics' matrix is exact there, and labels are small.
        self._matrix = MulticlassConfusionMatrix(classes, ignore_index=VOID, validate_args=False)

    def add(self, labels: Tensor, truth: Tensor) -> None:
        """Count integer tensors of one shape; truth VOID is left out."""
        self._matrix.update(labels.long().cpu(), truth.long().cpu())

    def confusion(self) -> Tensor:
        """Pixel counts [C, C], truth in rows, prediction in columns."""
        counts: Tensor = self._matrix.compute()
        return counts

    def metrics(self) -> Metrics:
        return from_confusion(self.confusion().double())


def from_confusion(confusion: Tensor) -> Metrics:
    """The figures of a matrix [C, C] of pixel counts, truth in rows, prediction in columns."""
    hits, truth, predicted = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    accuracy = hits / truth
    iu = hits / (truth + predicted - hits)
    return Metrics(
        pixel_accuracy=(hits.sum() / truth.sum()).item(),
        mean_accuracy=accuracy.nanmean().item(),
        mean_iu=iu.nanmean().item(),
        frequency_weighted_iu=((truth * iu).nansum() / truth.sum()).item(),
        iu=tuple(None if torch.isnan(value) else value.item() for value in iu),
    )
