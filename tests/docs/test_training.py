"""The tables of docs/explanation/training.md are those of its runs."""

import csv
import re
from collections import defaultdict
from statistics import mean

from tests.support.server import ROOT

FOLDER = ROOT / "docs" / "explanation" / "training"
PAGE = (ROOT / "docs" / "explanation" / "training.md").read_text()


def test_the_tables_are_those_of_the_runs() -> None:
    runs = defaultdict(list)
    with (FOLDER / "runs.csv").open() as file:
        for run in csv.DictReader(file):
            runs[run["network"]].append(run)
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if re.match(r"\| FCN-\d+s .* \| \d \|", line)]
    assert {row[0] for row in rows} == set(runs)
    for what, count, mean_iu, spread, pole, sign, *_ in rows:
        figures = [100 * float(run["mean_iu"]) for run in runs[what]]
        assert int(count) == len(figures)
        assert mean_iu == f"{mean(figures):.1f}"
        assert spread == (f"{min(figures):.1f} to {max(figures):.1f}" if len(figures) > 1 else "")
        assert pole == f"{100 * mean(float(run['iu pole']) for run in runs[what]):.1f}"
        assert sign == f"{100 * mean(float(run['iu sign']) for run in runs[what]):.1f}"


def test_the_table_of_places_is_that_of_its_runs() -> None:
    runs = defaultdict(list)
    with (FOLDER / "places.csv").open() as file:
        for run in csv.DictReader(file):
            runs[run["trained on"]].append(run)
    text = PAGE.partition("<!-- places -->\n")[2].partition("<!-- end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines()[2:]]
    assert [row[0] for row in rows] == list(runs)
    for what, count, *figures in rows:
        assert int(count) == len(runs[what])
        for place, figure in zip(("CamVid", "Frankfurt", "India"), figures, strict=True):
            values = [100 * float(run[place]) for run in runs[what]]
            assert figure == f"{mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def test_the_table_of_deconvnet_is_that_of_its_figures() -> None:
    page = ROOT / "docs" / "explanation" / "deconvnet.md"
    rows = page.read_text().partition("<!-- networks -->\n")[2].partition("<!-- end -->")[0].splitlines()[2:]
    with (page.with_suffix("") / "networks.csv").open() as file:
        figures = list(csv.DictReader(file))
    shares = ("mean_iu", "pixel_accuracy", "iu road", "iu tree", "iu car", "iu fence", "iu pole")
    assert rows == [
        f"| {one['network']} | {' | '.join(f'{100 * float(one[share]):.1f}' for share in shares)} | "
        f"{one['parameters_m']} M | {one['gmacs']} | {one['ms']} |"
        for one in figures
    ]


def test_the_figures_of_streets_three_networks_are_those_that_were_judged() -> None:
    with (FOLDER / "ladder.csv").open() as file:
        networks = list(csv.DictReader(file))
    assert [network["stride"] for network in networks] == ["32", "16", "8"]

    def percents(figure: str) -> list[str]:
        return [f"{100 * float(network[figure]):.1f}" for network in networks]

    page = " ".join(PAGE.split())
    coarse, middle, fine = percents("mean_iu")
    assert f"a mean IU of {coarse} on CamVid's val; at stride 16, {middle}; as a whole, {fine} (in float)" in page
    thin = (f"{what}s {', '.join(percents(f'iu {what}'))}" for what in ("pole", "sign", "pedestrian"))
    assert "; ".join(thin) in page
