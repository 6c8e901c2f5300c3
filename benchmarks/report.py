"""Figures -> tables in Markdown, and a plot. A ratio that varies too much between rounds is not printed."""

import os
import platform
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import SMALL
from benchmarks.rounds import difference, ratio
from service.segmentation.runtime import amx, cores

OURS, LITSERVE = "fcn-serve", "LitServe"


def machine() -> dict[str, Any]:
    """Where and of what the figures are."""
    described = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(described, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return {"processor": processor(), "cores": cores.available(), "system": platform.system(), "commit": commit}


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else []  # noqa: PTH110
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name} with AMX" if amx.available() else name


def table(figures: dict[str, Any]) -> str:
    """The comparison, a line each, in Markdown."""
    graphs, alone, offline, loaded = (figures[key] for key in ("graphs", "alone", "offline", "loaded"))
    rows = [
        ("street in int8, ms per image", milliseconds(graphs["street int8"])),
        ("… times as fast as in float", str(ratio(graphs["street float"], graphs["street int8"]))),
        ("… as an FCN-8s on VGG-16 in float", str(ratio(graphs["VGG-16 float"], graphs["street int8"]))),
        (
            "… that gets the photo as it is, not enlarged",
            str(ratio(graphs["VGG-16 float, photo not enlarged"], graphs["street int8"])),
        ),
    ]
    for size, spent in alone.items():
        rows.append((f"one request, JPEG of {size}: ms over the bare graph", over(spent[OURS], spent["bare"])))
        rows += [(f"… times as fast as {name}", str(ratio(spent[name], spent[OURS]))) for name in rivals(spent)]
    for size, done in offline.items():
        rows.append((f"back to back, {size}: images a second", f"{median(done[OURS]):.1f}"))
        rows.append(("… over the bare graph", str(ratio(done[OURS], done["bare"]))))
        rows += [(f"… over {name}", str(ratio(done[OURS], done[name]))) for name in rivals(done)]
    ours, lit = loaded["figures"][OURS], loaded["figures"][LITSERVE]
    rows += [
        (f"at random, {loaded['per_second']:.1f} a second: p50, p90, p99 in ms", quantiles(ours)),
        ("… LitServe", quantiles(lit)),
        ("… p99 over a request alone", str(ratio(ours["p99"], alone[SMALL][OURS]))),
        ("… of a perfect server", f"{loaded['perfect']:.2f}"),
        ("… refused", f"{sum(ours['refused']):.0f}"),
    ]
    lines = ["| | median (quartiles) over rounds |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines)


def summary(figures: dict[str, Any]) -> str:
    """The comparison in a few rows, in Markdown: a column for each size of photo."""
    alone, offline = figures["alone"], figures["offline"]
    rows = [
        ("one request, ms", [f"{median(spent[OURS]):.0f}" for spent in alone.values()]),
        ("four callers, images a second", [f"{median(done[OURS]):.1f}" for done in offline.values()]),
    ]
    for name in rivals(next(iter(offline.values()))):
        each = (ratio(done[OURS], done[name]) for done in offline.values())
        rows.append((f"… as a multiple of {name}", ["no figure" if r.meaningless else f"{r.value:.2f}" for r in each]))
    lines = [f"| JPEG of | {' | '.join(alone)} |", "|---|" + "---|" * len(alone)]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(values)} |" for name, values in rows)])


def rivals(measured: dict[str, list[float]]) -> list[str]:
    """What the service was measured beside, in that order."""
    return [name for name in measured if name not in ("bare", OURS)]


def against(alone: dict[str, Any], offline: dict[str, Any]) -> str:
    """The service of this checkout over each other subject, in Markdown: above 1 it is the faster one."""
    others = rivals(next(iter(alone.values())))
    lines = [f"| {OURS} over | {' | '.join(others)} |", "|---|" + "---|" * len(others)]
    for size, spent in alone.items():
        lines.append(f"| one request, {size} | {' | '.join(str(ratio(spent[n], spent[OURS])) for n in others)} |")
    for size, done in offline.items():
        lines.append(f"| back to back, {size} | {' | '.join(str(ratio(done[OURS], done[n])) for n in others)} |")
    return "\n".join(lines)


def milliseconds(values: list[float]) -> str:
    return f"{median(values):.1f}"


def over(ours: list[float], bare: list[float]) -> str:
    middle, low, high = difference(ours, bare)
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def quantiles(figures: dict[str, list[float]]) -> str:
    return ", ".join(f"{median(figures[name]):.0f}" for name in ("p50", "p90", "p99"))


def stages(figures: dict[str, Any]) -> str:
    """Where the service's own time goes, in Markdown."""
    names = list(next(iter(figures["stages"].values())))
    lines = [f"| ms | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for size, spent in figures["stages"].items():
        lines.append(f"| {size} | {' | '.join(f'{spent[name]:.1f}' for name in names)} |")
    return "\n".join(lines)


def plot(figures: dict[str, Any], path: Path) -> None:
    """Milliseconds of a request alone, and images a second, of the service and its rivals."""
    import matplotlib as mpl  # noqa: PLC0415  # slow to import

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    names = [OURS, *reversed(rivals(next(iter(figures["alone"].values()))))]
    colours = ["#1f6f8b", *["#9fb8c4"] * (len(names) - 2), "#d7dee3"]
    panels = [(f"{size}, ms", [median(spent[name]) for name in names]) for size, spent in figures["alone"].items()]
    panels += [
        (f"{size} back to back, images/s", [median(done[name]) for name in names])
        for size, done in figures["offline"].items()
    ]
    figure, grid = plt.subplots(2, len(panels) // 2, figsize=(11, 4.4), layout="constrained")
    axes = list(grid.flat)
    for axis, (title, values) in zip(axes, panels, strict=True):
        bars = axis.barh(names[::-1], values[::-1], color=colours[::-1], height=0.62)
        axis.bar_label(bars, fmt="%.0f", padding=4, fontsize=9, color="#22303c")
        axis.set_title(title, loc="left", fontsize=10, color="#22303c")
        axis.set_xlim(0, 1.22 * max(values))
        axis.tick_params(length=0, labelsize=9, labelcolor="#22303c")
        axis.set_xticks([])
        if axis not in grid[:, 0]:
            axis.set_yticklabels([])
        for side in axis.spines.values():
            side.set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
