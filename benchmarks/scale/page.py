"""The figures -> tables in Markdown, and a chart: what docs/explanation/scale.md shows."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.scale import plan
from benchmarks.scale.comparison import Compared
from benchmarks.scale.figures import Figures, read
from benchmarks.scale.plan import Workload

LOAD = 0.7
"""Of each node at most, also when one of them has failed."""
RATES = (10, 1_000, 100_000)
ARCHIVE, MILLION = 1e9, 1e6
NODES = 100
"""That work on the archive."""
LINK_GBIT = 10
SHOWN = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)


def update(docs: Path) -> None:
    """Write the tables of explanation/scale.md again, and its chart."""
    page, folder = docs / "explanation" / "scale.md", docs / "explanation" / "scale"
    figures = read(folder / "figures.json")
    page.write_text(filled(page.read_text(), figures))
    plot(figures, folder / "latency.png")


def filled(text: str, figures: Figures) -> str:
    """The page with every table between `<!-- NAME -->` and `<!-- end -->`. Raises KeyError for an unknown name."""

    def block(found: re.Match[str]) -> str:
        return f"<!-- {found[1]} -->\n{TABLES[found[1]](figures)}\n<!-- end -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", block, text, flags=re.DOTALL)


def loads(figures: Figures) -> str:
    """The load test beside the simulation, a line for each load."""
    head = (
        "load",
        "images",
        "p50, ms",
        "simulated",
        "difference",
        "p99, ms",
        "simulated",
        "difference",
        "p99 with other arrivals",
    )
    return table(head, [load_row(one) for one in figures.compared])


def load_row(one: Compared) -> list[str]:
    measured, simulated = one.measured, one.simulated
    others = sorted(other.p99 for other in one.other)
    return [
        f"{one.load:.0%}",
        f"{one.images:,}",
        f"{measured.p50:.0f}",
        f"{simulated.p50:.0f}",
        difference(simulated.p50, measured.p50),
        f"{measured.p99:.0f}",
        f"{simulated.p99:.0f}",
        difference(simulated.p99, measured.p99),
        f"{others[0]:.0f} to {others[-1]:.0f}",
    ]


def difference(simulated: float, measured: float) -> str:
    return f"{100 * (simulated / measured - 1):+.0f} %"


def headroom(figures: Figures) -> str:
    """Simulated latencies by load, and what a failing node takes along."""
    capacity = figures.tested.per_second
    points = [point for point in figures.curve if point.load in SHOWN]
    rows = [
        [
            f"{point.load:.0%}",
            f"{point.load * capacity:.0f}",
            f"{point.latency.p50:.0f}",
            f"{point.latency.p99:.0f}",
            f"{plan.lost(point.load, capacity, point.latency.mean / 1000):.1f}",
        ]
        for point in points
    ]
    return table(("load", "images a second", "p50, ms", "p99, ms", "images in the node"), rows)


def work(figures: Figures) -> str:
    """What an image takes of a core, by stage, and what a node does."""
    names = ("http", "decode", "fit", "network", "measure", "encode")
    rows = [
        [*named(one), f"{one.per_second:.1f}", *(f"{one.work_ms[name]:.1f}" for name in names)]
        for one in figures.workloads
    ]
    return table(("model", "photo", "images a second", *names), rows)


def rates(figures: Figures) -> str:
    """Nodes and cores for the rates, and core hours for a million images."""
    rows = []
    for one in figures.workloads:
        counts = [plan.nodes(rate, one.per_second, LOAD) for rate in RATES]
        hours = plan.core_hours(MILLION, one.core_seconds) / LOAD
        rows.append([*named(one), *(f"{count:,} ({count * one.cores:,})" for count in counts), f"{hours:.0f}"])
    head = ("model", "photo", *(f"{rate:,} a second" for rate in RATES), "core hours a million images")
    return table(head, rows)


def archive(figures: Figures) -> str:
    """A billion images."""
    rows = [
        [
            *named(one),
            f"{plan.core_hours(ARCHIVE, one.core_seconds):,.0f}",
            f"{plan.days(ARCHIVE, one.per_second, NODES):.1f}",
            f"{ARCHIVE * one.upload_bytes / 1e12:,.0f}",
            f"{ARCHIVE * one.mask_bytes / 1e12:,.1f}",
        ]
        for one in figures.workloads
    ]
    masks = table(("model", "photo", "core hours", f"days on {NODES} nodes", "photos, TB", "masks, TB"), rows)
    size = figures.row_bytes
    return f"{masks}\n\nA row of Parquet has {size:.0f} bytes, so all rows have {ARCHIVE * size / 1e9:.0f} GB."


def bottlenecks(figures: Figures) -> str:
    """Bytes, the cores whose photos fill a link, and what a network without cost would give."""
    rows = [
        [
            *named(one),
            f"{one.upload_bytes / 1000:,.0f}",
            f"{one.answer_bytes / 1000:,.0f}",
            f"{plan.gbit_per_second(RATES[-1], one.upload_bytes):,.0f}",
            f"{plan.cores_that_fill(LINK_GBIT, one.upload_bytes, one.core_seconds):,}",
            f"{(one.work_ms['http'] + one.work_ms['decode']) / sum(one.work_ms.values()):.0%}",
            f"{plan.most_speedup(one.work_ms):.1f}",
        ]
        for one in figures.workloads
    ]
    head = (
        "model",
        "photo",
        "photo, kB",
        "answer, kB",
        f"Gbit/s in, at {RATES[-1]:,} a second",
        f"cores that fill {LINK_GBIT} Gbit/s",
        "HTTP and decoding, of the work",
        "at most, times as fast",
    )
    return table(head, rows)


def machine(figures: Figures) -> str:
    """Where the figures are from."""
    there = figures.machine
    return (
        f"Measured at commit {there['commit']} on {there['cores']} cores of an {there['processor']}: "
        f"{figures.model}, a JPEG of {figures.photo}, {figures.tested.per_second:.1f} images a second at most."
    )


def named(one: Workload) -> tuple[str, str]:
    return f"`{one.model}`", one.photo


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


TABLES: dict[str, Callable[[Figures], str]] = {
    one.__name__: one for one in (machine, loads, headroom, work, rates, archive, bottlenecks)
}
"""The blocks of the page, by the name in its comments."""


def plot(figures: Figures, path: Path) -> None:
    """Simulated p50 and p99 by load as lines, the measured ones as dots."""
    import matplotlib as mpl  # noqa: PLC0415  # slow to import

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415
    from matplotlib import ticker  # noqa: PLC0415

    ink = "#22303c"
    figure, axis = plt.subplots(figsize=(7.6, 3.4), layout="constrained")
    for name, colour in (("p50", "#1f6f8b"), ("p99", "#c8553d")):
        simulated: Any = [(100 * point.load, getattr(point.latency, name)) for point in figures.curve]
        measured: Any = [(100 * one.load, getattr(one.measured, name)) for one in figures.compared]
        axis.plot(*zip(*simulated, strict=True), color=colour, linewidth=1.8)
        axis.plot(*zip(*measured, strict=True), "o", color=colour, markersize=7)
        axis.annotate(name, simulated[-1], xytext=(6, -3), textcoords="offset points", color=colour, fontsize=10)
    axis.set_title("ms from arrival to answer; lines are simulated, dots measured", loc="left", fontsize=10, color=ink)
    axis.set_xlabel("% of the capacity", fontsize=9, color=ink)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(ticker.ScalarFormatter())
    axis.yaxis.set_minor_formatter(ticker.NullFormatter())
    axis.grid(axis="y", color="#e3e8eb")
    axis.set_axisbelow(True)
    axis.tick_params(which="both", length=0, labelsize=9, labelcolor=ink)
    for side in axis.spines.values():
        side.set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
