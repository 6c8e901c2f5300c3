"""Graceful shutdown: accepted images are answered, nothing else delays it."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.support import slow
from tests.support.scrape import metric
from tests.support.server import ROOT, free_port, wait_until_ready
from tests.support.waiting import wait_until

GRACE_S = 60
PNG = {"Content-Type": "image/png"}
HALF = b"POST /segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nhalf"


@pytest.fixture
def started(tmp_path: Path) -> tuple[str, subprocess.Popen[bytes]]:
    (tmp_path / "slow.onnx").write_bytes(slow.model_bytes())
    port = free_port()
    settings = {"PORT": port, "MODELS": tmp_path, "WORKERS": 1, "QUEUE": 3, "GRACE_S": GRACE_S, "CLIENT_S": 60}
    environment = os.environ | {f"SEGMENT_{name}": str(value) for name, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "service"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(url, process)
    return url, process


def test_accepted_images_are_answered_and_the_rest_refused(started: tuple[str, subprocess.Popen[bytes]]) -> None:
    url, process = started
    address = ("127.0.0.1", int(url.rpartition(":")[2]))
    with ThreadPoolExecutor(3) as callers, httpx2.Client(base_url=url, timeout=60) as client:
        post = lambda: httpx2.post(f"{url}/segment", content=slow.picture(120), headers=PNG, timeout=60)  # noqa: E731
        taken = [callers.submit(post) for _ in range(3)]
        wait_until(lambda: metric(client, "segment_slots_taken") == 3)
        held = metric(client, "segment_upload_bytes")
        with socket.create_connection(address) as half_sent:
            half_sent.sendall(HALF)
            wait_until(lambda: metric(client, "segment_upload_bytes") == held + len("half"))
            process.terminate()
            wait_until(lambda: httpx2.get(f"{url}/health/ready").status_code == 503)
            refused = httpx2.post(f"{url}/segment", content=slow.picture(0), headers=PNG)
            assert (refused.status_code, refused.json()["code"]) == (503, "draining")
            assert refused.headers["Retry-After"]
            assert httpx2.get(f"{url}/health/live").status_code == 200
            assert [one.result().status_code for one in taken] == [200] * 3
            half_sent.settimeout(60)
            answer = half_sent.recv(4096)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 1\r\n" in answer
            assert b'"code":"draining"' in answer
    assert process.wait(60) == 0


def test_a_client_that_stays_does_not_delay_the_stop(started: tuple[str, subprocess.Popen[bytes]]) -> None:
    """It is told that the service stops, and keeps its half-sent request open."""
    url, process = started
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=60) as half_sent:
        half_sent.sendall(HALF)
        with httpx2.Client(base_url=url) as client:
            wait_until(lambda: metric(client, "segment_upload_bytes") == len("half"))
        process.terminate()
        assert half_sent.recv(4096).startswith(b"HTTP/1.1 503 ")
        assert process.wait(GRACE_S - 10) == 0


def test_an_idle_service_stops_without_its_grace(started: tuple[str, subprocess.Popen[bytes]]) -> None:
    _, process = started
    process.terminate()
    assert process.wait(GRACE_S - 10) == 0


def test_grace_has_an_end(tmp_path: Path) -> None:
    (tmp_path / "slow.onnx").write_bytes(slow.model_bytes())
    port = free_port()
    environment = os.environ | {"SEGMENT_PORT": str(port), "SEGMENT_MODELS": str(tmp_path), "SEGMENT_GRACE_S": "1"}
    process = subprocess.Popen([sys.executable, "-m", "service"], cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(url, process)
    with ThreadPoolExecutor(4) as callers, httpx2.Client(base_url=url, timeout=60) as client:
        post = lambda: httpx2.post(f"{url}/segment", content=slow.picture(255), headers=PNG, timeout=60)  # noqa: E731
        sent = [callers.submit(post) for _ in range(4)]
        wait_until(lambda: metric(client, "segment_slots_taken") == 4)
        process.terminate()
        _, log = process.communicate(timeout=60)
        refused = [one.result() for one in sent if one.result().status_code != 200]
    assert refused
    assert all((one.status_code, one.json()["code"]) == (503, "draining") for one in refused)
    assert b"Traceback" not in log
    assert log.count(b"status=503 code=draining model=colours") == len(refused)
