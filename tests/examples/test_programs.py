"""The examples in shell and Python do what they say, with a real service."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.examples.conftest import KEY
from tests.support.debian import need
from tests.support.pictures import encoded, quarters
from tests.support.server import ROOT
from tests.support.tissues import GREY

EXAMPLES = ROOT / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photo that is one half sky, one sixth road and one third pedestrian, and a slice whose tissues are known."""
    (tmp_path / "photo.png").write_bytes(encoded(quarters().rotate(180)))
    shades = np.tile(np.repeat(np.array(GREY, np.uint8), 8), (32, 1))
    shades[::2, :8] = 1  # air is not all of one value, and so not what lies outside of a scan
    (tmp_path / "slice.png").write_bytes(encoded(Image.fromarray(shades)))
    return tmp_path


def run(folder: Path, url: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"SEGMENT": url, "FCN_SERVE_KEY": KEY, "PYTHONPATH": str(ROOT)} | settings
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)


def python(folder: Path, url: str, name: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run(folder, url, sys.executable, str(EXAMPLES / name), *words, **settings)


def test_curl_writes_areas_mask_and_overlay(folder: Path, url: str) -> None:
    need("curl")
    result = run(folder, url, "sh", str(EXAMPLES / "curl.sh"), "photo.png")
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    sky = json.loads((folder / "areas.json").read_text())["classes"][2]
    assert (sky["pixels"], sky["area_mm2"]) == (96 * 32, 96 * 32 / 4)
    with Image.open(folder / "mask.png") as mask, Image.open(folder / "overlay.webp") as overlay:
        np.testing.assert_array_equal(np.asarray(mask), np.asarray(quarters().rotate(180)).argmax(2))
        assert overlay.size == mask.size


def test_curl_ends_with_the_services_sentence(folder: Path, url: str) -> None:
    need("curl")
    result = run(folder, url, "sh", str(EXAMPLES / "curl.sh"), "photo.png", FCN_SERVE_KEY="wrong")
    assert result.returncode == 22
    assert json.loads((folder / "areas.json").read_text())["code"] == "unauthorized"


def test_httpx_prints_shares_and_saves_the_mask(folder: Path, url: str) -> None:
    result = python(folder, url, "python_httpx.py", "photo.png", "mask.png")
    assert result.stdout.splitlines()[2] == "sky           50.0% confidence 0.91", result.stderr
    with Image.open(folder / "mask.png") as mask:
        assert np.count_nonzero(np.asarray(mask) == 2) == 96 * 32
    refused = python(folder, url, "python_httpx.py", "photo.png", "mask.png", FCN_SERVE_KEY="wrong")
    assert (refused.returncode, refused.stderr[:16]) == (1, "401 unauthorized")


def test_the_typed_client_finds_the_most_road_and_leaves_out_what_is_no_photo(folder: Path, url: str) -> None:
    (folder / "road.png").write_bytes(encoded(Image.new("RGB", (96, 64), (20, 0, 0))))
    (folder / "text.png").write_text("no photo")
    result = python(folder, url, "typed_client.py", "photo.png", "road.png", "text.png")
    assert result.stdout.splitlines() == ["photo.png: 16.7% road", "road.png: 100.0% road", "most road: road.png"]
    assert result.stderr.startswith("text.png: The file is text")


def test_a_slice_has_areas_in_square_millimetres(folder: Path, url: str) -> None:
    result = python(folder, url, "clinical_slice.py", "slice.png", "1,1", MODEL="tissues")
    areas = {line.partition(":")[0]: float(line.split()[-4]) for line in result.stdout.splitlines()}
    assert areas == dict.fromkeys(("csf", "grey matter", "white matter"), 256.0), result.stderr


def test_a_dicom_slice_brings_its_own_spacing(folder: Path, url: str) -> None:
    dicom = pytest.importorskip("tests.support.dicom")
    (folder / "slice.dcm").write_bytes(dicom.dicom())
    result = python(folder, url, "clinical_slice.py", "slice.dcm", MODEL="tissues")
    total = sum(float(line.split()[-4]) for line in result.stdout.splitlines())
    assert 0.5 < total / (24 * 32 * 0.9 * 0.7) <= 1, result.stderr
    refused = python(folder, url, "clinical_slice.py", "slice.png", MODEL="tissues")
    assert "how large a pixel is" in refused.stderr
