"""The service in a memory control group of the size of a container, under the images that take most memory."""

import asyncio
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import typer
from PIL import Image

from benchmarks import subjects
from benchmarks.group import memory_group
from benchmarks.photos import SIZES, grain, photo
from benchmarks.subjects import Subject
from benchmarks.wire import Address, Answer, address_of, exchange, post

Settings = dict[str, Any]
"""Of the service, without their prefix, in lower case."""

MIB = 1024 * 1024
KIND = "application/octet-stream"
ALLOWED = {200, 413, 503}
PATIENCE_S = 600
HONEST = post("/segment", photo(*SIZES["480x360"]), "image/jpeg", "image/png")
ANSWERS = {
    "JSON": ("/segment", "application/json"),
    "overlay": ("/segment", "image/webp"),
    "heat map": ("/segment?heatmap=road", "image/png"),
    "heat map over photo": ("/segment?heatmap=road", "image/webp"),
    "measures": ("/segment?include=mask,polygons,rle,confidence_map,entropy&tolerance=0", "application/json"),
}


@dataclass(frozen=True)
class Cell:
    """One kind of image, asked for one kind of answer, several times at once.

    peak: resident bytes of the service; None if the kernel killed it.
    honest: of the other caller, its statuses; 0 stands for an answer that was not the same, byte for byte.
    """

    statuses: Counter[int]
    honest: Counter[int]
    peak: int | None

    @property
    def kept(self) -> bool:
        return self.peak is not None and self.statuses.keys() <= ALLOWED and self.honest.keys() <= ALLOWED

    def __str__(self) -> str:
        if self.peak is None:
            return "**killed**"
        statuses = ", ".join(f"{number} x {status}" for status, number in sorted(self.statuses.items()))
        mark = "" if self.kept else f", **BROKEN** (other caller: {dict(self.honest)})"
        return f"{self.peak // MIB} ({statuses}{mark})"


def run(at_once: list[int], megapixels: float, group_mib: int, settings: Settings) -> bool:
    """Print a table of peaks and statuses; whether nothing was killed, and every status an allowed one."""
    images = dict(pictures(megapixels))
    typer.echo(f"{megapixels:g} megapixels in {group_mib} MiB: peak in MiB (statuses)\n")
    typer.echo(f"| at once | image | {' | '.join(ANSWERS)} |\n|---|---|{'---|' * len(ANSWERS)}")
    kept = True
    for number in at_once:
        for name, data in images.items():
            requests = [post(path, data, KIND, accept) for path, accept in ANSWERS.values()]
            cells = row(requests, number, group_mib, settings)
            typer.echo(f"| {number} | {name} | {' | '.join(map(str, cells))} |")
            kept = kept and all(one.kept for one in cells)
    return kept


def pictures(megapixels: float) -> Iterator[tuple[str, bytes]]:
    """Files of so many pixels: blots as a JPEG, large areas as the others, so that they are no large uploads."""
    side = round(sqrt(megapixels * 1e6))
    areas = grain(128, 128).resize((side, side), Image.Resampling.NEAREST)
    clear = areas.copy()
    clear.putalpha(128)
    yield "RGB PNG", encoded(areas, "PNG", compress_level=1)
    yield "RGBA PNG", encoded(clear, "PNG", compress_level=1)
    yield "RGBA WebP", encoded(clear, "WEBP", lossless=True, method=0, quality=0)
    yield "JPEG", encoded(areas, "JPEG", quality=75)


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def row(requests: list[bytes], at_once: int, group_mib: int, settings: Settings) -> list[Cell]:
    """Each request `at_once` times, one after the other; the service starts anew when it was killed."""
    cells: list[Cell] = []
    while len(cells) < len(requests):
        with started(group_mib, settings) as subject:
            for request in requests[len(cells) :]:
                cells.append(cell(subject, request, at_once))
                if cells[-1].peak is None:
                    break
    return cells


def cell(subject: Subject, request: bytes, at_once: int) -> Cell:
    forget_peak(subject)
    statuses, honest = asyncio.run(beside_an_honest_caller(address_of(subject.url), [request] * at_once))
    return Cell(statuses, honest, peak(subject))


@contextmanager
def started(group_mib: int, settings: Settings) -> Iterator[Subject]:
    """The service in a group of its own."""
    with TemporaryDirectory() as folder, memory_group(group_mib * MIB) as group:
        python = group.python(Path(folder) / "python")
        with subjects.service(python=str(python), deadline_s=PATIENCE_S, **settings) as subject:
            yield subject


async def beside_an_honest_caller(address: Address, requests: list[bytes]) -> tuple[Counter[int], Counter[int]]:
    """The statuses of requests that are sent at once; and those of a small photo, sent again and again meanwhile."""
    expected = (await exchange(address, HONEST)).body
    sent = asyncio.gather(*(exchange(address, request, PATIENCE_S) for request in requests))
    honest: Counter[int] = Counter()
    while not sent.done():
        honest[same(expected)(await exchange(address, HONEST, PATIENCE_S))] += 1
    return Counter(answer.status for answer in await sent), honest


def same(expected: bytes) -> Callable[[Answer], int]:
    """The status of an answer; 0 for a 200 with another body."""
    return lambda answer: 0 if answer.status == 200 and answer.body != expected else answer.status


def forget_peak(subject: Subject) -> None:
    """VmHWM begins anew (proc_pid_clear_refs(5))."""
    Path(f"/proc/{subject.process.pid}/clear_refs").write_text("5")


def peak(subject: Subject) -> int | None:
    """The most resident bytes that the service has had (VmHWM, proc_pid_status(5)); None if it is gone."""
    try:
        status = Path(f"/proc/{subject.process.pid}/status").read_text()
    except OSError:
        return None
    if subject.process.status() == psutil.STATUS_ZOMBIE:
        return None
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
