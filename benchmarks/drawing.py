"""Draws the panels of a dashboard, about as Grafana does."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.dashboard import Panel, Query
from benchmarks.prometheus import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Shown = Sequence[tuple[Query, Series]]

INCHES = 0.62
"""Of one of Grafana's units, across; down it is a half of that."""
INK, PALE = "#22303c", "#5d6b78"
HIDDEN = {"__name__", "job"}
MOST_ROWS = 6


def draw(panels: Sequence[tuple[Panel, Shown]], picture: Path) -> None:
    """Write a PNG of the panels with the series of their queries."""
    import matplotlib as mpl  # noqa: PLC0415  # slow to import

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    height = max(panel.y + panel.height for panel, _ in panels)
    figure = plt.figure(figsize=(24 * INCHES, height * INCHES / 2))
    for panel, series in panels:
        frame = (panel.x + 0.1) / 24, 1 - (panel.y + panel.height - 0.1) / height
        size = (panel.width - 0.2) / 24, (panel.height - 0.2) / height
        figure.add_artist(Rectangle(frame, *size, fill=False, edgecolor="#d7dee3", transform=figure.transFigure))
        room = (
            (1.0, 1.0 + 0.4 * legend(panel, series)[1], 0.8, 1.1)
            if panel.kind == "timeseries"
            else (0.3, 0.2, 0.2, 1.1)
        )
        left, below, right, above = room
        axis = figure.add_axes((
            (panel.x + left) / 24,
            1 - (panel.y + panel.height - below) / height,
            (panel.width - left - right) / 24,
            (panel.height - below - above) / height,
        ))  # fmt: skip
        axis.set_title(panel.title, loc="left", fontsize=9, color=INK, fontweight="bold")
        if series:
            KINDS[panel.kind](axis, panel, series)
        else:
            axis.axis("off")
            axis.text(0.0, 0.5, "no data", fontsize=9, color=PALE, transform=axis.transAxes)
    figure.savefig(picture, dpi=100)
    plt.close(figure)


def stat(axis: "Axes", panel: Panel, shown: Shown) -> None:
    """The last number."""
    axis.axis("off")
    numbers = [value for _, series in shown for value in series.values if not math.isnan(value)]
    text = said(numbers[-1], panel.unit) if numbers else ""
    axis.text(0.0, 0.4, text, fontsize=20, color=INK, va="center", transform=axis.transAxes)


def table(axis: "Axes", panel: Panel, shown: Shown) -> None:
    """The labels of the series that are there at the end, as rows."""
    axis.axis("off")
    last = max(series.times[-1] for _, series in shown)
    rows = [series.labels for _, series in shown if series.times[-1] == last]
    columns = sorted({label for row in rows for label in row} - HIDDEN)
    most = int(11 * panel.width / max(1, len(columns)))  # letters of this size
    lines = [columns, *([row.get(column, "") for column in columns] for row in rows[:MOST_ROWS])]
    for line, cells in enumerate(lines):
        for place, cell in enumerate(cells):
            text = cell if len(cell) <= most else f"{cell[: most - 1]}…"
            at = (place / max(1, len(columns)), 0.92 - line / (MOST_ROWS + 1))
            axis.text(*at, text, fontsize=6, color=INK if line else PALE, va="top", transform=axis.transAxes)


def timeseries(axis: "Axes", panel: Panel, shown: Shown) -> None:
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    begin = min(series.times[0] for _, series in shown)
    names = names_of(panel, shown)
    if panel.stacking == "none":
        for name, (_, series) in zip(names, shown, strict=True):
            axis.plot(minutes(series, begin), series.values, label=name, linewidth=1.3)
    else:
        times = sorted({at for _, series in shown for at in series.times})
        filled = [dict(zip(series.times, series.values, strict=True)) for _, series in shown]
        heights = [[values.get(at, 0.0) for at in times] for values in filled]
        if panel.stacking == "percent":
            totals = [sum(column) or 1.0 for column in zip(*heights, strict=True)]
            heights = [[value / all_ for value, all_ in zip(row, totals, strict=True)] for row in heights]
        axis.stackplot([(at - begin) / 60 for at in times], heights, labels=names, alpha=0.8)
    if panel.logarithmic:
        axis.set_yscale("log")
    else:
        axis.set_ylim(bottom=0)
    axis.xaxis.set_major_formatter("{x:g} min")
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: said(value, panel.unit)))
    axis.grid(alpha=0.25)
    axis.tick_params(labelsize=6.5, length=0, labelcolor=PALE)
    for side in axis.spines.values():
        side.set_visible(False)
    axis.legend(
        fontsize=6, ncols=legend(panel, shown)[0], loc="upper left", bbox_to_anchor=(-0.1, -0.09), frameon=False,
        handlelength=1.2, columnspacing=1.0,
    )  # fmt: skip


def names_of(panel: Panel, shown: Shown) -> list[str]:
    return [query.name(series.labels) or panel.title for query, series in shown]


def legend(panel: Panel, shown: Shown) -> tuple[int, int]:
    """Columns and lines of a legend."""
    longest = max(map(len, names_of(panel, shown)), default=1)
    columns = max(1, int(panel.width / max(1.6, 0.6 + 0.125 * longest)))
    return columns, math.ceil(len(shown) / columns)


def minutes(series: Series, begin: float) -> list[float]:
    return [(at - begin) / 60 for at in series.times]


def said(value: float, unit: str) -> str:
    """A value in one of the units that the dashboard has."""
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s":
        return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"
    if unit == "bytes":
        return f"{value / 2**20:.0f} MiB"
    return f"{value:.3g}/s" if unit == "reqps" else f"{value:.4g}"


KINDS: dict[str, Any] = {"stat": stat, "table": table, "timeseries": timeseries}
"""What draws each kind of panel."""
