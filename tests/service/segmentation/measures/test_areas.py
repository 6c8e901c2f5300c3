"""Labels -> pixels, fraction and area of every class."""

import itertools
import random

import numpy as np
import pytest
from PIL import Image

from service.segmentation.inputs.spacing import Spacing
from service.segmentation.measures.areas import areas, count, count_enlarged, fractions


def test_every_class_is_counted_zeros_included() -> None:
    labels = np.array([[0, 2, 2], [0, 2, 0]], np.uint8)
    assert count(labels, 4) == [3, 0, 3, 0]


def test_counts_are_those_of_bincount() -> None:
    labels = np.random.default_rng(0).integers(0, 200, (333, 777)).astype(np.uint8)
    assert count(labels, 200) == np.bincount(labels.ravel(), minlength=200).tolist()


@pytest.mark.parametrize("size", [(777, 333), (1554, 999), (4000, 3000), (778, 1), (1, 9), (300, 7000), (16384, 512)])
def test_enlarged_labels_are_counted_without_their_copies(size: tuple[int, int]) -> None:
    labels = np.random.default_rng(0).integers(0, 11, (333, 777)).astype(np.uint8)
    enlarged = np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))
    assert count_enlarged(labels, *size, 11) == count(enlarged, 11)


def test_fractions_sum_to_exactly_one_in_any_order() -> None:
    draw = random.Random(0)
    for _ in range(300):
        pixels = [draw.choice([0, draw.randrange(1, 50_000_000)]) for _ in range(draw.randrange(1, 200))]
        pixels.append(1)
        shares = fractions(pixels)
        for order in (shares, shares[::-1], sorted(shares)):
            assert list(itertools.accumulate(order))[-1] == 1.0
        assert shares == pytest.approx([n / sum(pixels) for n in pixels], abs=1e-15)
        assert all((share == 0) == (n == 0) for share, n in zip(shares, pixels, strict=True))


def test_an_area_is_pixels_times_row_times_column_spacing() -> None:
    assert [area.mm2 for area in areas([1, 3, 0], Spacing(0.5, 0.25))] == [0.125, 0.375, 0.0]


def test_without_a_spacing_areas_in_millimetres_are_unknown() -> None:
    assert [area.mm2 for area in areas([4, 0])] == [None, None]
