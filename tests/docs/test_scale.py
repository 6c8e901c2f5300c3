"""The tables of docs/explanation/scale.md are those of its figures."""

from benchmarks.scale import page
from benchmarks.scale.figures import read
from tests.support.server import ROOT

PAGE = ROOT / "docs" / "explanation" / "scale.md"
FIGURES = read(PAGE.with_suffix("") / "figures.json")


def test_the_tables_are_those_of_the_figures() -> None:
    text = PAGE.read_text()
    assert page.filled(text, FIGURES) == text
    assert all(table(FIGURES) in text for table in page.TABLES.values())
