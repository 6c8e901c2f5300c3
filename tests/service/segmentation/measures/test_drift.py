"""Drift: the distance is scipy's, small for images like those of validation, and of the latest ones alone."""

from math import isnan

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from service.segmentation.measures.composition import Composition
from service.segmentation.measures.drift import FEWEST, LATEST, Drift, Window, distance
from service.segmentation.modelfile.contract import Distribution, Reference
from service.segmentation.runtime.model import Model
from tests.support import colours, tissues

FIFTHS = Distribution(mean=0.3, edges=(0.1, 0.2, 0.3, 0.4), bins=(0.2, 0.2, 0.2, 0.2, 0.2))
NEVER = Distribution(mean=0, edges=(0,), bins=(1, 0))
PLACE = Reference("town", 100, {"red": FIFTHS, "blue": NEVER}, confidence=FIFTHS)


def image(red: float, confidence: float | None = None, blue: float = 0.0) -> Composition:
    return Composition((red, 1 - red - blue, blue), confidence)


def drift_of(window: Window) -> Drift:
    (drift,) = window.drifts()
    return drift


@pytest.fixture
def window() -> Window:
    return Window(colours.contract(references=(PLACE,)))


def test_the_distance_is_that_of_scipy() -> None:
    random = np.random.default_rng(1)
    for bins in (2, 5, 10):
        p, q = random.dirichlet(np.ones(bins)), random.dirichlet(np.ones(bins))
        p[0], p[1] = 0, p[0] + p[1]
        assert distance(p, q) == pytest.approx(jensenshannon(p, q, base=2))
        assert distance(p, p) == 0
    assert distance(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1


def test_images_like_those_of_validation_do_not_drift(window: Window) -> None:
    for number in range(FEWEST):
        window.add(image((number % 5 + 0.5) / 10, confidence=(number % 5 + 1) / 10))  # a share at an edge lies below it
    assert drift_of(window) == Drift("town", {"red": 0, "blue": 0}, 0)


def test_other_images_do(window: Window) -> None:
    for _ in range(FEWEST):
        window.add(image(0.35, confidence=0.95, blue=0.001))
    drift = drift_of(window)
    assert drift.shares["red"] == drift.confidence == pytest.approx(jensenshannon([0, 0, 0, 1, 0], FIFTHS.bins, base=2))
    assert drift.shares["blue"] == 1
    assert drift.mean == pytest.approx((drift.shares["red"] + 1) / 2)


def test_of_few_images_nothing_is_said(window: Window) -> None:
    assert isnan(drift_of(window).shares["red"])
    for _ in range(FEWEST - 1):
        window.add(image(0.35, confidence=0.9))
    assert isnan(drift_of(window).mean)
    window.add(image(0.35))  # without its confidence
    drift = drift_of(window)
    assert drift.shares["red"] > 0.5
    assert drift.confidence is not None
    assert isnan(drift.confidence)


def test_only_the_latest_count(window: Window) -> None:
    for red in (0.95, 0.35):
        for _ in range(LATEST):
            window.add(image(red))
    assert len(window) == LATEST
    assert drift_of(window).shares["red"] == pytest.approx(jensenshannon([0, 0, 0, 1, 0], FIFTHS.bins, base=2))


def test_each_place_has_its_own_drift() -> None:
    elsewhere = Reference("elsewhere", 100, {"green": FIFTHS})
    window = Window(colours.contract(references=(PLACE, elsewhere)))
    for number in range(FEWEST):
        window.add(image(1 - (number % 5 + 0.5) / 10))
    town, other = window.drifts()
    assert town.place == "town"
    assert set(town.shares) == {"red", "blue"}
    assert other == Drift("elsewhere", {"green": 0}, None)
    assert town.shares["red"] > 0.5


def test_of_a_scan_slices_count_and_the_air_around_the_head_does_not() -> None:
    reference = Reference("clinic", 100, {"csf": FIFTHS})
    window = Window(Model(tissues.model_bytes(references=(reference,)), threads=1).contract)
    for air in (0.0, 0.5):
        tissue = 1 - air
        slices = [
            Composition((air, csf * tissue, (1 - csf) * tissue, 0.0), None)
            for csf in [(number % 5 + 0.5) / 10 for number in range(FEWEST)]
        ]
        black = Composition((1.0, 0.0, 0.0, 0.0), None)
        window.add(Composition((0.5, 0.5, 0.0, 0.0), None, slices=(black, *slices, black)))
    assert len(window) == 2 * FEWEST
    assert drift_of(window).shares["csf"] == pytest.approx(0, abs=1e-6)
    window.add(Composition((0.5, 0.1, 0.4, 0.0), None))  # a slice that came alone
    assert len(window) == 2 * FEWEST + 1


@pytest.mark.parametrize(
    ("edges", "bins"),
    [((0.1,), (1.0,)), ((0.2, 0.1), (0.3, 0.3, 0.4)), ((0.1, 0.1), (0.3, 0.3, 0.4)), ((0.1,), (0.1, 0.2))],
)
def test_a_distribution_that_is_none_is_refused(edges: tuple[float, ...], bins: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="distribution"):
        Distribution(0.1, edges, bins)


def test_a_reference_of_other_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="own classes"):
        colours.contract(references=(Reference("town", 1, {"purple": NEVER}),))
