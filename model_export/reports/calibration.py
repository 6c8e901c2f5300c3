"""How far the probabilities of a model may be believed, pixel by pixel, and the temperature that makes them so.

Guo, Pleiss, Sun and Weinberger 2017: On Calibration of Modern Neural Networks. (The calibration of int8 is another.)
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from model_export.data.folder import VOID, SegmentationFolder
from model_export.data.place import Place
from model_export.errors import DataError
from service.segmentation.measures.areas import nearest
from service.segmentation.modelfile.contract import Scores
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter, unnormalised

STEP = 3
"""Every third pixel of every third row is counted: neighbours hardly differ."""

BINS = 15
"""Of equal width, as in the paper."""

COLDEST, HOTTEST = 0.1, 10.0
"""The temperatures between which one is fitted."""

Flags = np.ndarray[tuple[int, int], np.dtype[np.bool_]]
Shares = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True)
class Sampled:
    """Pixels of an image, of which none is void, as the network saw them.

    `scores` are logits, float32 [classes, 1, pixels]. `allowed` [classes, pixels] are the network's classes that are
    right. `chosen` [classes, pixels] are those that count as the class that the network chose: it alone, or all that
    are the same to a data set that merges classes.
    """

    scores: Scores
    allowed: Flags
    chosen: Flags

    def probabilities(self, temperature: float) -> Shares:
        """The softmax of the scores divided by `temperature`, float32 [classes, pixels]."""
        shares = unnormalised(self.scores, temperature)[:, 0]
        probabilities: Shares = shares / shares.sum(axis=0)
        return probabilities


def sampled(model: Model, data: SegmentationFolder, indices: Iterable[int]) -> Iterator[Sampled]:
    """Pixels of the images at `indices`. Raises DataError where one is invalid, or the model gives no scores."""
    if not model.has_scores:
        raise DataError(f"{model.contract.name} gives labels alone, so it has no probabilities.")
    classes = len(model.contract.labels.classes)
    outcomes = np.tile(np.arange(classes), (256, 1)) if data.merged is None else data.merged.outcomes
    segmenter = Segmenter(model)
    for index in indices:
        photo = data.read(index)[0]
        labels, cells = segmenter.output(photo, photo.size, True, Call())
        assert cells is not None
        height, width = labels.shape
        rows, columns = nearest(photo.height, height)[::STEP], nearest(photo.width, width)[::STEP]
        truth = data.truth(index)[np.ix_(rows, columns)].ravel()
        seen = truth != VOID
        predicted = labels[::STEP, ::STEP].ravel()[seen]
        logits = cells.logits()[:, :height:STEP, :width:STEP].reshape(classes, 1, -1)[:, :, seen]
        truth = truth[seen]
        counts_as = outcomes[truth]
        chosen = counts_as == outcomes[truth, predicted][:, np.newaxis]
        yield Sampled(logits, (counts_as == truth[:, np.newaxis]).T, chosen.T)


def fit(places: Sequence[Sequence[Sampled]]) -> float:
    """The temperature with the least negative log-likelihood, on average over the places, each with its images.

    Where several classes are right, their probability is their sum. It is found by bisection between `COLDEST` and
    `HOTTEST`, so equal images give an equal temperature.
    """
    cold, hot = COLDEST, HOTTEST
    for _ in range(12):
        temperature = float(np.sqrt(cold * hot))
        if mean(slope(images, temperature) for images in places) > 0:
            cold = temperature
        else:
            hot = temperature
    return round(float(np.sqrt(cold * hot)), 3)


def slope(images: Sequence[Sampled], temperature: float) -> float:
    """How the mean negative log-likelihood changes with the inverse of the temperature: the mean logit of all classes,
    by their probabilities, less that of the right ones. Raises DataError where all pixels are void."""
    total, pixels = 0.0, 0
    for image in images:
        logits = image.scores
        everything = unnormalised(logits, temperature)
        right = unnormalised(np.where(image.allowed[:, np.newaxis], logits, -np.inf), temperature)
        finite = np.where(image.allowed[:, np.newaxis], logits, 0)
        expected = (everything * logits).sum(axis=0) / everything.sum(axis=0)
        total += float((expected - (right * finite).sum(axis=0) / right.sum(axis=0)).sum())
        pixels += logits.shape[2]
    if not pixels:
        raise DataError("All pixels are void, so no temperature can be fitted.")
    return total / pixels


def calibrations(
    model: Model, place: Place, temperatures: Sequence[float], track: Callable[[int], Iterable[int]]
) -> list["Calibration"]:
    """At a place, one for each temperature. Raises DataError."""
    data = place.judged(model.contract.labels)
    found = [Calibration(temperature) for temperature in temperatures]
    for image in sampled(model, data, track(len(data))):
        for calibration in found:
            calibration.add(image)
    return found


class Calibration:
    """Confidence against the share of right pixels, at one temperature, in bins of equal confidence."""

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature
        self.pixels, self.confidence, self.right = np.zeros(BINS), np.zeros(BINS), np.zeros(BINS)

    def add(self, image: Sampled) -> None:
        """Count the pixels of an image by the probability of the class that the network chose."""
        confidence = (image.probabilities(self.temperature) * image.chosen).sum(axis=0)
        right = (image.chosen & image.allowed).any(axis=0)
        bins = np.minimum((BINS * confidence).astype(np.intp), BINS - 1)
        self.pixels += np.bincount(bins, minlength=BINS)
        self.confidence += np.bincount(bins, confidence, BINS)
        self.right += np.bincount(bins, right, BINS)

    @property
    def error(self) -> float:
        """The expected calibration error, 0..1: the difference in each bin, weighted by its pixels."""
        return float(np.abs(self.confidence - self.right).sum() / max(1, self.pixels.sum()))

    def sentence(self) -> str:
        return f"The expected calibration error, pixel by pixel, is {100 * self.error:.2f} %."
