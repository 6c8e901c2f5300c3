"""Pixels of labelled images, with the scores that a network gives them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model_export.data.folder import VOID, SegmentationFolder
from model_export.errors import DataError
from service.segmentation.measures.areas import nearest
from service.segmentation.modelfile.contract import Scores
from service.segmentation.runtime.call import Call
from service.segmentation.segmenter import Labeller, Segmenter, unnormalised

STEP = 3
"""Every third pixel of every third row is taken: neighbours hardly differ."""

Ids = NDArray[np.uint8]
Flags = np.ndarray[tuple[int, int], np.dtype[np.bool_]]
Shares = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True)
class Sampled:
    """Pixels of an image, of which none is void, as the network saw them.

    `scores` are logits, float32 [classes, 1, pixels]. `labels` [pixels] are the classes that the network chose, `truth`
    [pixels] those of the data set, which is judged by `judged` classes. `outcomes` [256, classes] is what each of the
    network's classes counts as where the truth is that of the row (see `Merged`).
    """

    scores: Scores
    labels: Ids
    truth: Ids
    outcomes: NDArray[np.uint8]
    judged: int

    @cached_property
    def allowed(self) -> Flags:
        """[classes, pixels]: the network's classes that are right."""
        right: Flags = self.truth == self.outcomes[self.truth].T
        return right

    @cached_property
    def chosen(self) -> Flags:
        """[classes, pixels]: those that count as the class that the network chose: it alone, or all that are the same
        to a data set that merges classes."""
        same: Flags = self.outcomes[self.truth, self.labels] == self.outcomes[self.truth].T
        return same

    def probabilities(self, temperature: float) -> Shares:
        """The softmax of the scores divided by `temperature`, float32 [classes, pixels]."""
        shares = unnormalised(self.scores, temperature)[:, 0]
        probabilities: Shares = shares / shares.sum(axis=0)
        return probabilities


def sampled(model: Labeller, data: SegmentationFolder, indices: Iterable[int]) -> Iterator[Sampled]:
    """Pixels of the images at `indices`. Raises DataError where one is invalid, or the model gives no scores."""
    classes = len(model.contract.labels.classes)
    outcomes = np.tile(np.arange(classes, dtype=np.uint8), (256, 1)) if data.merged is None else data.merged.outcomes
    segmenter = Segmenter(model)
    for index in indices:
        photo = data.read(index)[0]
        labels, cells = segmenter.output(photo, photo.size, True, Call())
        if cells is None:
            raise DataError(f"{model.contract.name} gives labels alone, so it has no probabilities.")
        height, width = labels.shape
        rows, columns = nearest(photo.height, height)[::STEP], nearest(photo.width, width)[::STEP]
        truth = data.truth(index)[np.ix_(rows, columns)].ravel()
        seen = truth != VOID
        logits = cells.logits()[:, :height:STEP, :width:STEP].reshape(classes, 1, -1)[:, :, seen]
        yield Sampled(logits, labels[::STEP, ::STEP].ravel()[seen], truth[seen], outcomes, len(data.classes.classes))
