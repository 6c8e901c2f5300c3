"""Orthanc, a small picture archive, with its DICOMweb plugin: Debian's packages, as installed on the machine."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.server import free_port
from tests.support.waiting import wait_until

USER, PASSWORD = "clinic", "word"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@contextmanager
def orthanc(folder: Path) -> Iterator[str]:
    """A running, empty archive's URL, its files in `folder`. Skips the test where it is not installed."""
    program = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None or not PLUGIN.exists():
        pytest.skip("no Orthanc on this machine: apt-get install orthanc orthanc-dicomweb")
    port = free_port()
    settings = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpPort": port,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "DicomServerEnabled": False,
        "SyncStorageArea": False,
        "Plugins": [str(PLUGIN)],
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(url, process))
        yield url
    finally:
        process.kill()  # it would take seconds to tidy up
        process.wait(60)


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "Orthanc did not start"
    try:
        return httpx2.get(f"{url}/system", auth=(USER, PASSWORD)).status_code == 200
    except httpx2.TransportError:
        return False
