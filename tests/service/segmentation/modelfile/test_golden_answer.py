"""The golden answer: rounding passes, a changed score does not."""

import numpy as np
import pytest

from service.segmentation.errors import SelfTestFailed
from service.segmentation.modelfile import golden
from service.segmentation.modelfile.contract import Golden, Labels, Scores
from service.segmentation.modelfile.reader import pattern

SCORES: Scores = np.random.default_rng(0).normal(2, 4, (3, 64, 96)).astype(np.float32)
LABELS: Labels = SCORES.argmax(0).astype(np.uint8)
SCALE = golden.covering(SCORES)


@pytest.fixture(scope="module")
def answer() -> Golden:
    return golden.record(pattern(96, 64), LABELS, LABELS, SCORES, SCALE)


def test_picture_and_labels_come_back_as_they_were(answer: Golden) -> None:
    np.testing.assert_array_equal(golden.picture(answer), pattern(96, 64))
    np.testing.assert_array_equal(golden.torch_labels(answer, 64, 96), LABELS)
    assert answer.agreement == 1


def test_bytes_cover_all_scores(answer: Golden) -> None:
    assert golden.distance(answer, SCORES) < 0.3  # what rounding to a step leaves is 1/sqrt(12)
    lowest = -SCALE.zero * SCALE.step
    assert lowest <= SCORES.min() + SCALE.step
    assert SCORES.max() <= lowest + 256 * SCALE.step


@pytest.mark.parametrize("steps", [0.5, 0.9])
def test_scores_within_a_step_pass(answer: Golden, steps: float) -> None:
    golden.check(answer, LABELS, SCORES + np.float32(steps * SCALE.step))


@pytest.mark.parametrize("steps", [1.2, -1.2, 30.0, np.inf, np.nan])
def test_scores_further_off_do_not(answer: Golden, steps: float) -> None:
    with pytest.raises(SelfTestFailed, match=r"quantisation steps off those at export"):
        golden.check(answer, LABELS, SCORES + np.float32(steps * SCALE.step))


def test_the_labels_are_held_against_torchs_at_the_agreement_of_the_export() -> None:
    """Torch's label at 90 % of the pixels when it was exported: 88 % may be rounding, 87 % is not."""
    rows = np.arange(64)[:, np.newaxis] + np.zeros((1, 96))

    def labels(share: float) -> Labels:
        return (rows < 64 * share).astype(np.uint8)

    answer = golden.record(pattern(96, 64), labels(1), labels(0.9), None, None)
    golden.check(answer, labels(0.89), None)
    with pytest.raises(SelfTestFailed, match=r"recorded label at 8\d\.\d%.* it was 90\.6%"):
        golden.check(answer, labels(0.87), None)
