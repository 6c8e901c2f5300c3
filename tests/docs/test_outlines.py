"""The tables of docs/explanation/outlines.md are those of its runs, and what the page says follows from them."""

import csv

import pytest

from model_export.reports.outlines import LARGE
from model_export.reports.report import markdown
from service.segmentation.catalog import EMBEDDED
from service.segmentation.runtime.model import Model
from tests.support.server import ROOT

FOLDER = ROOT / "docs" / "explanation" / "outlines"
PAGE = (ROOT / "docs" / "explanation" / "outlines.md").read_text()


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def table(name: str) -> list[str]:
    """The lines of a table of the page, without spaces that only align them."""
    lines = PAGE.partition(f"<!-- {name} -->\n")[2].partition("\n<!-- end -->")[0].splitlines()
    return [" ".join(line.split()) for line in lines]


def test_the_table_of_accuracy_is_that_of_its_run() -> None:
    found = rows("quality")
    expected = markdown(list(found[0]), [list(row.values()) for row in found])
    assert table("quality") == [" ".join(line.split()) for line in expected.splitlines()]


def test_drawn_outlines_are_better_at_every_size_and_none_is_better_than_the_networks_own() -> None:
    limit, *others = rows("quality")
    figures = [name for name in limit if name.endswith(("px", "all"))]
    for nearest, drawn in zip(others[::2], others[1::2], strict=True):
        assert (nearest["how"], drawn["how"]) == ("nearest neighbour", "drawn")
        for name in figures:
            assert float(nearest[name]) <= float(drawn[name])
            assert nearest["beside"] == "network" or float(drawn[name]) <= float(limit[name])


def test_the_table_of_cost_is_that_of_its_run() -> None:
    found = rows("cost")
    cells = [[*list(row.values())[:5], f"{row['times']} ({row['from']} to {row['to']})"] for row in found]
    assert table("cost")[2:] == markdown([], cells).splitlines()[2:]
    for row in found:
        assert float(row["from"]) <= float(row["times"]) <= float(row["to"])


def test_a_label_at_twelve_megapixels_is_as_large_as_the_page_says() -> None:
    policy = Model.load(EMBEDDED / "street.onnx", threads=1).contract.input
    assert max(LARGE) / policy.width == pytest.approx(5.6, abs=0.05)
    assert "at 12 megapixels, `street`'s are 5.6 pixels a side" in PAGE
