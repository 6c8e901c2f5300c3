"""The paper's four figures, on an example worked out by hand."""

import numpy as np
import pytest

from model_export.data.folder import VOID
from model_export.errors import DataError
from model_export.training.metrics import Labels, Meter


def labelled(*ids: int) -> Labels:
    return np.array(ids, np.uint8)


def test_the_four_figures_are_those_of_the_paper() -> None:
    """Truth has 4, 2 and 2 pixels of classes 0, 1, 2; right are 3, 1 and 2; void counts nowhere."""
    truth = labelled(0, 0, 0, 0, 1, 1, 2, 2, VOID, VOID)
    labels = labelled(0, 0, 0, 1, 1, 2, 2, 2, 0, 2)
    meter = Meter(classes=3)
    meter.add(labels[:5], truth[:5])
    meter.add(labels[5:], truth[5:])
    metrics = meter.metrics()
    iu = (3 / 4, 1 / 3, 2 / 3)
    assert metrics.pixel_accuracy == pytest.approx(6 / 8)
    assert metrics.mean_accuracy == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
    assert metrics.iu == pytest.approx(iu)
    assert metrics.mean_iu == pytest.approx(sum(iu) / 3)
    assert metrics.frequency_weighted_iu == pytest.approx((4 * iu[0] + 2 * iu[1] + 2 * iu[2]) / 8)


def test_a_class_that_is_nowhere_has_no_iu_and_is_in_no_mean() -> None:
    meter = Meter(classes=3)
    meter.add(labelled(0, 0), labelled(0, 0))
    metrics = meter.metrics()
    assert metrics.iu == (1, None, None)
    assert (metrics.mean_iu, metrics.mean_accuracy, metrics.frequency_weighted_iu) == (1, 1, 1)


def test_a_class_that_is_only_predicted_has_iu_zero() -> None:
    meter = Meter(classes=2)
    meter.add(labelled(0, 1), labelled(0, 0))
    metrics = meter.metrics()
    assert metrics.iu == (0.5, 0)
    assert metrics.mean_iu == 0.25
    assert metrics.mean_accuracy == 0.5
    assert metrics.frequency_weighted_iu == 0.5


def test_the_matrix_has_truth_in_rows_and_predictions_in_columns() -> None:
    meter = Meter(classes=3)
    meter.add(labelled(1, 1, 2, 0).reshape(2, 2), labelled(0, 0, 2, VOID).reshape(2, 2))
    assert meter.confusion.tolist() == [[0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


def test_a_prediction_of_no_class_is_wrong_and_counts_against_no_other_class() -> None:
    meter = Meter(classes=2)
    meter.add(labelled(0, 2, 1, 1), labelled(0, 0, 1, 1))
    metrics = meter.metrics()
    assert metrics.iu == (0.5, 1)
    assert metrics.pixel_accuracy == 0.75


def test_images_of_nothing_but_void_cannot_be_judged_by() -> None:
    meter = Meter(classes=2)
    meter.add(labelled(0, 1), labelled(VOID, VOID))
    with pytest.raises(DataError, match="all are void"):
        meter.metrics()
