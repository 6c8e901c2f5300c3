"""A figure that a noisy machine cannot support is not printed."""

import pytest

from benchmarks.rounds import difference, percentile, ratio


def test_a_ratio_is_taken_within_rounds() -> None:
    """Each round is twice as slow as the one before, for both alike."""
    one = ratio([30, 60, 120, 240], [10, 20, 40, 80])
    assert (one.value, one.low, one.high) == (3, 3, 3)
    assert str(one) == "3.00 (3.00 to 3.00)"


def test_a_ratio_that_varies_too_much_is_not_printed() -> None:
    wild = ratio([10, 20, 30, 40], [10, 10, 10, 10])
    assert wild.meaningless
    assert str(wild) == "no figure: 1.75 to 3.25 from round to round"
    assert ratio([float("nan")] * 3, [1.0] * 3).meaningless


def test_a_difference_is_taken_within_rounds() -> None:
    assert difference([12, 22, 32], [10, 20, 30]) == (2, 2, 2)


def test_percentiles() -> None:
    values = [float(value) for value in range(101)]
    assert percentile(values, 0.99) == pytest.approx(99)
    assert percentile([], 0.5) != percentile([], 0.5)  # NaN: nothing was answered
