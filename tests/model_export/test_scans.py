"""Scans of people and label maps of heads become slices: the right way round, the same for the same seed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from model_export.commands import app
from model_export.data import scans, synthesis
from model_export.data.folder import SegmentationFolder
from model_export.data.tissues import CSF, GREY, STRUCTURES, WHITE, Looks, read_looks
from model_export.errors import DataError

SKIN = 507
TISSUES = {24: CSF, 3: GREY, 2: WHITE}


def ball(*radii: float) -> NDArray[np.bool_]:
    """A ball of 60 mm, or an ellipsoid of these radii from left to right, back to front, bottom to top."""
    axes = np.ogrid[-45:45, -50:50, -40:40]
    return np.asarray(sum((axis / radius) ** 2 for axis, radius in zip(axes, radii, strict=True)) < 1)


def head() -> NDArray[np.uint16]:
    """Ids of a head [right, front, top]: skin around fluid around grey around white matter; fluid in its right half."""
    ids = np.zeros((90, 100, 80), np.uint16)
    for id_, size in ((SKIN, 38), (24, 33), (3, 29), (2, 22)):
        ids[ball(size, size + 8, size)] = id_
    ids[55:60, 40:60, 30:50] = 24
    return ids


def write(path: Path, voxels: NDArray[np.generic], axes: str = "RAS") -> None:
    image = nibabel.Nifti1Image(voxels, np.eye(4))
    towards = nibabel.orientations.axcodes2ornt(axes)
    image.as_reoriented(nibabel.orientations.ornt_transform([[0, 1], [1, 1], [2, 1]], towards)).to_filename(path)


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    (tmp_path / "maps").mkdir()
    write(tmp_path / "maps" / "one.nii.gz", head())
    return tmp_path / "maps"


@pytest.fixture
def priors(tmp_path: Path) -> Path:
    path = tmp_path / "priors.json"
    means = {0: 5, 24: 45, 3: 96, 2: 160, SKIN: 120}
    looks = {str(id_): {"class": n, "mean": [mean, 5], "std": [8, 1]} for n, (id_, mean) in enumerate(means.items())}
    path.write_text(json.dumps(looks))
    return path


@pytest.fixture
def heads(maps: Path, priors: Path) -> tuple[list[synthesis.Head], Looks]:
    looks = read_looks(priors)
    return synthesis.read_heads(maps, looks, range), looks


def synthesised(heads: tuple[list[synthesis.Head], Looks], **shares: float) -> synthesis.Synthesis:
    """Without anything rare, but for these shares."""
    rare = ("random", "skull", "tight", "thick", "coarse", "cropped", "repeated", "agent")
    found, looks = heads
    chosen: dict[str, Any] = dict.fromkeys(rare, 0.0) | shares
    return replace(synthesis.Synthesis(found, looks, seed=0), **chosen)


def whole(drawn: synthesis.Synthesis) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Images and labels of the first slabs that hold every tissue."""
    slabs = [drawn.draw(number)[1:] for number in range(8)]
    arrays = [(np.asarray(image), np.asarray(label)) for image, label in slabs]
    return [(image, label) for image, label in arrays if len(np.unique(label)) == 4]


def test_every_structure_is_of_one_tissue() -> None:
    ids = [id_ for tissue in STRUCTURES.values() for id_ in tissue]
    assert len(ids) == len(set(ids))


def test_a_slab_is_a_function_of_its_seed_and_number(heads: tuple[list[synthesis.Head], Looks]) -> None:
    first, again, other = (np.asarray(synthesis.Synthesis(*heads, seed=seed).draw(3)[1]) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_tissues_have_the_order_of_their_intensities(heads: tuple[list[synthesis.Head], Looks]) -> None:
    for image, label in whole(synthesised(heads, skull=1)):
        dark, grey, white = (image[label == tissue].mean() for tissue in (CSF, GREY, WHITE))
        assert dark < grey < white


def test_without_its_skull_a_head_is_black_where_it_has_no_tissue(heads: tuple[list[synthesis.Head], Looks]) -> None:
    for image, label in whole(synthesised(heads)):
        assert not image[label == 0][:, 1].any()
    for image, label in whole(synthesised(heads, skull=1)):
        assert image[label == 0].any()


def test_a_tight_strip_takes_fluid_alone(heads: tuple[list[synthesis.Head], Looks]) -> None:
    loose, tight = (np.stack([label for _, label in whole(synthesised(heads, tight=share))]) for share in (0, 1))
    changed = loose != tight
    assert set(loose[changed]) == {CSF}
    assert not tight[changed].any()


def test_a_repeated_slice_is_grey_and_neighbours_are_not(heads: tuple[list[synthesis.Head], Looks]) -> None:
    for share, grey in ((0, False), (1, True)):
        image, _ = whole(synthesised(heads, repeated=share))[0]
        assert np.array_equal(image, image[:, :, :1].repeat(3, 2)) == grey


@pytest.mark.parametrize("thickness", [1, 2.5, 5])
def test_neighbouring_slices_are_averages_that_touch(thickness: float) -> None:
    weights = synthesis.through_plane(thickness)
    offsets = np.arange(weights.shape[1]) - weights.shape[1] // 2
    assert weights.sum(1) == pytest.approx(1)
    assert weights @ offsets == pytest.approx([-thickness, 0, thickness], abs=0.1)
    assert weights.sum(0).max() == pytest.approx(1 / thickness)


def test_a_cropped_field_of_view_is_background_too(heads: tuple[list[synthesis.Head], Looks]) -> None:
    _, image, label = synthesised(heads, cropped=1, skull=1).draw(2)
    black: NDArray[np.bool_] = np.all(np.asarray(image) == 0, 2)
    lines = np.all(black, 0).sum() + np.all(black, 1).sum()
    assert lines >= 0.15 * min(scans.CANVAS)
    assert not np.asarray(label)[np.all(black, 1)].any()


def test_a_structure_without_a_prior_is_named(maps: Path, priors: Path) -> None:
    write(maps / "two.nii.gz", np.where(head() == 2, 999, head()).astype(np.uint16))
    with pytest.raises(DataError, match=r"two\.nii\.gz holds structures without a prior: \[999\]"):
        synthesis.read_heads(maps, read_looks(priors), range)


@pytest.mark.parametrize("axes", ["RAS", "LPI"])
def test_scans_become_slices_from_feet_to_head_front_up_right_side_left(tmp_path: Path, axes: str) -> None:
    labels = np.zeros(head().shape, np.uint8)
    for id_, tissue in TISSUES.items():
        labels[head() == id_] = tissue
    labels[:, :20] = 0  # less of the back, so that back and front differ
    scan = (labels * 60 + np.arange(80)).astype(np.uint8) * (labels > 0)
    for person in ("anna", "ben"):
        write(tmp_path / f"{person}_t1.nii.gz", scan, axes)
        write(tmp_path / f"{person}_tissues.nii.gz", labels, axes)
    done = CliRunner().invoke(
        app, ["slices", str(tmp_path), str(tmp_path / "data"), "--leave-out", "ben", "--step", "5"]
    )
    assert done.exit_code == 0, done.output
    data = SegmentationFolder(tmp_path / "data", "train")
    assert {path.name[:5] for path, _ in data.pairs} == {"anna_"}
    images, truth = zip(*(data.read(index) for index in range(len(data))), strict=True)
    middle = np.asarray(truth[len(data) // 2])
    assert middle.shape == scans.CANVAS[::-1]
    rows, columns = np.nonzero(middle)
    assert rows.min() < scans.CANVAS[1] - 1 - rows.max()  # the back is cut off
    spot = np.argwhere(middle[80:140, 70:120] == CSF)[:, 1].mean() + 70
    assert spot < columns.mean()  # on the patient's right
    below, here, above = np.asarray(images[len(data) // 2], np.float32)[middle == WHITE].mean(0)
    assert below < here < above  # this scan is brighter towards the top


def test_heads_are_written_as_a_data_set(maps: Path, priors: Path, tmp_path: Path) -> None:
    for start, count in ((0, 3), (3, 2)):
        call = ["heads", str(maps), str(priors), str(tmp_path / "data"), "--start", str(start), "--count", str(count)]
        done = CliRunner().invoke(app, call)
        assert done.exit_code == 0, done.output
    data = SegmentationFolder(tmp_path / "data", "train")
    assert [path.stem for path, _ in data.pairs] == [f"one_{number:06d}" for number in range(5)]
    assert all(data.read(index)[0].size == scans.CANVAS for index in range(5))
