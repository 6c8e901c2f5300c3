"""The page, in a browser: scans are segmented, shown and saved."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import colours, tissues
from tests.support.accessibility import violations
from tests.support.chromium import tab
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
def url(browser: Browser, tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[str]:
    """The address of a service with a model for scans and one for pictures; none where there is no browser."""
    assert browser
    folder = tmp_path_factory.mktemp("models")
    (folder / "tissues.onnx").write_bytes(tissues.model_bytes())
    (folder / "colours.onnx").write_bytes(colours.model_bytes())
    with serving(folder, log=log) as address:
        yield address


def give(page: Page, *paths: Path) -> None:
    page.locator("#file").set_input_files(paths)


def written(path: Path, shape: tuple[int, int, int] = SHAPE, spacing: tuple[float, float, float] = (1, 1, 1)) -> Path:
    volume = scan(spacing, shape)
    path.write_bytes(gzip.compress(nifti(volume.voxels, volume.affine), 1))
    return path


def test_a_scan_has_slices_volumes_and_reasons_for_a_review(page: Page, tmp_path: Path, log: Path) -> None:
    give(page, written(tmp_path / f"{NAME}.nii.gz", spacing=(1, 1, 2)))
    expect(page.locator("#brain-area")).not_to_be_empty()
    expect(page.locator("#tissues .name")).to_have_text(["csf", "grey matter", "white matter"])
    voxels = [np.count_nonzero(truth() == id_) for id_ in (1, 2, 3)]
    volumes = [float(text) for text in page.locator("#tissues .ml").all_inner_texts()]
    assert volumes == pytest.approx([2 * number / 1000 for number in voxels], rel=0.01)
    expect(page.locator("#review")).to_contain_text("mL of tissue")
    expect(page.locator("#scan")).to_contain_text("Not a medical device")
    for key in ("ArrowRight", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    shown = int(page.locator("#slice-at").input_value())
    page.locator("#scan-frame").hover()
    page.mouse.wheel(0, 80)
    expect(page.locator("#slice-at")).to_have_value(str(shown - 2))
    areas = [np.count_nonzero(truth()[:, :, shown - 2] == id_) for id_ in (1, 2, 3)]
    expect(page.locator("#brain-area")).to_have_text(str(sum(areas)))
    expect(page.locator("#tissues .area").first).to_have_text(str(areas[0]))
    pixels = page.evaluate("[...document.getElementById('slice').getContext('2d').getImageData(0, 0, 24, 20).data]")
    expected = np.array(tissues.GREY)[np.flip(truth()[:, :, shown - 2], (0, 1)).T]
    np.testing.assert_allclose(np.array(pixels).reshape(20, 24, 4)[:, :, 0], expected, atol=1)
    with page.expect_download() as saved:
        page.locator("#save-labels").click()
    assert saved.value.suggested_filename == f"{NAME}.labels.nii.gz"
    saved.value.save_as(tmp_path / "labels.nii.gz")
    np.testing.assert_array_equal(nibabel.load(tmp_path / "labels.nii.gz").dataobj, truth())
    expect(page.locator("#save-segmentation")).to_be_hidden()
    assert violations(page) == []
    assert NAME not in log.read_text()


def test_the_files_of_a_series_are_one_scan_and_its_segmentation_can_be_saved(page: Page, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(5)]
    for path, file in zip(paths, series(), strict=True):
        path.write_bytes(file)
    give(page, *paths)
    expect(page.locator("#scan-status")).to_contain_text("5 files")
    with page.expect_download() as saved:
        page.locator("#save-segmentation").click()
    assert saved.value.suggested_filename == "5 files.seg.dcm"
    assert saved.value.path().read_bytes()[128:132] == b"DICM"


def test_a_scan_can_be_cancelled(page: Page, tmp_path: Path, log: Path) -> None:
    give(page, written(tmp_path / "large.nii.gz", (64, 64, 2000)))
    expect(page.locator("#progress")).to_have_attribute("value", re.compile("[1-9]"))
    page.locator("#cancel").click()
    expect(page.locator("#empty")).to_contain_text("Drop a scan")
    wait_until(lambda: "route=/volumes status=200 code=abandoned" in log.read_text())


def test_a_photo_is_still_a_photo_and_a_damaged_scan_has_a_reason(url: str, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(encoded(quarters()))
    with tab(browser) as (page, _):  # which logs the refusal
        page.goto(url)
        expect(page.locator("#model option")).to_have_count(2)
        give(page, tmp_path / "photo.png")
        expect(page.locator("#rows tr")).to_have_count(3)
        (tmp_path / "half.nii.gz").write_bytes(written(tmp_path / "whole.nii.gz").read_bytes()[:300])
        give(page, tmp_path / "half.nii.gz")
        expect(page.locator("#error")).to_be_visible()
        expect(page.locator("#empty")).to_be_visible()
