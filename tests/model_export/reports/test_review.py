"""Scans as they are, spoiled, and in other forms, through the service's pipeline."""

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from model_export.commands import app
from model_export.data.spoiling import SPOILED
from model_export.data.variants import VARIANTS, Scan, nifti, resampled, scan_of
from service.segmentation.inputs import nifti as reader
from service.segmentation.modelfile.contract import Scan as Policy
from tests.support import tissues

SPACING = 3.0


def head() -> NDArray[np.uint8]:
    """T1 of a brain, axes to the right, the front and the head, with a cerebellum; voxels of 3 mm, air of no value."""
    right, front, top = np.indices((52, 64, 52)) - np.reshape((26, 32, 26), (3, 1, 1, 1))
    front = front + 0.7 * np.maximum(0, -top - 6)
    away = np.sqrt((right / 22) ** 2 + (front / 25) ** 2 + (top / 22) ** 2)
    values = np.array((235, 165, 85, 5))[np.minimum(3, np.digitize(away, (0.7, 0.88, 1.0)))]
    values = values + np.random.default_rng(0).normal(0, 8, values.shape)
    return np.where(away < 1.05, np.clip(values, 1, 255), 0).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for scans, and a scan of anna."""
    folder = tmp_path_factory.mktemp("scans")
    (folder / "tissues.onnx").write_bytes(tissues.model_bytes(scan=Policy(spacing=SPACING, slice_spacing=SPACING)))
    nibabel.Nifti1Image(head(), np.diag((SPACING, SPACING, SPACING, 1))).to_filename(folder / "anna_t1.nii.gz")
    return folder


@pytest.fixture(scope="module")
def scan(folder: Path) -> Scan:
    return scan_of(reader.read((folder / "anna_t1.nii.gz").read_bytes(), 10**6))


def test_spoiled_scans_are_sent_to_a_review_with_the_reasons(folder: Path, tmp_path: Path) -> None:
    spoils = ["as they are", "upside down", "turned", "noise alone", "upper", "header says 2"]
    options = [option for spoil in spoils for option in ("--spoil", spoil)]
    output = tmp_path / "measures.csv"
    command = ["review", str(folder / "tissues.onnx"), str(folder), "--output", str(output), *options]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    cells = [line.split("|") for line in done.output.splitlines() if line.startswith("|")]
    rows = {name.strip(): (caught, reasons) for _, name, caught, reasons, _ in cells}
    assert rows["as they are"][0].strip() == "0 of 1", done.output
    for name, code in {
        "upside down": "wrong_orientation",
        "turned by 90° in its slices": "wrong_orientation",
        "upper 4 cm missing": "cut_field_of_view",
        "header says 2 mm for 1": "unusual_size",
    }.items():
        assert rows[name][0].strip() == "1 of 1", done.output
        assert f"{code} 1" in rows[name][1]
    with output.open() as file:
        first = next(csv.DictReader(file))
    assert first["scans"] == "as they are"
    assert float(first["white matter over grey matter"]) > 3


def test_every_spoiled_scan_differs_and_is_drawn_from_its_seed(scan: Scan) -> None:
    for name, spoil in SPOILED.items():
        one, same = (spoil(scan, np.random.default_rng(1)) for _ in range(2))
        assert np.array_equal(one.values, same.values), name
        changed = one.values.shape != scan.values.shape or not np.array_equal(one.values, scan.values)
        assert changed or one.spacing != scan.spacing, name
        volume = reader.read(nifti(one), 10**6)
        assert np.isfinite(volume.voxels).all(), name


def test_volumes_hardly_change_with_the_form_of_a_scan(folder: Path) -> None:
    done = CliRunner().invoke(app, ["invariance", str(folder / "tissues.onnx"), str(folder)])
    assert done.exit_code == 0, done.output
    rows = [line for line in done.output.splitlines() if any(line.startswith(f"| {name} ") for name in VARIANTS)]
    assert len(rows) == len(VARIANTS)
    for row in rows:
        if "axes" in row or "shifted" in row:
            assert row.count("0.0%, at most 0.0%") == 3, row


def test_a_variant_keeps_every_voxel_in_its_place(scan: Scan) -> None:
    plain = scan_of(reader.read(nifti(scan), 10**6))
    assert np.array_equal(plain.values, scan.values)
    for name in ("axes to the left, the back, the head", "axes to the front, the feet, the right"):
        assert np.array_equal(scan_of(reader.read(VARIANTS[name](scan), 10**6)).values, scan.values)
    finer = resampled(1.5)(scan)
    assert finer.spacing == (1.5, 1.5, 1.5)
    assert abs(finer.values[::2, ::2, ::2] - scan.values).max() < 1e-3
