"""Regions are those of scikit-image."""

import numpy as np
import pytest
from skimage import measure

from service.segmentation.measures import regions
from service.segmentation.measures.regions import Regions, regions_of
from service.segmentation.measures.runs import Runs
from service.segmentation.modelfile.contract import Labels
from service.segmentation.runtime.call import Call


def found(labels: Labels, least: int = 1) -> Regions:
    return regions_of(Runs.of(labels, labels.size), least, Call().check)


def test_pixels_boxes_and_centroids_are_those_of_scikit_image(
    many: list[Labels], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "MOST", 10_000)
    for number, labels in enumerate(many):
        ours = found(labels)
        theirs = measure.regionprops(measure.label(labels, connectivity=1, background=-1))
        expected = {
            (int(labels[tuple(region.coords[0])]), int(region.area), region.bbox): region.centroid for region in theirs
        }
        rows = zip(ours.classes.tolist(), ours.pixels.tolist(), ours.boxes.tolist(), ours.centroids, strict=True)
        for class_id, pixels, (x, y, width, height), (across, down) in rows:
            centroid = expected.pop((class_id, pixels, (y, x, y + height, x + width)))
            assert (down, across) == pytest.approx(np.add(centroid, 0.5)), number
        assert not expected, number


def test_the_largest_are_first_and_small_ones_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.array([[0, 1, 0, 0], [1, 1, 0, 1], [2, 0, 0, 1]], np.uint8)
    assert found(labels).pixels.tolist() == [5, 3, 2, 1, 1]
    large = found(labels, least=2)
    assert (large.pixels.tolist(), large.classes.tolist(), large.number) == ([5, 3, 2], [0, 1, 1], 3)
    assert large.members.tolist() == [-1, 1, 0, 1, 0, 2, -1, 0, 2]
    monkeypatch.setattr(regions, "MOST", 2)
    assert (found(labels).pixels.tolist(), found(labels).number) == ([5, 3], 5)
    assert found(labels, least=6).pixels.tolist() == []


def test_a_spiral_is_one_region() -> None:
    """Its runs are joined in few rounds, although its ends are many lines of runs apart."""
    labels = np.zeros((201, 201), np.uint8)
    for ring in range(0, 100, 2):
        labels[ring, max(0, ring - 1) : 201 - ring] = 1
        labels[ring : 201 - ring, 200 - ring] = 1
        labels[200 - ring, ring : 201 - ring] = 1
        labels[ring + 2 : 201 - ring, ring] = 1
    rounds = []
    assert regions_of(Runs.of(labels, labels.size), 1, lambda: rounds.append(1)).classes.tolist().count(1) == 1
    assert len(rounds) <= 8
