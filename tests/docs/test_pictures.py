"""Every picture in docs/ is drawn by `make pictures`, or elsewhere by a named command; those kept are current."""

from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from benchmarks import __main__ as benchmarks
from docsite.pictures import ELSEWHERE, draw
from model_export import commands as model_export
from tests.support.server import ROOT

DOCS = ROOT / "docs"
SOURCES = {"street.jpg", "icon.svg"}
"""The photo, of which the others are drawn, and the icon of the service's page."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    draw(folder)
    return folder


def pictures(folder: Path) -> set[str]:
    suffixes = {".png", ".jpg", ".webp", ".svg", ".gif"}
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in suffixes}


def test_every_picture_is_known_to_a_command(drawn: Path) -> None:
    left = pictures(DOCS) - pictures(drawn) - SOURCES
    assert {name for name in left if not any(fnmatch(name, pattern) for pattern in ELSEWHERE)} == set()
    known = {
        f"python -m {package} {name}"
        for package, app in (("benchmarks", benchmarks.app), ("model_export", model_export.app))
        for name in typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    }
    assert set(ELSEWHERE.values()) <= known | {"python -m docsite.page"}


def test_the_pictures_are_those_that_the_command_draws(drawn: Path) -> None:
    """But for pixels near outlines: processors round differently."""
    assert len(pictures(drawn)) >= 4
    for name in pictures(drawn):
        ours, shown = pixels(drawn / name), pixels(DOCS / name)
        assert ours.shape == shown.shape, name
        assert (np.abs(ours - shown).max(axis=2) > 20).mean() < 0.02, name


def pixels(path: Path) -> np.ndarray[tuple[int, int, int], np.dtype[np.int16]]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(np.int16)
