"""What is measured: the service and its rivals, each a server in its own process."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import networks
from benchmarks.load import Caller
from benchmarks.wire import form
from service.segmentation.catalog import EMBEDDED

ROOT = Path(__file__).parents[1]
RIVALS = ROOT / "benchmarks" / "rivals"
SECONDS_TO_START = 120


@dataclass(frozen=True)
class Subject:
    """A running server; `seconds_to_start` is the time from its start to its first answer."""

    name: str
    url: str
    process: psutil.Process
    seconds_to_start: float

    def caller(self, photo: bytes) -> Caller:
        """A caller that sends the photo as curl -F image=@photo.jpg does."""
        return Caller(self.url, *form(photo, secrets.token_hex(8)))

    def memory(self) -> int:
        """Resident bytes of the server and its children."""
        return sum(process.memory_info().rss for process in self._processes())

    def descriptors(self) -> int:
        """Open files, sockets and pipes of the server and its children."""
        return sum(process.num_fds() for process in self._processes())

    def threads(self) -> int:
        return sum(process.num_threads() for process in self._processes())

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def service(
    name: str = "fcn-serve", root: Path = ROOT, python: str = sys.executable, **settings: object
) -> Iterator[Subject]:
    """The service of the checkout at `root`, run by `python`, with its defaults except for `settings`."""
    with _serving(name, [python, "-m", "service"], settings, root) as subject:
        yield subject


@contextmanager
def leaky(**settings: object) -> Iterator[Subject]:
    """The service with a leak: it keeps something of every image."""
    with _serving("leaky", [sys.executable, "-m", "benchmarks.rivals.leaky"], settings, ROOT) as subject:
        yield subject


@contextmanager
def _serving(name: str, command: list[str], settings: Mapping[str, object], root: Path) -> Iterator[Subject]:
    port = free_port()
    environment = os.environ | {"SEGMENT_LOG_LEVEL": "warning"}
    environment |= {f"SEGMENT_{key.upper()}": str(value) for key, value in settings.items()}
    environment |= {"SEGMENT_PORT": str(port)}
    with _running(name, command, port, "/health/ready", environment, root) as subject:
        yield subject


@contextmanager
def script() -> Iterator[Subject]:
    """FastAPI around the float model."""
    with _scripted("script", "script.py", networks.street_plain().resolve()) as subject:
        yield subject


@contextmanager
def plain() -> Iterator[Subject]:
    """FastAPI around the file that the service serves."""
    with _scripted("plain script", "plain.py", EMBEDDED / "street.onnx") as subject:
        yield subject


@contextmanager
def _scripted(name: str, file: str, model: Path) -> Iterator[Subject]:
    port = free_port()
    command = [sys.executable, str(RIVALS / file), str(model), str(port)]
    with _running(name, command, port, "/openapi.json") as subject:
        yield subject


@contextmanager
def litserve() -> Iterator[Subject]:
    port = free_port()
    command = [sys.executable, str(RIVALS / "lit.py"), str(EMBEDDED / "street.onnx"), str(port)]
    with _running("LitServe", command, port, "/health", os.environ | {"PYTHONPATH": str(ROOT)}) as subject:
        yield subject


@contextmanager
def _running(
    name: str,
    command: list[str],
    port: int,
    ready: str,
    environment: dict[str, str] | None = None,
    root: Path = ROOT,
) -> Iterator[Subject]:
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603  # our own
    try:
        _wait(process, port, ready)
        spent = time.perf_counter() - began
        yield Subject(name, f"http://127.0.0.1:{port}/segment", psutil.Process(process.pid), spent)
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        for one in (process, *children):
            one.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                if b" 200 " in connection.recv(64):
                    return
        time.sleep(0.02)
    raise TimeoutError(f"{process.args!r} was not ready in {SECONDS_TO_START} s")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
