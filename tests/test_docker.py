"""The running container: its rights, its contents, its restart.

Skipped but under `make test-container`, which names the engine and its compose command.
"""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.support.server import ROOT, free_port

ENGINE = shlex.split(os.environ.get("ENGINE", ""))
COMPOSE = shlex.split(os.environ.get("COMPOSE", ""))

pytestmark = pytest.mark.skipif(not ENGINE or not COMPOSE, reason="make test-container")


def output(*command: str) -> str:
    return subprocess.check_output(command, cwd=ROOT, text=True).strip()


@contextmanager
def started(service: str, *options: str) -> Iterator[str]:
    """The URL of a service of the compose file; `options` are those of compose."""
    port = free_port()
    environment = os.environ | {"SEGMENT_PORT": str(port)}
    compose = [*COMPOSE, *options]
    subprocess.run([*compose, "up", "--build", "--detach", service], cwd=ROOT, env=environment, check=True)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([*compose, "down"], cwd=ROOT, env=environment, check=True)


@pytest.fixture(scope="module")
def up() -> Iterator[str]:
    """The service's URL."""
    with started("segment") as url:
        yield url


def wait_until_ready(url: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            httpx2.get(f"{url}/health/ready").raise_for_status()
        except httpx2.HTTPError:
            assert time.monotonic() < end
            time.sleep(0.2)
        else:
            return


@pytest.fixture(scope="module")
def container(up: str) -> str:
    """Its id."""
    assert up
    return container_of("segment")


def container_of(service: str) -> str:
    return output(*ENGINE, "ps", "--quiet", "--filter", f"label=com.docker.compose.service={service}")


def inside(container: str, *command: str) -> subprocess.CompletedProcess[str]:
    """A command run in the container, as the service runs."""
    return subprocess.run([*ENGINE, "exec", container, *command], capture_output=True, text=True, check=False)


def test_it_runs_unprivileged_and_without_capabilities(container: str) -> None:
    status = dict(line.split(":\t", 1) for line in inside(container, "cat", "/proc/1/status").stdout.splitlines())
    assert status["Uid"].split() == ["10001"] * 4
    assert status["Gid"].split() == ["10001"] * 4
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_it_can_write_nowhere(container: str) -> None:
    for folder in ("/", "/opt/fcn-serve/app/service/models", "/home", "/usr/bin"):
        result = inside(container, "touch", f"{folder}/written")
        assert result.returncode != 0, folder
        assert "Read-only file system" in result.stderr or "Permission denied" in result.stderr


def installed_in(container: str) -> set[str]:
    """The names of the Python packages in there."""
    listing = "import importlib.metadata as m, json; print(json.dumps([d.name for d in m.distributions()]))"
    return {name.replace("_", "-").lower() for name in json.loads(inside(container, "python", "-c", listing).stdout)}


def test_it_contains_only_what_serves(container: str) -> None:
    installed = installed_in(container)
    locked = (ROOT / "requirements" / "serve.txt").read_text()
    assert "onnxruntime" in installed
    assert all(f"{name}==" in locked for name in installed)
    for tool in ("gcc", "cc", "make", "git", "curl", "wget"):
        assert inside(container, "which", tool).returncode != 0, tool


def test_its_memory_and_its_processes_are_bounded(container: str) -> None:
    (settings,) = json.loads(output(*ENGINE, "inspect", container))
    host = settings["HostConfig"]
    assert host["Memory"] == 2 * 2**30
    assert host["PidsLimit"] == 256
    assert host["ReadonlyRootfs"]
    ((bound,),) = [ports for ports in host["PortBindings"].values() if ports]
    assert bound["HostIp"] == "127.0.0.1"


def test_it_segments(up: str) -> None:
    photo = (ROOT / "docs" / "street.jpg").read_bytes()
    answer = httpx2.post(f"{up}/segment", files={"image": photo}, headers={"Accept": "image/png"}, timeout=60)
    assert answer.content == (ROOT / "docs" / "street-mask.png").read_bytes()


def test_when_it_is_killed_it_comes_back(up: str, container: str) -> None:
    (settings,) = json.loads(output(*ENGINE, "inspect", container))
    os.kill(settings["State"]["Pid"], signal.SIGKILL)
    time.sleep(0.5)
    wait_until_ready(up)
    (after,) = json.loads(output(*ENGINE, "inspect", container))
    assert after["State"]["Pid"] != settings["State"]["Pid"]


def test_the_container_for_the_clinic_reads_dicom_and_is_locked_in_as_well() -> None:
    dicom = pytest.importorskip("tests.support.dicom")
    with started("clinic", "--project-name", "fcn-serve-clinic", "--profile", "clinic") as url:
        answer = httpx2.post(f"{url}/segment", files={"image": dicom.dicom()}, timeout=60).json()
        assert answer["image"]["format"] == "DICOM"
        container = container_of("clinic")
        installed = installed_in(container)
        locked = (ROOT / "requirements" / "clinical.txt").read_text()
        assert {"pydicom", "nibabel", "highdicom"} <= installed
        assert all(f"{name}==" in locked for name in installed)
        assert inside(container, "touch", "/opt/fcn-serve/app/written").returncode != 0
