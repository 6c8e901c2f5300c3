"""Deadlines, and clients who disconnect."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support import slow
from tests.support.server import serving

PNG = {"Content-Type": "image/png"}
LONG, SHORT = slow.picture(255), slow.picture(0)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A service of a slow model: one image at a time, and two that wait."""
    path: Path = tmp_path_factory.mktemp("models") / "slow.onnx"
    path.write_bytes(slow.model_bytes())
    with serving(path, workers=1, queue=2) as url, httpx2.Client(base_url=url, timeout=60) as client:
        yield client


def taken(client: httpx2.Client) -> int:
    text = client.get("/metrics").text
    found = re.search(r"^segment_slots_taken (\d+)", text, re.MULTILINE)
    assert found
    return int(found[1])


def seconds_until_free(client: httpx2.Client) -> float:
    began = time.monotonic()
    while taken(client):
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def whole(patient: httpx2.Client) -> float:
    """Seconds that a slow image takes without a deadline."""
    began = time.monotonic()
    assert patient.post("/segment", content=LONG, headers=PNG).status_code == 200
    return time.monotonic() - began


def test_too_late_is_a_504_and_the_network_stops(patient: httpx2.Client, whole: float) -> None:
    began = time.monotonic()
    response = patient.post("/segment", content=LONG, headers=PNG | {"X-Deadline-Ms": "100"})
    assert (response.status_code, response.json()["code"]) == (504, "too_late")
    seconds_until_free(patient)
    assert time.monotonic() - began < 0.8 * whole
    assert patient.post("/segment", content=SHORT, headers=PNG | {"X-Deadline-Ms": "30000"}).status_code == 200


def test_a_disconnected_client_releases_its_slot_in_mid_inference(patient: httpx2.Client, whole: float) -> None:
    with socket.create_connection((patient.base_url.host, patient.base_url.port or 80)) as caller:
        headers = ("POST /segment HTTP/1.1", "Host: localhost", *(f"{k}: {v}" for k, v in PNG.items()))
        head = "\r\n".join((*headers, f"Content-Length: {len(LONG)}", "", ""))
        caller.sendall(head.encode() + LONG)
        began = time.monotonic()
        while not taken(patient):
            assert time.monotonic() - began < 10
    seconds_until_free(patient)
    assert time.monotonic() - began < 0.8 * whole


@pytest.mark.parametrize("deadline", ["0", "-5", "soon", "1.5"])
def test_an_invalid_deadline_is_a_422(patient: httpx2.Client, deadline: str) -> None:
    response = patient.post("/segment", content=SHORT, headers=PNG | {"X-Deadline-Ms": deadline})
    assert response.status_code == 422
    assert "x-deadline-ms" in response.json()["detail"]


def test_a_very_long_deadline_is_the_services_own(patient: httpx2.Client) -> None:
    assert patient.post("/segment", content=SHORT, headers=PNG | {"X-Deadline-Ms": "9" * 400}).status_code == 200
