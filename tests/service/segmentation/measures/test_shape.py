"""How large labelled tissue is, and how it lies."""

import numpy as np
import pytest
from numpy.typing import NDArray

from service.segmentation.measures.shape import shape_of

SPACING = (3.0, 2.0, 1.0)


def head() -> NDArray[np.uint8]:
    """An ellipsoid of 120 x 100 x 80 mm (feet to head, front to back, right to left) that bends back at its foot."""
    slice_, row, column = np.indices((60, 70, 100)).astype(float)
    row -= 2 * np.maximum(0, 20 - slice_)
    away = ((slice_ - 30) * 3 / 60) ** 2 + ((row - 30) * 2 / 50) ** 2 + ((column - 50) / 40) ** 2
    labels: NDArray[np.uint8] = np.where(away < 1, 2, 0).astype(np.uint8)
    return labels


def test_sides_are_in_millimetres_and_nearly_the_whole_tissue() -> None:
    shape = shape_of(head(), SPACING)
    assert shape is not None
    assert shape.height == pytest.approx(120, rel=0.15)
    assert shape.length == pytest.approx(100, rel=0.15)
    assert shape.width == pytest.approx(80, rel=0.15)
    speck = head()
    speck[30, -1, -1] = 1
    with_speck = shape_of(speck, SPACING)
    assert with_speck is not None
    assert with_speck.width == shape.width


def test_the_lowest_fifth_lies_behind_unless_the_head_is_turned() -> None:
    def behind(labels: NDArray[np.uint8]) -> float:
        shape = shape_of(labels, SPACING)
        assert shape is not None
        return shape.behind

    assert behind(head()) > 8
    assert behind(head()[:, ::-1]) == pytest.approx(-behind(head()))
    assert behind(head()[::-1]) < 0
    assert abs(behind(np.rot90(head(), axes=(1, 2)))) < 1


def test_no_tissue_has_no_shape_and_a_speck_has_one() -> None:
    empty = np.zeros((4, 5, 6), np.uint8)
    assert shape_of(empty, SPACING) is None
    empty[2, 3, 4] = 1
    shape = shape_of(empty, SPACING)
    assert shape is not None
    assert (shape.width, shape.length, shape.height, shape.behind) == (1, 2, 3, 0)
