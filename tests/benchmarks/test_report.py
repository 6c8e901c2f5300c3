"""The published tables are those of the last benchmark."""

import base64
import io
import json

import httpx2
from PIL import Image

from benchmarks import report, subjects
from benchmarks.photos import SIZES, photo
from benchmarks.rounds import perfect
from service.segmentation.inputs.raster import decode
from tests.support.server import ROOT

FOLDER = ROOT / "docs" / "benchmarks"


def test_the_published_table_is_that_of_the_published_figures() -> None:
    figures = json.loads((FOLDER / "figures.json").read_text())
    assert f"{report.table(figures)}\n\n{report.stages(figures)}\n" == (FOLDER / "table.md").read_text()


def test_two_checkouts_are_compared_in_rounds() -> None:
    """Twice as fast alone, half as fast with several callers, however slow the machine was in a round."""
    alone = {"480x360": {"bare": [9.0] * 3, "fcn-serve": [10.0, 20, 40], "../old": [20.0, 40, 80]}}
    offline = {"480x360": {"bare": [9.0] * 3, "fcn-serve": [5.0, 10, 20], "../old": [10.0, 20, 40]}}
    assert report.against(alone, offline).splitlines() == [
        "| fcn-serve over | ../old |",
        "|---|---|",
        "| one request, 480x360 | 2.00 (2.00 to 2.00) |",
        "| back to back, 480x360 | 0.50 (0.50 to 0.50) |",
    ]


def test_the_plain_script_serves_the_same_model() -> None:
    """A rival that failed would be fast."""
    with subjects.plain() as plain:
        answer = httpx2.post(plain.url, files={"image": photo(320, 240)}, timeout=60).json()
    assert sum(answer["areas"].values()) == 320 * 240
    assert Image.open(io.BytesIO(base64.b64decode(answer["mask"]))).size == (320, 240)


def test_the_photos_are_jpegs_of_their_sizes() -> None:
    for size in list(SIZES.values())[:2]:
        assert decode(photo(*size), 50_000_000).image.size == size


def test_random_arrivals_alone_make_the_slowest_wait() -> None:
    """Of a queue with arrivals at random and a service time that is always the same, at 70 %, the 99th percentile is
    about 7 services long (M/D/1; the tail's rate solves 0.7 (e^x - 1) = x)."""
    assert 6 < perfect(0.7, rounds=9, count=20_000) < 9
