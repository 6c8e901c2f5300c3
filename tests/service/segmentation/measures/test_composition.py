"""Composition: shares, and the mean probability over all pixels."""

import pytest

from service.segmentation.measures.composition import composition


def test_shares_are_of_all_pixels_and_confidence_is_the_mean_over_them() -> None:
    seen = composition([30, 0, 10], [0.9, None, 0.5])
    assert seen.shares == (0.75, 0.0, 0.25)
    assert seen.confidence == pytest.approx((30 * 0.9 + 10 * 0.5) / 40)


def test_confidence_that_was_not_computed_is_none() -> None:
    assert composition([30, 0, 10], [None, None, None]).confidence is None
