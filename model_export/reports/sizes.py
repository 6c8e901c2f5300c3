"""The objects of the truth by size: how many a model finds, and how much of them."""

from typing import Any

import numpy as np

from model_export.data.folder import VOID
from model_export.reports.predictions import Prediction
from model_export.reports.report import markdown
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Labels

SIZES = {"small": 0.0005, "medium": 0.005, "large": 1.0}
"""The largest share of its image that an object of each size has."""

SPECK = 0.00005
"""Parts with a smaller share of the image (9 pixels of 480x360) are specks of a label, no objects."""

Ids = np.ndarray[tuple[int, int], np.dtype[np.int64]]


class Objects:
    """Counts objects, and the pixels in them, by class and size, image by image.

    An object is an 8-connected component of a class in the truth, at the size of the image; of two cars, one before the
    other, it makes one. It is found if at least half of its pixels have its label. A false pixel is as large as the
    component of the labels that it lies in.
    """

    def __init__(self, classes: ClassList) -> None:
        self.classes = classes
        shape = len(classes.classes), len(SIZES)
        self.objects, self.found, self.pixels, self.hits, self.false = (np.zeros(shape, np.int64) for _ in range(5))

    def add(self, prediction: Prediction) -> None:
        """Count the objects of an image; void pixels are in none."""
        labels, truth = prediction.labels, prediction.truth
        known = truth != VOID
        right = (labels == truth) & known
        self._count(truth, known, right)
        parts = components(labels)
        class_ids, sizes, _ = measured(labels, parts)
        wrong = np.bincount(parts[known & ~right], minlength=len(sizes))
        named = class_ids < len(self.classes.classes)  # one more is a label of no class
        np.add.at(self.false, (class_ids[named], sizes[named]), wrong[named])

    def _count(self, truth: Labels, known: np.ndarray[Any, np.dtype[np.bool_]], right: np.ndarray[Any, Any]) -> None:
        parts = components(truth)
        class_ids, sizes, areas = measured(truth, parts)
        hits = np.bincount(parts[right], minlength=len(areas))
        there = np.unique(parts[known])
        there = there[areas[there] >= SPECK * truth.size]
        place = class_ids[there], sizes[there]
        for total, values in (
            (self.objects, np.ones_like(there)),
            (self.found, 2 * hits[there] >= areas[there]),
            (self.pixels, areas[there]),
            (self.hits, hits[there]),
        ):
            np.add.at(total, place, values)

    def table(self) -> str:
        """In Markdown, for each class and size: objects, the share of them that is found, recall and IU of their
        pixels, in percent."""
        captions = ["class", *(f"{size}: {what}" for size in SIZES for what in ("objects", "found", "recall", "IU"))]
        rows = [
            [name, *(cell for size in range(len(SIZES)) for cell in self._cells(class_id, size))]
            for class_id, name in enumerate(self.classes.names)
        ]
        return markdown(captions, rows)

    def _cells(self, class_id: int, size: int) -> list[str]:
        objects, found, pixels, hits, false = (
            int(total[class_id, size]) for total in (self.objects, self.found, self.pixels, self.hits, self.false)
        )
        shares = (found, objects), (hits, pixels), (hits, pixels + false)
        return [str(objects), *(f"{100 * part / whole:.1f}" if objects else "-" for part, whole in shares)]


def explained() -> str:
    """What the table says, in a sentence or two."""
    speck, small, medium = (f"{100 * bound:g} %" for bound in (SPECK, *list(SIZES.values())[:2]))
    return (
        f"Objects are connected parts of the truth: small ones have {speck} to {small} of the image, medium ones up to "
        f"{medium}. An object is found if half of it is labelled right. Recall and IU are of the pixels in objects of "
        f"that size; a false pixel counts by the size of the labelled part it lies in."
    )


def measured(labels: Labels, parts: Ids) -> tuple[Ids, Ids, Ids]:
    """Of each component: its label, its size as a number in SIZES, and its area in pixels."""
    _, first, areas = np.unique(parts, return_index=True, return_counts=True)
    sizes = np.searchsorted(list(SIZES.values()), areas / labels.size)
    return labels.ravel()[first].astype(np.int64), sizes, areas


def components(labels: Labels) -> Ids:
    """The number, from 0, of the 8-connected component of equal labels that each pixel is in, [H, W].

    Runs of equal labels in a row are joined with those that they touch in the next one, by union-find on whole arrays.
    scipy.ndimage.label would do it class by class, for a package of 35 MB.
    """
    begins = np.ones(labels.shape, bool)
    begins[:, 1:] = labels[:, 1:] != labels[:, :-1]
    runs = begins.ravel().cumsum().reshape(labels.shape) - 1
    joints = []
    for upper, lower in ((slice(None), slice(None)), (slice(1, None), slice(-1)), (slice(-1), slice(1, None))):
        same = labels[:-1, upper] == labels[1:, lower]
        joints.append(np.stack([runs[:-1, upper][same], runs[1:, lower][same]]))
    one, other = np.concatenate(joints, 1)
    root = np.arange(runs[-1, -1] + 1)
    while (root[one] != root[other]).any():
        np.minimum.at(root, np.maximum(root[one], root[other]), np.minimum(root[one], root[other]))
        while (root != root[root]).any():
            root = root[root]
    numbers: Ids = np.unique(root, return_inverse=True)[1][runs]
    return numbers
