"""The wheel alone: what it brings, and that it serves from any folder."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.support.server import ROOT, serving


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel and the locked serving dependencies in it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("fcn_serve-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [*pip, "--python", str(python), "install"]
    subprocess.run([*install, "--require-hashes", "-r", str(ROOT / "requirements" / "serve.txt")], check=True)
    # Its own requirements are met by the lock, or this would fetch more and the next test would see it.
    subprocess.run([*install, str(wheel)], check=True)
    return python


def test_installing_the_service_brings_neither_torch_nor_onnx(python: Path) -> None:
    listing = [sys.executable, "-m", "pip", "--python", str(python), "list", "--format", "json"]
    names = {package["name"] for package in json.loads(subprocess.check_output(listing))}
    locked = (ROOT / "requirements" / "serve.txt").read_text()
    assert {"fastapi", "onnxruntime", "fcn-serve"} <= names
    assert not {"torch", "onnx", "torchvision"} & names
    assert all(f"{name.replace('_', '-')}==" in locked for name in names - {"fcn-serve"})


def test_the_wheel_serves_its_model_and_its_page_from_any_folder(python: Path, tmp_path: Path) -> None:
    with serving(python=str(python), cwd=tmp_path) as url:
        answer = httpx2.post(f"{url}/segment", files={"image": (ROOT / "docs" / "street.jpg").read_bytes()}).json()
        assert len(answer["classes"]) == 11
        assert sum(c["pixels"] for c in answer["classes"]) == 640 * 480
        assert "page.js" in httpx2.get(url).text
