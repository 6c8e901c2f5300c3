"""The wheel: what it contains, and that it serves from any folder."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import httpx2
import pytest

from tests.support.server import ROOT, serving

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
    (file,) = folder.glob("fcn_serve-*.whl")
    return file


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel and the locked serving dependencies in it."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [*PIP, "--python", str(python), "install", "--no-compile"]  # of most, nothing is imported
    subprocess.run([*install, "--require-hashes", "-r", str(ROOT / "requirements" / "serve.txt")], check=True)
    # Its own requirements are met by the lock, or this would fetch more and the next test would see it.
    subprocess.run([*install, str(wheel)], check=True)
    return python


def test_the_wheel_carries_what_serves_and_no_weights_for_training(wheel: Path) -> None:
    files = {file.filename: file.file_size for file in ZipFile(wheel).infolist()}
    carried = {
        "service/models/street.onnx",
        "service/web/page.js",
        "service/py.typed",
        "service/web/samples/brain.webp",
    }
    assert carried | {"model_export/__main__.py"} <= files.keys()
    assert not [name for name in files if name.endswith(".safetensors")]
    assert sum(files.values()) < 24_000_000


def test_what_is_imported_is_declared() -> None:
    """By name: a package that another one brings may go when that one changes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + extras["clinical"] + extras["client"] + extras["cluster"]
    declared = {re.split(r"[<>=[]", line)[0].replace("-", "_") for line in lines}
    declared |= {"PIL", "multipart", "mimeparse", "opentelemetry"}  # pillow, python-..., opentelemetry-sdk
    imported = {
        (node.module or "" if isinstance(node, ast.ImportFrom) else alias.name).partition(".")[0]
        for file in (ROOT / "service").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported - set(sys.stdlib_module_names) - {"service", "pyarrow"} <= declared, "pyarrow: where it is there"


def test_installing_the_service_brings_neither_torch_nor_medical_formats(python: Path) -> None:
    listing = [sys.executable, "-m", "pip", "--python", str(python), "list", "--format", "json"]
    names = {package["name"] for package in json.loads(subprocess.check_output(listing))}
    locked = (ROOT / "requirements" / "serve.txt").read_text()
    assert {"fastapi", "onnxruntime", "fcn-serve"} <= names
    assert not {"torch", "onnx", "torchvision", "pydicom", "nibabel", "imagecodecs", "highdicom"} & names
    assert all(f"{name.replace('_', '-')}==" in locked for name in names - {"fcn-serve"})


def test_the_wheel_has_a_command_that_segments_from_any_folder(python: Path, tmp_path: Path) -> None:
    photo = (ROOT / "docs" / "street.jpg").read_bytes()
    program = python.with_name("fcn-serve")
    answer = json.loads(subprocess.check_output([program, "segment", "-", "--json"], cwd=tmp_path, input=photo))
    assert sum(area["pixels"] for area in answer["classes"]) == 640 * 480


def test_what_is_needed_to_ask_a_service_is_said(python: Path) -> None:
    command = [str(python.with_name("fcn-serve")), "models", "--url", "http://127.0.0.1:1"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert 'pip install "fcn-serve[client]"' in result.stderr


def test_the_wheel_serves_its_model_and_its_page_from_any_folder(python: Path, tmp_path: Path) -> None:
    with serving(python=str(python), cwd=tmp_path) as url:
        answer = httpx2.post(f"{url}/segment", files={"image": (ROOT / "docs" / "street.jpg").read_bytes()}).json()
        assert len(answer["classes"]) == 11
        assert sum(c["pixels"] for c in answer["classes"]) == 640 * 480
        assert "page.js" in httpx2.get(url).text
        dicom = httpx2.post(f"{url}/segment", content=bytes(128) + b"DICM" + bytes(20))
        assert dicom.status_code == 415
        assert 'pip install "fcn-serve[clinical]"' in dicom.json()["detail"]
