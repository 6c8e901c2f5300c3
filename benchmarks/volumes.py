"""A whole scan, and a camera beside it: how long the scan takes, in what memory, and what the camera notices."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import numpy as np
import typer
from nibabel.nifti1 import Nifti1Image

from benchmarks import memory, subjects
from benchmarks.photos import SIZES, photo
from benchmarks.promise import Promise, table
from benchmarks.rounds import percentile
from benchmarks.sender import Scheduled, deliver
from benchmarks.subjects import Subject
from benchmarks.wire import Address, Answer, address_of, exchange, post
from service.segmentation.stopwatch import STAGES

HERTZ = 2.0
"""Frames of the camera a second."""
STRETCH_S = 10.0
"""Frames are planned for so long at a time, until the scans are answered."""
WARM = 5
"""Frames before those that count."""
PATIENCE_S = 3600.0

MOST_S = 60.0
MOST_MB = 1000.0
MOST_TIMES = 3.0


@dataclass(frozen=True)
class Frame:
    """One picture of the camera: milliseconds from when it was due, so that a slow answer delays no other, and those of
    the service's stages."""

    milliseconds: float
    stages: dict[str, float]
    status: int


@dataclass(frozen=True)
class Scan:
    """One answered scan: its seconds, the lines of progress, and whether a result came."""

    seconds: float
    lines: int
    answered: bool


def head(side: int) -> bytes:
    """A gzipped NIfTI file of `side`³ voxels of 1 mm, int16: shells of tissues as large as a head, and noise."""
    at = np.linspace(-1, 1, side, dtype=np.float32)
    radius = np.sqrt((at[:, None, None] / 0.6) ** 2 + (at[:, None] / 0.75) ** 2 + (at / 0.6) ** 2)
    folds = 0.05 * np.sin(20 * at[:, None, None]) * np.sin(20 * at[:, None]) * np.sin(20 * at)
    voxels = np.array((0, 150, 400, 600, 150), np.int16)[4 - np.digitize(radius + folds, (0.2, 0.7, 0.9, 1.0))]
    voxels += np.random.default_rng(0).integers(0, 30, voxels.shape, dtype=np.int16)
    return gzip.compress(bytes(Nifti1Image(voxels, np.eye(4)).to_bytes()), 1)


def run(subject: Subject, side: int, seconds: float, at_once: int) -> list[Promise]:
    """Send scans of `side`³ voxels, one and `at_once` of them, beside a camera; print the outcome.

    The camera runs for `seconds`, and on until the scans are answered.
    """
    address, scan = address_of(subject.url), head(side)
    take(address, lambda: False, WARM / HERTZ)
    alone = take(address, lambda: False, seconds)
    memory.forget_peak(subject)
    ((one,), _) = beside(address, scan, 1, 0.0, camera=False)
    peak = (memory.peak(subject) or 0) / 1e6
    scans, frames = beside(address, scan, 1, seconds)
    many, crowded = beside(address, scan, at_once, seconds)
    rows = {"alone": alone, "beside 1": frames, f"beside {at_once}": crowded}
    typer.echo(
        f"{side}³ voxels in {len(scan) / 1e6:.1f} MB: {one.seconds:.1f} s, {one.lines} lines, peak {peak:.0f} MB"
    )
    typer.echo(shown(rows))
    promises = [
        Promise("seconds of a scan", one.seconds, most=MOST_S),
        Promise("peak memory of the service meanwhile, MB", peak, most=MOST_MB),
        Promise("lines of progress", one.lines, least=side),
        *(
            Promise(f"p99 {name} over p99 alone", p99(of) / p99(alone), most=MOST_TIMES)
            for name, of in list(rows.items())[1:]
        ),
        Promise("frames without an answer", sum(f.status != 200 for of in rows.values() for f in of), 0, 0),
        Promise("scans without an answer", sum(not scan.answered for scan in (one, *scans, *many)), 0, 0),
    ]
    typer.echo(table(promises))
    return promises


def beside(
    address: Address, scan: bytes, count: int, seconds: float, *, camera: bool = True
) -> tuple[list[Scan], list[Frame]]:
    """Scans that are sent at once, and the frames meanwhile."""
    with ThreadPoolExecutor(1) as background:
        sent: Future[list[Scan]] = background.submit(lambda: asyncio.run(together(address, scan, count)))
        frames = take(address, lambda: not sent.done(), seconds) if camera else []
        return sent.result(), frames


async def together(address: Address, scan: bytes, count: int) -> list[Scan]:
    request = post("/volumes", scan, "application/gzip", "application/x-ndjson")
    return [
        scan_of(one) for one in await asyncio.gather(*(exchange(address, request, PATIENCE_S) for _ in range(count)))
    ]


def scan_of(answer: Answer) -> Scan:
    lines = answer.body.splitlines()
    return Scan(answer.ended - answer.began, len(lines), bool(lines) and "result" in json.loads(lines[-1]))


def take(address: Address, more: Callable[[], bool], seconds: float) -> list[Frame]:
    """The frames of `seconds`, and of further stretches while there is `more` to wait for."""
    request = post("/segment", photo(*SIZES["480x360"]), "image/jpeg", "image/png")
    frames: list[Frame] = []
    left = seconds
    while left > 0 or more():
        stretch = min(left, STRETCH_S) if left > 0 else STRETCH_S
        began = monotonic() + 0.1
        plan = [Scheduled(began + number / HERTZ, request) for number in range(max(1, round(stretch * HERTZ)))]
        answers = deliver(address, plan)
        frames += [
            Frame(1000 * (answer.ended - due.at), stages_of(answer), answer.status)
            for due, answer in zip(plan, answers, strict=True)
        ]
        left -= stretch
    return frames


def quantile(frames: list[Frame], share: float) -> float:
    return percentile([frame.milliseconds for frame in frames], share)


def p99(frames: list[Frame]) -> float:
    return quantile(frames, 0.99)


def stages_of(answer: Answer) -> dict[str, float]:
    parts = (part.split(";dur=") for part in answer.header("Server-Timing").split(", ") if part)
    return {stage: float(milliseconds) for stage, milliseconds in parts}


def shown(rows: dict[str, list[Frame]]) -> str:
    """In Markdown: percentiles of each, and the stages of the slowest frame."""
    lines = ["", "| camera | frames | p50 ms | p99 ms | slowest ms | its stages |", "|---|---|---|---|---|---|"]
    for name, frames in rows.items():
        slowest = max(frames, key=lambda frame: frame.milliseconds)
        stages = ", ".join(f"{stage} {slowest.stages[stage]:.0f}" for stage in STAGES if stage in slowest.stages)
        lines.append(
            f"| {name} | {len(frames)} | {quantile(frames, 0.5):.0f} | {p99(frames):.0f} | "
            f"{slowest.milliseconds:.0f} | {stages} |"
        )
    return "\n".join([*lines, ""])


@contextmanager
def service(model: Path, camera: Path) -> Iterator[Subject]:
    """The service with a model for scans, and one for the camera."""
    with TemporaryDirectory() as folder:
        for file in (model, camera):
            (Path(folder) / file.name).symlink_to(file.resolve())
        with subjects.service(models=folder, volume_deadline_s=PATIENCE_S) as subject:
            yield subject
