"""How bright the labelled tissues are."""

from math import isnan

import numpy as np
import pytest

from service.segmentation.measures.contrast import contrast_of


def test_means_and_deviations_are_those_of_each_class() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, (40, 40, 40)).astype(np.uint8)
    voxels = random.normal(np.array((0, 100, 160))[labels], np.array((1, 10, 20))[labels]).astype(np.float32)
    contrast = contrast_of(voxels, labels, 4)
    assert contrast.means[:3] == pytest.approx((0, 100, 160), abs=1)
    assert contrast.deviations[:3] == pytest.approx((1, 10, 20), rel=0.05)
    assert contrast.between(2, 1) == pytest.approx(4, rel=0.05)
    assert contrast.between(1, 2) == pytest.approx(-4, rel=0.05)


def test_a_class_without_voxels_is_neither_brighter_nor_darker() -> None:
    contrast = contrast_of(np.ones((4, 4, 4)), np.zeros((4, 4, 4), np.uint8), 2)
    assert isnan(contrast.means[1])
    assert isnan(contrast.between(1, 0))
