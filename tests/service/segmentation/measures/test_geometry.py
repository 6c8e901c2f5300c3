"""Geometry of hostile masks: what is made stays within what footprint.py sets aside, and is bounded."""

import tracemalloc

import msgspec
import numpy as np
import pytest

from service.segmentation import footprint
from service.segmentation.errors import TooLate
from service.segmentation.measures import geometry, polygons, regions
from service.segmentation.measures.geometry import MOST_RUNS, Geometry, geometry_of
from service.segmentation.measures.measure import Measure
from service.segmentation.modelfile.contract import Labels
from service.segmentation.runtime.call import Call

POLYGONS, RLE = frozenset({Measure.POLYGONS}), frozenset({Measure.RLE})


def noise(classes: int) -> Labels:
    """As many runs as there may be."""
    return np.random.default_rng(0).integers(0, classes, (500, 500), dtype=np.uint8)


def stairs() -> Labels:
    """Few regions, whose outlines have many corners for their runs."""
    y, x = np.indices((700, 1000))
    return ((x + y // 3) // 40 % 2).astype(np.uint8)


def chessboard() -> Labels:
    return np.ascontiguousarray(np.indices((512, 512)).sum(axis=0) % 2, np.uint8)


MASKS = {"noise": noise(11), "stairs": stairs(), "chessboard": chessboard()}


def made(labels: Labels, include: frozenset[Measure], tolerance: float = 1) -> Geometry:
    return geometry_of(labels, 11, include, 1, tolerance, Call().check)


@pytest.mark.parametrize("labels", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("include", [POLYGONS, RLE, frozenset({Measure.REGIONS})], ids="".join)
def test_memory_stays_within_what_is_set_aside(labels: Labels, include: frozenset[Measure]) -> None:
    for tolerance in (0, 1):
        tracemalloc.start()
        found = made(labels, include, tolerance)
        if found.polygons is not None:
            msgspec.json.encode([[ring.tolist() for ring in polygon] for polygon in found.polygons])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < footprint.of_geometry(labels.size, include)


def test_a_mask_of_too_many_runs_has_no_geometry_but_a_warning() -> None:
    labels = np.tile(np.array([0, 1], np.uint8), (MOST_RUNS // 1000 + 1, 500))
    for include in (POLYGONS, POLYGONS | RLE):
        found = made(labels, include)
        assert (found.regions, found.polygons, found.rle) == (None, None, None)
        assert [warning.code for warning in found.warnings] == ["mask_fragmented"]
    striped = made(labels, RLE)
    assert striped.rle is not None, "its columns are long"
    assert len(striped.rle) == 11
    assert made(labels.T, RLE).rle is None


def test_outlines_of_too_many_corners_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polygons, "MOST", 10_000)
    found = made(stairs(), POLYGONS)
    assert found.regions is not None
    assert found.polygons is not None
    assert 0 < len(found.polygons) < len(found.regions.pixels)
    assert [warning.code for warning in found.warnings] == ["polygons_left_out"]
    assert f"only the {len(found.polygons)} largest" in found.warnings[0].detail


def test_at_most_a_thousand_regions_are_listed() -> None:
    found = made(chessboard(), POLYGONS)
    assert found.regions is not None
    assert found.polygons is not None
    assert len(found.regions.pixels) == len(found.polygons) == regions.MOST
    assert [warning.code for warning in found.warnings] == ["regions_left_out"]


def test_it_stops_at_its_deadline() -> None:
    def late() -> None:
        raise TooLate

    for include in (frozenset({Measure.REGIONS}), RLE):
        with pytest.raises(TooLate):
            geometry.geometry_of(noise(2), 2, include, 1, 1, late)
    geometry.geometry_of(noise(2), 2, frozenset(), 1, 1, late)
