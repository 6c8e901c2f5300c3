"""The house rules that no linter knows."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.server import ROOT

FILES = [ROOT / name for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()]
SOURCES = [path for path in FILES if path.suffix in {".py", ".js", ".css", ".html"} and path.exists()]
TEXTS = [
    path for path in FILES if path.suffix not in {".onnx", ".png", ".jpg", ".webp", ".safetensors"} and path.exists()
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_has_under_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 300


def test_no_file_names_a_machine_or_a_registry() -> None:
    where = re.compile(r"/(?:home|root|work|Users)/\w|pypi\.org|pythonhosted\.org|index-url")
    named = {str(p.relative_to(ROOT)): where.findall(p.read_text()) for p in TEXTS if where.search(p.read_text())}
    allowed = {"test_structure.py", "model_export/onnx/test_export.py", "support/networks.py"}
    assert named.keys() <= {"Makefile", *(f"tests/{name}" for name in allowed)}, named
