"""The rules of the repository that no linter knows."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.server import ROOT

PIPELINE = "service/segmentation/pipeline.py"
FILES = [ROOT / name for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()]
SOURCES = [path for path in FILES if path.suffix in {".py", ".js", ".css", ".html"} and path.exists()]
TEXTS = [
    path for path in FILES if path.suffix not in {".onnx", ".png", ".jpg", ".webp", ".safetensors"} and path.exists()
]


EXAMPLES = {"classes.json", "train/", "val/", "images/", "labels/"}
"""What documents call the reader's own files."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_has_under_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 300


def test_the_pipeline_alone_decodes_an_image_and_segments_it() -> None:
    """Whatever else did both would sooner or later do them in another way than the service does."""
    programs = [p for p in SOURCES if p.suffix == ".py" and not p.is_relative_to(ROOT / "tests")]
    called = {str(path.relative_to(ROOT)): calls(path) for path in programs}
    assert {path for path, names in called.items() if {"decode", "segment"} <= names} == {PIPELINE}
    fits = {path for path, names in called.items() if "fitted" in names}
    assert fits <= {"service/segmentation/segmenter.py", "model_export/onnx/export.py"}, fits  # export: parity's images


def calls(path: Path) -> set[str]:
    """The names of the functions and methods that a file calls."""
    functions = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {f.id if isinstance(f, ast.Name) else f.attr for f in functions if isinstance(f, ast.Name | ast.Attribute)}


def test_no_file_names_a_machine_or_a_registry() -> None:
    where = re.compile(r"/(?:home|root|work|Users)/\w|pypi\.org|pythonhosted\.org|index-url")
    named = {str(p.relative_to(ROOT)): where.findall(p.read_text()) for p in TEXTS if where.search(p.read_text())}
    allowed = {
        "test_structure.py",
        "model_export/onnx/test_export.py",
        "model_export/test_deconvnet.py",
        "support/networks.py",
    }
    assert named.keys() <= {"Makefile", *(f"tests/{name}" for name in allowed)}, named


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_the_files_that_a_document_names_exist(document: str) -> None:
    tracked = [str(path.relative_to(ROOT)) for path in FILES]
    named = re.findall(
        r"`((?:[\w-]+/)*[\w-]+\.(?:py|md|json|txt|toml|pov|onnx)|(?:[\w-]+/)+)`", (ROOT / document).read_text()
    )
    missing = {
        name
        for name in named
        if not any(
            f"/{path}".endswith(f"/{name}") or (name.endswith("/") and f"/{name}" in f"/{path}") for path in tracked
        )
    }
    assert missing <= EXAMPLES
