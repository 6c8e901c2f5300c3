"""Runs Prometheus with this project's configuration and rules, and asks it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.subjects import ROOT, free_port

MONITORING = ROOT / "deploy" / "monitoring"
SECONDS_TO_START = 60


@dataclass(frozen=True)
class Series:
    """Values at times, in seconds since the epoch. An instant query has one of each."""

    labels: dict[str, str]
    times: list[float]
    values: list[float]


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus, by its HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

    url: str

    def instant(self, expression: str) -> list[Series]:
        """What an expression has now."""
        return [series(row["metric"], [row["value"]]) for row in self.get("query", query=expression)["result"]]

    def range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """What an expression had from `start` to `end`, every `step` seconds."""
        rows = self.get("query_range", query=expression, start=start, end=end, step=step)["result"]
        return [series(row["metric"], row["values"]) for row in rows]

    def get(self, what: str, **parameters: object) -> Any:
        """The data of an answer. Raises HTTPStatusError for an invalid expression."""
        answer = httpx2.get(f"{self.url}/api/v1/{what}", params={name: str(at) for name, at in parameters.items()})
        return answer.raise_for_status().json()["data"]


def series(labels: dict[str, str], points: list[tuple[float, str]]) -> Series:
    return Series(labels, [at for at, _ in points], [float(value) for _, value in points])


def configure(folder: Path, target: str, key: str = "", every: str = "15s") -> Path:
    """Put the configuration and the rules into a folder, as docker-compose.yml mounts them. The service at `target`, a
    host and a port, is scraped `every` so often. Returns the configuration's path."""
    text = (MONITORING / "prometheus.yml").read_text()
    file = folder / "prometheus.yml"
    file.write_text(text.replace("segment:8000", target).replace("15s", every))
    (folder / "rules.yml").write_bytes((MONITORING / "rules.yml").read_bytes())
    (folder / "metrics-key").write_text(key)
    return file


@contextmanager
def prometheus(program: str, configuration: Path) -> Iterator[Prometheus]:
    """Runs the Prometheus at the path `program`; what it stores lies beside its configuration."""
    url = f"127.0.0.1:{free_port()}"
    command = [program, f"--config.file={configuration}", f"--storage.tsdb.path={configuration.parent / 'data'}"]
    process = subprocess.Popen([*command, f"--web.listen-address={url}", "--log.level=error"])  # noqa: S603  # the caller's
    try:
        _wait(process, f"http://{url}/-/ready")
        yield Prometheus(f"http://{url}")
    finally:
        process.terminate()
        process.wait(SECONDS_TO_START)


def _wait(process: subprocess.Popen[bytes], ready: str) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"Prometheus ended with {process.returncode}")
        try:
            if httpx2.get(ready).status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"Prometheus was not ready in {SECONDS_TO_START} s")
