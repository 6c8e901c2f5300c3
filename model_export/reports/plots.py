"""Pictures of a run: its curves, its confusion matrix, and how far its confidence may be believed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from model_export.reports.calibration import BINS, Calibration
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Metrics

INK, ACCENT, FAINT = "#22303c", "#d1495b", "#c9d1d9"

FIGURES = {"pixel_accuracy": "pixel accuracy", "mean_accuracy": "mean accuracy", "mean_iu": "mean IU"}


def curves(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw a run's metrics.csv: the loss of every epoch, the figures of those that were validated.

    Of several data sets, the mean IU of each is drawn.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    losses = {row["epoch"]: row["train_loss"] for row in rows}
    left.plot(list(losses), list(losses.values()), color=INK)
    left.set(title="training loss", xlabel="epoch")
    judged = [row for row in rows if row["mean_iu"] is not None]
    sets = list(dict.fromkeys(row.get("data") for row in judged))
    if len(sets) > 1:
        for name in sets:
            own = [row for row in judged if row.get("data") == name]
            points = [row["epoch"] for row in own], [row["mean_iu"] for row in own]
            right.plot(*points, "o-", ms=3, label=f"mean IU, {name}")
    else:
        for (key, name), color in zip(FIGURES.items(), (FAINT, INK, ACCENT), strict=True):
            points = [row["epoch"] for row in judged], [row[key] for row in judged]
            right.plot(*points, "o-", ms=3, color=color, label=name)
    right.set(title="on the validation images", xlabel="epoch", xlim=left.get_xlim())
    right.yaxis.set_major_formatter(PercentFormatter(1))
    right.legend(frameon=False, loc="lower right")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color=FAINT, lw=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


def confusion(
    matrix: np.ndarray[tuple[int, int], np.dtype[Any]], classes: ClassList, metrics: Metrics, path: Path
) -> None:
    """Draw a confusion matrix (truth in rows) as shares of each true class, in percent."""
    shares = matrix[:, : len(matrix)] / np.maximum(matrix.sum(1, keepdims=True), 1)
    side = 1.8 + 0.62 * len(shares)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(shares))
    axes.set_xticks(places, classes.names, rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(places, classes.names)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(ylabel="truth", title="labelled as")
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:
            color = "white" if share > 0.55 else INK
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=color, fontsize=9)
    axes.set_xlabel(f"percent of each true class; mean IU {100 * metrics.mean_iu:.1f}")
    figure.savefig(path, dpi=120)


def reliability(places: Mapping[str, Sequence[Calibration]], path: Path) -> None:
    """Draw, for each place, the share of right pixels against their confidence, before and after a temperature.

    Below, the pixels of each bin. Colour is not needed to tell the lines: one is dashed with open marks.
    """
    figure = Figure(figsize=(3.4 * len(places) + 0.4, 4.6), layout="constrained")
    grid = figure.subplots(2, len(places), squeeze=False, sharex=True, height_ratios=(4, 1))
    for (name, pair), (upper, lower) in zip(places.items(), grid.T, strict=True):
        upper.plot([0, 1], [0, 1], color=FAINT, lw=1)
        for one, color, line, fill in zip(pair, (ACCENT, INK), ("--", "-"), ("white", INK), strict=True):
            some = one.pixels > 0
            points = [total[some] / one.pixels[some] for total in (one.confidence, one.right)]
            label = f"temperature {one.temperature:.2f}: error {100 * one.error:.1f} %"
            upper.plot(*points, line, marker="o", ms=4, color=color, mfc=fill, label=label)
        lower.bar((np.arange(BINS) + 0.5) / BINS, pair[1].pixels / pair[1].pixels.sum(), 0.8 / BINS, color=INK)
        upper.set(title=name, xlim=(0, 1), ylim=(0, 1), aspect="equal")
        upper.legend(frameon=False, loc="upper left", fontsize=8)
        lower.set(xlabel="confidence", ylim=(0, 1))
        for axes in (upper, lower):
            axes.xaxis.set_major_formatter(PercentFormatter(1))
            axes.yaxis.set_major_formatter(PercentFormatter(1))
            axes.grid(color=FAINT, lw=0.5)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
    grid[0, 0].set_ylabel("right pixels")
    grid[1, 0].set_ylabel("pixels")
    figure.savefig(path, dpi=120)
