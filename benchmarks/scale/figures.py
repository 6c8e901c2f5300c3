"""Everything that docs/explanation/scale.md says of one node, measured and written as JSON."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

import msgspec
import typer

from benchmarks import report, subjects
from benchmarks.measure import SMALL
from benchmarks.photos import SIZES, photo
from benchmarks.scale import trial
from benchmarks.scale.calibration import Base, Closed, calibrate, together
from benchmarks.scale.comparison import Compared, Point, compare, curve
from benchmarks.scale.plan import Workload, work_ms
from benchmarks.scale.rows import row_bytes
from benchmarks.sender import sustain
from benchmarks.wire import Address, address_of, post
from service.segmentation.runtime import cores

MODEL = "street-small"
QUEUE = 100_000
"""Slots: nothing is refused, as a refusal has no latency."""
ALONE, CROWD = 30, 120
"""Requests for the capacity with other photos."""


@dataclass(frozen=True)
class Figures:
    """machine: where and of what they are.
    model, photo: of the load test and its simulation.
    compared: latencies under load, measured and simulated.
    curve: simulated latencies from little load to much.
    workloads: the other models and photos, at their capacity.
    row_bytes: of an image's row in Parquet.
    """

    machine: dict[str, str | int]
    model: str
    photo: str
    compared: list[Compared]
    curve: list[Point]
    workloads: list[Workload]
    row_bytes: float

    @property
    def tested(self) -> Workload:
        """That of the load test."""
        return next(one for one in self.workloads if (one.model, one.photo) == (self.model, self.photo))


def read(path: Path) -> Figures:
    return msgspec.json.decode(path.read_bytes(), type=Figures)


def write(figures: Figures, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")


def measure(rounds: int, seconds: float, speed: Path) -> Figures:
    """Load the service and simulate it. The figures of `street` come from those that `python -m benchmarks speed`
    wrote."""
    count = cores.available()
    with subjects.service(queue=QUEUE) as subject:
        address = address_of(subject.url)
        spans = trial.measure(address, request(MODEL, SMALL), count, rounds, seconds)
        base = together([span.base for span in spans])
        typer.echo("other photos ...")
        small = [small_workload(address, size, count, base if size == SMALL else None) for size in SIZES]
        (answer,) = sustain(address, request(MODEL, SMALL), 1, 1)
        street = [workload_of(address, size, json.loads(speed.read_text())) for size in SIZES]
    typer.echo("simulating ...")
    return Figures(
        report.machine(),
        MODEL,
        SMALL,
        compare(spans, count),
        curve(calibrate(base, count), base.many.per_second),
        [*small, *street],
        row_bytes(answer.body),
    )


def request(model: str, size: str, accept: str = "*/*") -> bytes:
    return post(f"/segment?model={model}", photo(*SIZES[size]), "image/jpeg", accept)


def small_workload(address: Address, size: str, count: int, base: Base | None) -> Workload:
    """Of MODEL, from what was measured of it already, or from a short measurement."""
    asked = request(MODEL, size)
    sustain(address, asked, trial.MANY, trial.MANY)
    alone = base.alone if base else trial.closed(address, asked, 1, ALONE)
    many = base.many if base else trial.closed(address, asked, trial.MANY, CROWD)
    stages = {stage: mean_of(alone, stage) for stage in alone.images[0].stages}
    whole = mean(timed.whole for timed in alone.images)
    return workload(address, MODEL, size, count, many.per_second, work_ms(stages, whole, count, many.per_second))


def mean_of(alone: Closed, stage: str) -> float:
    return mean(timed.stages[stage] for timed in alone.images)


def workload_of(address: Address, size: str, speed: dict[str, Any]) -> Workload:
    """Of `street`, from the figures of the benchmarks."""
    count, per_second = speed["machine"]["cores"], median(speed["offline"][size][report.OURS])
    whole = median(speed["alone"][size][report.OURS])
    return workload(
        address, "street", size, count, per_second, work_ms(speed["stages"][size], whole, count, per_second)
    )


def workload(
    address: Address, model: str, size: str, count: int, per_second: float, spent_ms: dict[str, float]
) -> Workload:
    sizes = partial(answer_bytes, address, model, size)
    upload = len(photo(*SIZES[size]))
    return Workload(model, size, count, per_second, upload, sizes("application/json"), sizes("image/png"), spent_ms)


def answer_bytes(address: Address, model: str, size: str, accept: str) -> int:
    (answer,) = sustain(address, request(model, size, accept), 1, 1)
    assert answer.status == 200, answer.body
    return len(answer.body)
