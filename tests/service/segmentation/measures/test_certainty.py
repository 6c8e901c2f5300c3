"""Certainty is what scipy makes of the softmax of random scores."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from service.segmentation.measures.certainty import Certainty, certainty_of
from service.segmentation.measures.measure import Measure
from service.segmentation.segmenter import unnormalised

EVERYTHING = frozenset(Measure)
TEMPERATURE = 1.7


@pytest.fixture(params=[2, 5])
def scores(request: pytest.FixtureRequest) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    """Of so many classes, from uncertain at the left to very certain at the right; nobody knows the first pixel."""
    random = np.random.default_rng(0).normal(size=(request.param, 20, 30)) * np.linspace(0.1, 60, 30)
    random[:, 0, 0] = 1
    return random.astype(np.float32)


def certainty(scores: np.ndarray[tuple[int, int, int], np.dtype[np.float32]], threshold: float = 0.6) -> Certainty:
    labels = scores.argmax(axis=0).astype(np.uint8)
    return certainty_of(labels, unnormalised(scores, TEMPERATURE), EVERYTHING, threshold)


def test_maps_are_the_greatest_probability_and_the_entropy(
    scores: np.ndarray[tuple[int, int, int], np.dtype[np.float32]],
) -> None:
    found, probabilities = certainty(scores), softmax(scores.astype(float) / TEMPERATURE, axis=0)
    assert found.confidence_map is not None
    assert found.entropy is not None
    assert found.confidence_map == pytest.approx(255 * probabilities.max(axis=0), abs=0.51)
    assert found.entropy == pytest.approx(255 * entropy(probabilities, axis=0, base=len(scores)), abs=0.51)
    assert (found.entropy[0, 0], found.entropy.min()) == (255, 0)


def test_low_confidence_is_counted_in_all_and_in_each_class(
    scores: np.ndarray[tuple[int, int, int], np.dtype[np.float32]],
) -> None:
    scores[1] -= 1000  # a class without pixels
    low = certainty(scores).low_confidence
    assert low is not None
    labels, likely = scores.argmax(axis=0), softmax(scores.astype(float) / TEMPERATURE, axis=0).max(axis=0)
    assert low.fraction == (likely < 0.6).mean()
    assert low.classes[1] is None
    for class_id in {*range(len(scores))} - {1}:
        assert low.classes[class_id] == (likely[labels == class_id] < 0.6).mean()
    for threshold, fraction in ((0, 0), (1, (likely < 1).mean())):
        bound = certainty(scores, threshold).low_confidence
        assert bound is not None
        assert bound.fraction == pytest.approx(fraction, abs=0.3)
