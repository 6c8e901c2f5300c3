"""The table in the README is what the last benchmark wrote."""

import json

from benchmarks import report
from benchmarks.photos import SIZES, photo
from benchmarks.rounds import perfect
from service.segmentation.inputs.raster import decode
from tests.support.server import ROOT

FOLDER = ROOT / "docs" / "benchmarks"


def test_the_readme_has_the_last_benchmarks_table() -> None:
    figures = json.loads((FOLDER / "figures.json").read_text())
    assert report.table(figures) in (ROOT / "README.md").read_text()
    assert f"{report.table(figures)}\n\n{report.stages(figures)}\n" == (FOLDER / "table.md").read_text()
    assert figures["machine"]["processor"] in (ROOT / "README.md").read_text()


def test_the_photos_are_jpegs_of_their_sizes() -> None:
    for size in list(SIZES.values())[:2]:
        assert decode(photo(*size), 50_000_000).image.size == size


def test_random_arrivals_alone_make_the_slowest_wait() -> None:
    """Of a queue with arrivals at random and a service time that is always the same, at 70 %, the 99th percentile is
    about 7 services long (M/D/1; the tail's rate solves 0.7 (e^x - 1) = x)."""
    assert 6 < perfect(0.7, rounds=9, count=20_000) < 9
