"""Whether the stages mean what they say: of requests alone and of many at once, and their sum beside the whole."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from threading import Barrier
from urllib.parse import urlsplit

from benchmarks.subjects import Subject
from service.segmentation.stopwatch import STAGES

JPEG = {"Content-Type": "image/jpeg"}


@dataclass(frozen=True)
class Timed:
    """Milliseconds of a request: by stage, as `Server-Timing` says, and between its first byte and its answer's last,
    as its client measured."""

    stages: dict[str, float]
    whole: float

    @property
    def share(self) -> float:
        """The stages' sum over the whole."""
        return sum(self.stages.values()) / self.whole


def measure(subject: Subject, photo: bytes, at_once: int, rounds: int) -> list[Timed]:
    """Requests by `at_once` clients, who wait for each other before each round."""
    parts = urlsplit(subject.url)
    assert parts.hostname
    together = Barrier(at_once)

    def client() -> list[Timed]:
        connection = HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        timed = []
        for _ in range(rounds):
            together.wait()
            timed.append(ask(connection, parts.path, photo))
        connection.close()
        return timed

    with ThreadPoolExecutor(at_once) as clients:
        return [timed for done in [clients.submit(client) for _ in range(at_once)] for timed in done.result()]


def ask(connection: HTTPConnection, path: str, photo: bytes) -> Timed:
    began = time.perf_counter()
    connection.request("POST", path, photo, JPEG)
    with connection.getresponse() as response:
        response.read()
        whole = 1000 * (time.perf_counter() - began)
        assert response.status == 200, response.status
        return Timed(stages(response.headers["Server-Timing"]), whole)


def stages(header: str) -> dict[str, float]:
    """Milliseconds by stage, of a Server-Timing header."""
    parts = (part.split(";dur=") for part in header.split(", "))
    return {stage: float(milliseconds) for stage, milliseconds in parts}


def table(alone: Sequence[Timed], together: Sequence[Timed]) -> str:
    """Medians in Markdown."""
    rows = [
        (stage, *(f"{median(timed.stages[stage] for timed in some):.1f}" for some in (alone, together)))
        for stage in STAGES
    ]
    rows.append(("the whole, by the client", *(f"{median(t.whole for t in some):.1f}" for some in (alone, together))))
    rows.append(("sum over the whole", *(shares(some) for some in (alone, together))))
    head = ("| ms, medians | alone | at once |", "|---|---|---|")
    return "\n".join((*head, *(f"| {name} | {one} | {many} |" for name, one, many in rows)))


def shares(some: Sequence[Timed]) -> str:
    each = sorted(timed.share for timed in some)
    return f"{median(each):.3f} ({each[0]:.3f} to {each[-1]:.3f})"
