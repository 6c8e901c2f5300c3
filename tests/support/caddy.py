"""Caddy with a configuration of its own, its files in a folder."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.support.debian import need
from tests.support.waiting import wait_until


@contextmanager
def caddy(folder: Path, configuration: str, url: str) -> Iterator[None]:
    """Runs Caddy until it answers at `url`. Skips the test where there is none."""
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + configuration)
    command = [need("caddy"), "run", "--config", "Caddyfile"]
    environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(url, process, folder / "log"))
        yield
    finally:
        process.terminate()
        process.wait(60)


def answers(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return httpx2.get(f"{url}/health/live", verify=False).status_code == 200
    except httpx2.TransportError:
        return False
