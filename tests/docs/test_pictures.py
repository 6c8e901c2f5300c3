"""Every picture in docs/ is drawn by `make pictures`, or elsewhere by a named command; those kept are current."""

from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from benchmarks import __main__ as benchmarks
from docsite.pictures import DRAWN, ELSEWHERE
from model_export import commands as model_export
from tests.support.server import ROOT

DOCS = ROOT / "docs"
SOURCES = {"street.jpg", "icon.svg"}
"""The photo, of which the others are drawn, and the icon of the service's page."""


def test_every_picture_is_known_to_a_command() -> None:
    suffixes = {".png", ".jpg", ".webp", ".svg", ".gif"}
    kept = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*") if path.suffix in suffixes}
    assert kept >= DRAWN.keys() | SOURCES
    left = {name for name in kept - DRAWN.keys() - SOURCES if not any(fnmatch(name, one) for one in ELSEWHERE)}
    assert left == set(), "draw them in docsite/pictures.py"
    known = {
        f"python -m {package} {name}"
        for package, app in (("benchmarks", benchmarks.app), ("model_export", model_export.app))
        for name in typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    }
    assert set(ELSEWHERE.values()) <= known


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_what_the_command_draws(name: str, tmp_path: Path) -> None:
    """But for pixels near outlines: processors round differently."""
    drawn = tmp_path / Path(name).name
    DRAWN[name](drawn)
    ours, shown = pixels(drawn), pixels(DOCS / name)
    assert ours.shape == shown.shape
    assert (np.abs(ours - shown).max(axis=2) > 20).mean() < 0.02


def pixels(path: Path) -> np.ndarray[tuple[int, int, int], np.dtype[np.int16]]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(np.int16)
