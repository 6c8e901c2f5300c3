"""The page, in a browser: photos and scans are segmented, shown and saved."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support import colours, tissues
from tests.support.chromium import Page, chromium
from tests.support.dicom import series
from tests.support.nifti import nifti
from tests.support.pictures import encoded, quarters
from tests.support.scans import SHAPE, scan, truth
from tests.support.server import serving
from tests.support.waiting import wait_until

nibabel = pytest.importorskip("nibabel")

NAME = "DOE^JANE"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "log"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def clinic(browser: Page, tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[str]:
    """The address of a service with a model for scans and one for pictures; none where there is no browser."""
    assert browser
    folder = tmp_path_factory.mktemp("models")
    (folder / "tissues.onnx").write_bytes(tissues.model_bytes())
    (folder / "colours.onnx").write_bytes(colours.model_bytes())
    with serving(folder, log=log) as address:
        yield address


@pytest.fixture
def page(browser: Page, clinic: str) -> Page:
    """The page, with its models."""
    browser.open(clinic)
    browser.wait("document.getElementById('model').length === 2")
    browser.errors.clear()
    return browser


def written(path: Path, shape: tuple[int, int, int] = SHAPE, spacing: tuple[float, float, float] = (1, 1, 1)) -> Path:
    volume = scan(spacing, shape)
    path.write_bytes(gzip.compress(nifti(volume.voxels, volume.affine), 1))
    return path


def test_a_scan_has_slices_volumes_and_reasons_for_a_review(page: Page, tmp_path: Path, log: Path) -> None:
    page.give([written(tmp_path / f"{NAME}.nii.gz", spacing=(1, 1, 2))])
    page.wait("!document.getElementById('scan').hidden && document.getElementById('brain-area').innerText")
    rows = page.value(
        "[...document.querySelectorAll('#tissues tr')].map((row) => row.innerText.split(/\\s*[\\t\\n]\\s*/))"
    )
    assert [row[0] for row in rows] == ["csf", "grey matter", "white matter"]
    voxels = [np.count_nonzero(truth() == id_) for id_ in (1, 2, 3)]
    assert [float(row[1]) for row in rows] == pytest.approx([2 * number / 1000 for number in voxels], rel=0.01)
    assert "mL of tissue" in page.text("#review")
    assert "Not a medical device" in page.text("#scan")
    for key in ("ArrowRight", "ArrowLeft", "ArrowLeft"):
        page.press(key)
    shown = slice_of(page)
    page.wheel("#scan-frame", 80)
    page.wait(f"document.getElementById('slice-at').value == {shown - 2}")
    areas = [np.count_nonzero(truth()[:, :, shown - 2] == id_) for id_ in (1, 2, 3)]
    page.wait(f"document.getElementById('brain-area').innerText == {sum(areas)}")
    page.wait(f"document.querySelector('#tissues .area').innerText == {areas[0]}")
    colour = "document.getElementById('slice').getContext('2d').getImageData(0, 0, 24, 20).data"
    seen = np.array(page.value(f"[...{colour}]")).reshape(20, 24, 4)[:, :, 0]
    expected = np.array(tissues.GREY)[np.flip(truth()[:, :, shown - 2], (0, 1)).T]
    np.testing.assert_allclose(seen, expected, atol=1)
    labels = page.download("#save-labels", tmp_path, f"{NAME}.labels.nii.gz")
    np.testing.assert_array_equal(nibabel.load(labels).dataobj, truth())
    assert page.value("document.getElementById('save-segmentation').hidden")
    assert page.errors == []
    assert NAME not in log.read_text()


def slice_of(page: Page) -> int:
    return int(page.value("document.getElementById('slice-at').value"))


def test_the_files_of_a_series_are_one_scan_and_its_segmentation_can_be_saved(page: Page, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(5)]
    for path, file in zip(paths, series(), strict=True):
        path.write_bytes(file)
    page.give(paths)
    page.wait("!document.getElementById('scan').hidden")
    assert page.text("#scan-status").startswith("5 files")
    assert page.download("#save-segmentation", tmp_path, "5 files.seg.dcm").read_bytes()[128:132] == b"DICM"
    assert page.errors == []


def test_a_scan_can_be_cancelled(page: Page, tmp_path: Path, log: Path) -> None:
    page.give([written(tmp_path / "large.nii.gz", (64, 64, 2000))])
    page.wait("document.getElementById('progress').value > 0")
    page.click("#cancel")
    assert "Drop a scan" in page.text("#empty")
    wait_until(lambda: "route=/volumes status=200 code=abandoned" in log.read_text())


def test_a_photo_is_a_photo_still_and_a_wounded_scan_has_a_reason(page: Page, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(encoded(quarters()))
    page.give([tmp_path / "photo.png"])
    page.wait("!document.getElementById('results').hidden")
    assert page.value("document.querySelectorAll('#rows tr').length") == 3
    (tmp_path / "half.nii.gz").write_bytes(written(tmp_path / "whole.nii.gz").read_bytes()[:300])
    page.give([tmp_path / "half.nii.gz"])
    page.wait("!document.getElementById('error').hidden")
    assert not page.value("document.getElementById('empty').hidden")


def test_without_a_model_for_scans_the_page_says_what_to_do(browser: Page, model_file: Path, tmp_path: Path) -> None:
    with serving(model_file.parent) as address:
        browser.open(address)
        browser.give([written(tmp_path / "scan.nii.gz")])
        browser.wait("!document.getElementById('error').hidden")
    assert "No model for scans is served" in browser.text("#error")
