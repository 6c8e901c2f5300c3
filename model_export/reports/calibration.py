"""How far the probabilities of a model may be believed, pixel by pixel, and the temperature that makes them so.

Guo, Pleiss, Sun and Weinberger 2017: On Calibration of Modern Neural Networks. (The calibration of int8 is another.)
"""

from collections.abc import Callable, Iterable, Sequence
from statistics import mean

import numpy as np

from model_export.data.place import Place
from model_export.errors import DataError
from model_export.reports.sampled import Sampled, sampled
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import unnormalised

BINS = 15
"""Of equal width, as in the paper."""

COLDEST, HOTTEST = 0.1, 10.0
"""The temperatures between which one is fitted."""


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
