"""Polygons are the regions they were made of: scikit-image fills them, and shapely finds them valid."""

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from service.segmentation.measures import polygons
from service.segmentation.measures import regions as regions_module
from service.segmentation.measures.polygons import Polygon, polygons_of
from service.segmentation.measures.regions import Regions, regions_of
from service.segmentation.measures.runs import Numbers, Runs
from service.segmentation.modelfile.contract import Labels
from service.segmentation.runtime.call import Call


def outlined(labels: Labels, tolerance: float) -> tuple[Regions, list[Polygon]]:
    runs = Runs.of(labels, labels.size)
    regions = regions_of(runs, 1, Call().check)
    return regions, polygons_of(runs, regions, tolerance, Call().check)


def filled(polygon: Polygon, box: Numbers) -> NDArray[np.bool_]:
    """The pixels of a box whose centres lie in a polygon."""
    left, top, width, height = box
    inside = np.zeros((height, width), np.bool_)
    for ring in polygon:
        inside ^= polygon2mask(inside.shape, ring[:, ::-1] - (top + 0.5, left + 0.5))
    return inside


def test_polygons_fill_to_exactly_the_mask_and_are_valid(many: list[Labels], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions_module, "MOST", 10_000)
    for number, labels in enumerate(many):
        regions, rings = outlined(labels, 0)
        again = np.full(labels.shape, 255, np.uint8)
        for class_id, pixels, box, polygon in zip(regions.classes, regions.pixels, regions.boxes, rings, strict=True):
            left, top, width, height = box
            inside = filled(polygon, box)
            part = again[top : top + height, left : left + width]
            assert (part[inside] == 255).all(), number
            part[inside] = class_id
            shape = shapely.Polygon(polygon[0], polygon[1:])
            assert shape.is_valid, number
            assert shape.area == pixels, number
            assert shape.exterior.is_ccw, number
            assert not any(hole.is_ccw for hole in shape.interiors), number
        assert np.array_equal(again, labels), number


@pytest.mark.parametrize("tolerance", [0.5, 1, 3])
def test_no_outline_is_farther_from_the_simplified_one_than_the_tolerance(tolerance: float, many: list[Labels]) -> None:
    for number, labels in enumerate(many[:40]):
        regions, exact = outlined(labels, 0)
        _, simple = outlined(labels, tolerance)
        for box, before, after in zip(regions.boxes.tolist(), exact, simple, strict=True):
            left, top, right, bottom = shapely.Polygon(after[0]).bounds
            assert [left, top, right - left, bottom - top] == box, number
            for ring, simplified in zip(before, after, strict=True):
                assert simplified[0].tolist() == simplified[-1].tolist(), number
                line = shapely.LineString(simplified)
                assert line.hausdorff_distance(shapely.LineString(ring)) <= tolerance + 1e-9, number
                assert shapely.LinearRing(simplified).is_ccw == shapely.LinearRing(ring).is_ccw, number


def test_simplified_outlines_have_fewer_corners() -> None:
    y, x = np.indices((200, 200))
    disc = ((x - 99.5) ** 2 + (y - 99.5) ** 2 < 90**2).astype(np.uint8)
    corners = [sum(map(len, outlined(disc, tolerance)[1][1])) for tolerance in (0, 1, 3)]
    assert corners[0] > 5 * corners[1] > 5 * corners[2]


def test_rings_pass_between_pixels_that_meet_at_a_corner() -> None:
    """A ring that met itself would be an invalid polygon: here are a hole that touches the outline, and two holes."""
    labels = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 2]], np.uint8)
    regions, rings = outlined(labels, 0)
    (largest,) = [polygon for class_id, polygon in zip(regions.classes, rings, strict=True) if class_id == 1]
    assert [len(ring) for ring in largest] == [7, 5, 5]
    assert largest[0].tolist() == [[0, 0], [4, 0], [4, 3], [3, 3], [3, 4], [0, 4], [0, 0]]


def test_a_region_of_too_many_corners_has_no_polygon_nor_has_a_smaller_one(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.array([[1, 1, 1, 0], [0, 0, 1, 0], [2, 2, 2, 2]], np.uint8)
    for most, expected in ((100, 4), (18, 4), (17, 3), (10, 2), (9, 1), (3, 0)):
        monkeypatch.setattr(polygons, "MOST", most)
        assert len(outlined(labels, 1)[1]) == expected, most
