"""Volumes of any axes as axial slices and back, and their values as 8 bits."""

from itertools import permutations, product

import numpy as np
import numpy.typing as npt
import pytest

from service.segmentation.inputs.axial import axial
from service.segmentation.inputs.shades import shades
from service.segmentation.inputs.volume import Affine, Volume

SHAPE = (4, 5, 6)  # of slices, rows and columns
SPACING = (3.0, 0.5, 0.7)
AXES = [(order, flips) for order in permutations(range(3)) for flips in product((1, -1), repeat=3)]
SCAN = np.arange(120, dtype=np.int16).reshape(SHAPE)
UP, BACK, LEFT = (0, 0, 1), (0, -1, 0), (-1, 0, 0)


def stored(order: tuple[int, ...], flips: tuple[int, ...]) -> Volume:
    """SCAN as a file of other axes has it: axis n runs along axis `order[n]` of SCAN, or against it."""
    directions = np.array((UP, BACK, LEFT), np.float64)
    affine = np.eye(4)
    voxels = SCAN.transpose(order)
    for axis, (along, flip) in enumerate(zip(order, flips, strict=True)):
        affine[:3, axis] = flip * SPACING[along] * directions[along]
        voxels = np.flip(voxels, axis) if flip < 0 else voxels
    return Volume(voxels, affine, voxels.shape, "NIFTI")


@pytest.mark.parametrize(("order", "flips"), AXES)
def test_axes_of_any_order_and_direction_become_axial_slices_and_labels_go_back(
    order: tuple[int, ...], flips: tuple[int, ...]
) -> None:
    volume = stored(order, flips)
    seen = axial(volume)
    assert np.array_equal(seen.voxels, SCAN)
    assert np.shares_memory(seen.voxels, volume.voxels)
    assert seen.spacing == SPACING
    assert seen.tilt == pytest.approx(0)
    assert np.array_equal(seen.restored(SCAN.astype(np.uint8)), volume.voxels)
    assert volume.voxel_mm3 == pytest.approx(3 * 0.5 * 0.7)


def turned(degrees: float) -> Affine:
    """Slices that nod about the axis from ear to ear."""
    affine = np.eye(4)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    affine[:3, :3] = np.array((UP, BACK, LEFT)).T @ ((cos, -sin, 0), (sin, cos, 0), (0, 0, 1))
    return affine


@pytest.mark.parametrize("degrees", [0, 5, 30, 44])
def test_oblique_slices_stay_as_they_are_and_say_by_how_much(degrees: float) -> None:
    seen = axial(Volume(SCAN, turned(degrees), SHAPE, "DICOM"))
    assert np.array_equal(seen.voxels, SCAN)
    assert seen.tilt == pytest.approx(degrees, abs=1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
def test_a_defect_does_not_make_the_rest_dark(dtype: npt.DTypeLike) -> None:
    voxels = np.zeros((10, 20, 20), dtype)
    voxels[2:8] = np.linspace(50, 150, 400).reshape(20, 20)
    voxels[3, 3, 3] = 255
    grey = shades(voxels).of(voxels[4])
    assert grey.dtype == np.uint8
    assert grey.min() == 0
    assert grey.max() == 255
    assert grey.mean() == pytest.approx(127, abs=3)


def test_values_of_another_unit_give_the_same_shades() -> None:
    voxels = np.random.default_rng(0).normal(500, 100, (8, 9, 10)).astype(np.float32)
    other = voxels * 40 - 3000
    difference = shades(voxels).of(voxels).astype(int) - shades(other).of(other)
    assert abs(difference).max() <= 1


def test_a_volume_of_one_value_is_black() -> None:
    for voxels in (np.full((2, 3, 4), 7, np.int16), np.full((1, 1, 1), -1e30, np.float32)):
        assert not shades(voxels).of(voxels).any()


def test_a_volume_of_two_values_is_black_and_white() -> None:
    voxels = np.array([[[0, 0, 9]]], np.int16)
    assert shades(voxels).of(voxels).tolist() == [[[0, 0, 255]]]
