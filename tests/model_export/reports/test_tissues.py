"""Figures of tissues by person, of masks whose figures are known."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from model_export.commands import app
from model_export.reports.tissues import agreement
from tests.support import tissues


def box(start: int, stop: int) -> NDArray[np.bool_]:
    mask = np.zeros((8, 30, 8), np.bool_)
    mask[2:6, start:stop, 2:6] = True
    return mask


def test_equal_masks_agree() -> None:
    same = agreement("csf", box(5, 15), box(5, 15), (1, 1, 1))
    assert (same.dice, same.hd95, same.volume) == (1, 0, 0)


def test_half_of_a_mask_is_two_thirds_of_dice_and_too_small_by_half() -> None:
    half = agreement("csf", box(5, 10), box(5, 15), (1, 1, 1))
    assert half.dice == pytest.approx(2 / 3)
    assert half.volume == pytest.approx(-0.5)


def test_distances_are_in_millimetres() -> None:
    near, far = (agreement("csf", box(5, 10), box(8, 13), (1, mm, 1)).hd95 for mm in (1, 2))
    assert near is not None
    assert 0 < near <= 3
    assert far == pytest.approx(2 * near)


def test_what_is_nowhere_has_no_distance() -> None:
    nothing = agreement("csf", box(0, 0), box(5, 10), (1, 1, 1))
    assert (nothing.dice, nothing.hd95, nothing.volume) == (0, None, -1)
    neither = agreement("csf", box(0, 0), box(0, 0), (1, 1, 1))
    assert (neither.dice, neither.hd95, neither.volume) == (1, None, None)


def test_people_are_judged_through_the_segmenter_of_volumes(tmp_path: Path) -> None:
    model = tmp_path / "tissues.onnx"
    model.write_bytes(tissues.model_bytes())
    truth = np.random.default_rng(0).integers(0, 4, (12, 12, 6)).astype(np.uint8)
    scan = np.maximum(1, np.array(tissues.GREY, np.uint8)[truth])  # all but one of these are no background
    scan[0, 0, 0] = truth[0, 0, 0] = 0
    for name, voxels in (("t1", scan), ("tissues", truth)):
        nibabel.Nifti1Image(voxels, np.eye(4)).to_filename(tmp_path / f"anna_{name}.nii.gz")
    done = CliRunner().invoke(app, ["tissues", str(model), str(tmp_path)])
    assert done.exit_code == 0, done.output
    exact = "1.000, 0.0, +0.0%"
    assert f"| anna | {exact} | {exact} | {exact} |" in done.output
