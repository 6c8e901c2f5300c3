"""Why a person should look at a segmented volume."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from service.segmentation.inputs.axial import axial
from service.segmentation.inputs.volume import Acquisition, Volume
from service.segmentation.measures.review import review
from service.segmentation.measures.volumes import Extent

Labels3D = NDArray[np.uint8]

SHAPE = (60, 60, 60)
SPACING = 3.0


def head(spacing: tuple[float, float, float] = (SPACING,) * 3) -> Volume:
    return Volume(np.zeros(SHAPE, np.int16), np.diag((*spacing, 1.0)), SHAPE, "NIFTI")


def brain(at: tuple[int, int, int] = (30, 30, 30)) -> Labels3D:
    """Labels of something as large as a brain, grey around white, that bends back at its foot."""
    slice_, row, column = np.indices(SHAPE) - np.reshape(at, (3, 1, 1, 1))
    row = row - 0.7 * np.maximum(0, -slice_ - 6)
    away = np.sqrt((slice_ / 22) ** 2 + (row / 25) ** 2 + (column / 22) ** 2)
    labels: Labels3D = np.where(away < 0.75, 3, np.where(away < 1, 2, 0)).astype(np.uint8)
    return labels


def tissues(confidence: float = 0.9, **ml: float) -> dict[str, Extent]:
    whole = {"background": 4000.0, "csf": 350.0, "grey matter": 550.0, "white matter": 500.0} | {
        name.replace("_", " "): value for name, value in ml.items()
    }
    return {name: Extent(round(37 * value), value, None, confidence, ()) for name, value in whole.items()}


def bright(labels: Labels3D, grey: float = 100, white: float = 160) -> Volume:
    """A head whose tissues have these values, and a deviation of 10."""
    values = np.random.default_rng(0).normal(np.array((0, 30, grey, white))[labels], 10)
    return replace(head(), voxels=np.flip(values.astype(np.float32), (1, 2)).transpose(2, 1, 0))


def codes(volume: Volume, labels: Labels3D, of: dict[str, Extent]) -> list[str]:
    return [reason.code for reason in review(volume, axial(volume), labels, of)]


def test_an_ordinary_head_needs_no_review() -> None:
    assert codes(head(), brain(), tissues()) == []


def test_a_volume_without_a_brain_has_no_other_reason_of_its_labels() -> None:
    empty = np.zeros(SHAPE, np.uint8)
    assert codes(head(), empty, tissues(csf=0, grey_matter=0, white_matter=0)) == ["no_brain"]
    assert codes(head(), empty, tissues(csf=1, grey_matter=100, white_matter=100)) == ["no_brain"]


@pytest.mark.parametrize(
    ("at", "towards"),
    [
        ((5, 30, 30), "feet"),
        ((55, 30, 30), "head"),
        ((30, 5, 30), "front"),
        ((30, 55, 30), "back"),
        ((30, 30, 5), "patient's right"),
        ((30, 30, 55), "patient's left"),
    ],
)
def test_a_cut_brain_is_reported_with_its_side(at: tuple[int, int, int], towards: str) -> None:
    volume = head()
    (reason,) = review(volume, axial(volume), brain(at), tissues())  # the shape of half a brain is no reason
    assert reason.code == "cut_field_of_view"
    assert reason.detail.startswith(f"Tissue reaches the edge of the volume towards {towards}:")


def test_a_spinal_cord_at_the_lower_end_is_no_cut() -> None:
    labels = brain()
    labels[:10, 29:33, 29:33] = 3
    assert codes(head(), labels, tissues()) == []


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 2)])
def test_a_brain_that_lies_otherwise_than_the_header_says_is_reported(axes: tuple[int, ...]) -> None:
    assert codes(head(), np.flip(brain(), axes), tissues()) == ["wrong_orientation"]
    assert codes(head(), np.flip(brain(), 2), tissues()) == []


@pytest.mark.parametrize("spacing", [(2, 2, 2), (4, 3, 3), (3, 3, 2)])
def test_a_brain_of_a_size_that_none_has_is_reported(spacing: tuple[float, float, float]) -> None:
    assert "unusual_size" in codes(head(spacing), brain(), tissues())


def test_the_brightness_of_the_tissues_is_that_of_t1() -> None:
    assert codes(bright(brain()), brain(), tissues()) == []
    assert codes(bright(brain(), grey=152), brain(), tissues()) == ["poor_contrast"]
    volume = bright(brain(), grey=200)
    (reason,) = review(volume, axial(volume), brain(), tissues())
    assert reason.code == "other_contrast"
    assert "The white matter is darker than the grey matter" in reason.detail


@pytest.mark.parametrize("tissue", ["csf", "grey_matter", "white_matter"])
@pytest.mark.parametrize("ml", [150, 900])
def test_volumes_that_no_adult_has_are_unusual(tissue: str, ml: float) -> None:
    assert codes(head(), brain(), tissues(**{tissue: ml})) == ["unusual_volume"]


def test_low_confidence_is_that_of_the_tissues() -> None:
    unsure = tissues(0.6)
    assert codes(head(), brain(), unsure) == ["low_confidence"]
    assert codes(head(), brain(), unsure | {"background": replace(unsure["background"], confidence=1.0)}) == [
        "low_confidence"
    ]


@pytest.mark.parametrize(
    ("spacing", "code"),
    [((1, 1, 6), "coarse_voxels"), ((1, 3.5, 1), "coarse_voxels"), ((0.5, 0.5, 4), "anisotropic_voxels")],
)
def test_voxels_that_blur_the_cortex_are_reported(spacing: tuple[float, float, float], code: str) -> None:
    small = np.zeros(SHAPE, np.uint8)
    small[20:40, 20:40, 20:40] = 2
    assert [one for one in codes(head(spacing), small, tissues()) if one.endswith("_voxels")] == [code]


@pytest.mark.parametrize(
    ("acquisition", "reasons"),
    [
        (Acquisition("MR", "T1"), []),
        (Acquisition("MR", "T1", contrast_agent=True), []),
        (Acquisition("MR", "T2"), ["other_contrast"]),
        (Acquisition("CT"), ["other_contrast"]),
    ],
)
def test_another_contrast_than_t1_is_reported(acquisition: Acquisition, reasons: list[str]) -> None:
    assert codes(replace(head(), acquisition=acquisition), brain(), tissues()) == reasons
