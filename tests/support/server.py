"""Starts the service as a process, on a real port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psutil

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(
    models: Path | None = None,
    python: str = sys.executable,
    cwd: Path = ROOT,
    log: Path | None = None,
    patience_s: float = 60,
    **settings: object,
) -> Iterator[str]:
    """A running service's URL; `settings` are those of the environment, without their prefix, in lower case. What it
    logs goes to the file `log`, if one is given. It may take `patience_s` to start."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEGMENT_")}
    environment |= {f"SEGMENT_{key.upper()}": str(value) for key, value in settings.items()}
    environment["SEGMENT_PORT"] = str(port)
    if models is not None:
        environment["SEGMENT_MODELS"] = str(models)
    with nullcontext() if log is None else log.open("wb") as file:
        process = subprocess.Popen([python, "-m", "service"], cwd=cwd, env=environment, stderr=file)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, patience_s)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0, f"the service ended with {code}"


def process_of(url: str) -> psutil.Process:
    """The process that listens there, a child of this one."""
    port = urlsplit(url).port
    (process,) = (child for child in psutil.Process().children(recursive=True) if listens(child, port))
    return process


def listens(process: psutil.Process, port: int | None) -> bool:
    """Whether a process has this port; one that has just ended, such as a browser's, has none."""
    try:
        return any(at.laddr and at.laddr.port == port for at in process.net_connections())
    except psutil.NoSuchProcess:
        return False


def wait_until_ready(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    with httpx2.Client(base_url=url) as client:  # each takes 10 ms to make
        while time.monotonic() < end:
            assert process.poll() is None, "the service did not start"
            try:
                if client.get("/health/ready").status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.05)
    raise TimeoutError(url)
