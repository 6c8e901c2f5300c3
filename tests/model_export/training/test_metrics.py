"""The paper's four figures, on an example worked out by hand."""

import pytest
import torch

from model_export.data.folder import VOID
from model_export.training.metrics import Meter


def test_the_four_figures_are_those_of_the_paper() -> None:
    """Truth has 4, 2 and 2 pixels of classes 0, 1, 2; right are 3, 1 and 2; void counts nowhere."""
    truth = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2, VOID, VOID])
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 0, 2])
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
    meter.add(torch.tensor([0, 0]), torch.tensor([0, 0]))
    metrics = meter.metrics()
    assert metrics.iu == (1, None, None)
    assert (metrics.mean_iu, metrics.mean_accuracy, metrics.frequency_weighted_iu) == (1, 1, 1)


def test_a_class_that_is_only_predicted_has_iu_zero() -> None:
    meter = Meter(classes=2)
    meter.add(torch.tensor([0, 1]), torch.tensor([0, 0]))
    metrics = meter.metrics()
    assert metrics.iu == (0.5, 0)
    assert metrics.mean_iu == 0.25
    assert metrics.mean_accuracy == 0.5
    assert metrics.frequency_weighted_iu == 0.5
