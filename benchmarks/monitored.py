"""The service under a load that changes, while Prometheus scrapes it: what the dashboard then shows."""

import asyncio
import shutil
from itertools import count
from pathlib import Path
from time import monotonic, time

import typer

from benchmarks import drawing, soak, subjects, volumes
from benchmarks.dashboard import panels
from benchmarks.prometheus import Prometheus, configure, prometheus
from benchmarks.subjects import Subject
from benchmarks.traffic import Traffic
from benchmarks.wire import address_of, exchange, post
from service.segmentation.catalog import EMBEDDED

CALLERS = ((0.3, 1), (0.6, 6), (0.75, 40), (1.0, 2))
"""How many callers there are, until which part of the time."""
RETRY_S = 1.0
"""What a caller waits who was refused."""
SCAN_SIDE = 96
SCANS_EVERY_S = 40.0
EVERY_S = 5
"""Between two scrapes."""
RATES = f"{4 * EVERY_S}s"
"""What Grafana takes for the window of rates: four scrapes."""
STEPS = 240


def run(program: str, folder: Path, seconds: float, picture: Path) -> None:
    """Load the service, with its own models, for so long, and draw the dashboard; files lie in `folder` meanwhile.

    `program` is the path of Prometheus. Half way, a damaged model file appears.
    """
    models = folder / "models"
    shutil.copytree(EMBEDDED, models, ignore=shutil.ignore_patterns("__*"))
    with subjects.service(models=models, log_level="error") as subject:
        configuration = configure(folder, subject.url.removeprefix("http://").partition("/")[0], every=f"{EVERY_S}s")
        with prometheus(program, configuration) as watching:
            served, began = soak.models(subject), time()
            asyncio.run(load(subject, Traffic(0, served), seconds, models / "street-small.onnx"))
            draw(watching, list(served), began, began + seconds, picture)


def draw(watching: Prometheus, models: list[str], began: float, ended: float, picture: Path) -> None:
    """Draw every panel from `began` to `ended`, in seconds since the epoch."""
    shown = [
        (
            panel,
            [
                (query, series)
                for query in panel.queries
                for series in watching.range(query.expression, began, ended, max(1.0, (ended - began) / STEPS))
            ],
        )
        for panel in panels(models, RATES)
    ]
    drawing.draw(shown, picture)
    for panel, series in shown:
        typer.echo(f"{panel.title}: {len(series)} series")


async def load(subject: Subject, traffic: Traffic, seconds: float, whole: Path) -> None:
    """Call the service for so long, as CALLERS says; half way, a damaged copy of the model file `whole` appears beside
    it."""
    address, numbers, began = address_of(subject.url), count(), monotonic()

    def done() -> float:
        """The part of the time that is over."""
        return (monotonic() - began) / seconds

    async def call(place: int) -> None:
        while (now := done()) < 1:
            callers = next(many for until, many in CALLERS if now < until)
            if place < callers:
                parcel = await asyncio.to_thread(traffic.parcel, next(numbers))
                answer = await exchange(address, parcel.request, parcel.patience_s)
            if place >= callers or answer.status == 503:
                await asyncio.sleep(RETRY_S)

    async def scan() -> None:
        request = post("/volumes", await asyncio.to_thread(volumes.head, SCAN_SIDE), "application/gzip")
        while done() < 1:
            await exchange(address, request)
            await asyncio.sleep(min(SCANS_EVERY_S, seconds * max(0.0, 1 - done())))

    async def appear() -> None:
        await asyncio.sleep(seconds / 2)
        await asyncio.to_thread(damage, whole)

    await asyncio.gather(*(call(place) for place in range(max(many for _, many in CALLERS))), scan(), appear())


def damage(whole: Path) -> None:
    """Put a copy beside a file that lacks its last byte."""
    (whole.parent / "damaged.onnx").write_bytes(whole.read_bytes()[:-1])
