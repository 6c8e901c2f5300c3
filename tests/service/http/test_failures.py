"""A failure of the service is logged once, with its cause, under the id that the client was given."""

import asyncio
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from service.http import errors as face
from service.http.problems import on_escaped, on_known, status_of
from service.http.telemetry import Telemetry
from service.segmentation import errors as core
from service.segmentation.errors import InferenceFailed, OutOfMemory, SegmentationError, code_of
from service.serving import errors as serving
from service.serving.admission import Admission, Limits
from service.serving.metrics import Metrics
from tests.support import picky
from tests.support.pictures import encoded, quarters
from tests.support.scrape import metric
from tests.support.server import serving as running
from tests.support.waiting import wait_until

PNG = {"Content-Type": "image/png"}
LANDSCAPE, PORTRAIT = encoded(quarters(96, 64)), encoded(quarters(64, 96))


@dataclass(frozen=True)
class Service:
    client: httpx2.Client
    log: Path

    def lines(self, request_id: str) -> list[str]:
        """What the log says of a request, once its last line has come."""
        wait_until(lambda: f"request_id={request_id} method=" in self.log.read_text())
        return [line for line in self.log.read_text().splitlines() if request_id in line]

    def counted(self, status: int, code: str) -> float:
        labels = {"method": "POST", "route": "/segment", "status": str(status), "code": code}
        return metric(self.client, "segment_requests_total", **labels)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("picky")
    (folder / "picky.onnx").write_bytes(picky.model_bytes())
    log = folder / "log"
    with running(folder, log=log) as url, httpx2.Client(base_url=url, timeout=60) as client:
        yield Service(client, log)


def test_a_failing_operator_is_named_in_the_log_under_the_answers_id(service: Service) -> None:
    response = service.client.post("/segment", content=PORTRAIT, headers=PNG)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (500, "inference_failed")
    assert "Retry-After" not in response.headers
    assert response.headers["Connection"] == "keep-alive"
    failure, request = service.lines(problem["request_id"])
    assert re.search(r" ERROR .*code=inference_failed cause=InferenceFailed: .* <- \w+: .*Add", failure)
    assert " INFO " in request
    assert "status=500 code=inference_failed" in request
    assert service.counted(500, "inference_failed") == 1
    assert service.client.post("/segment", content=LANDSCAPE, headers=PNG).status_code == 200


def test_a_clients_mistake_is_not_logged_as_a_failure(service: Service) -> None:
    response = service.client.post("/segment", content=b"no image", headers=PNG)
    (request,) = service.lines(response.json()["request_id"])
    assert "status=415 code=unsupported_format" in request
    assert service.counted(415, "unsupported_format") == 1
    assert " ERROR " not in request


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_what_a_client_sends_is_no_warning(service: Service, sent: bytes) -> None:
    with socket.create_connection((service.client.base_url.host, service.client.base_url.port or 80)) as connection:
        connection.sendall(sent)
        assert connection.recv(10).startswith(b"HTTP/1.1")
    assert " WARNING " not in service.log.read_text()


def test_a_disconnected_client_is_an_outcome_of_its_own(service: Service) -> None:
    head = b"POST /segment HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: left\r\nContent-Type: image/png\r\n"
    with socket.create_connection((service.client.base_url.host, service.client.base_url.port or 80)) as connection:
        connection.sendall(head + b"Content-Length: 5000\r\n\r\nhalf")
    (request,) = service.lines("left")
    assert "status=499 code=abandoned" in request
    assert service.counted(499, "abandoned") == 1


class Surprise(InferenceFailed):
    """A subclass that no table lists."""


class Stranger(SegmentationError):
    """As Surprise, right below the root."""


def request() -> Request:
    services = SimpleNamespace(admission=Admission(Limits(workers=1, queue=0, upload_bytes=0, memory=0)))
    return Request({"type": "http", "state": {"request_id": "an-id", "services": services}})


@pytest.mark.parametrize(("error", "code"), [(Surprise("s"), "surprise"), (Stranger("s"), "stranger")])
def test_an_error_that_no_table_lists_is_a_logged_500(
    caplog: pytest.LogCaptureFixture, error: Exception, code: str
) -> None:
    assert (status_of(error), code_of(error)) == (500, code)
    with caplog.at_level("ERROR"):
        asyncio.run(on_known(request(), error))
    assert caplog.messages == [f"request_id=an-id code={code} cause={type(error).__name__}: s"]


def test_the_whole_chain_of_causes_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    error = OutOfMemory()
    error.__cause__ = MemoryError("512\nMiB")
    error.__cause__.__cause__ = OSError(12, "Cannot allocate memory")
    with caplog.at_level("ERROR"):
        asyncio.run(on_known(request(), error))
    (line,) = caplog.messages
    assert "code=out_of_memory" in line
    assert line.endswith(" <- MemoryError: 512 MiB <- OSError: [Errno 12] Cannot allocate memory")


def test_no_memory_is_a_503_wherever_it_runs_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("ERROR"):
        response = asyncio.run(on_escaped(request(), MemoryError("1 MiB")))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert [line.partition(" cause=")[2].partition(":")[0] for line in caplog.messages] == ["OutOfMemory"]
    assert caplog.messages[0].endswith(" <- MemoryError: 1 MiB")


@pytest.mark.parametrize("root", [face.RequestError, core.SegmentationError, serving.ServingError])
def test_every_error_has_a_status_and_a_docstring(root: type[Exception]) -> None:
    for class_ in [root, *subclasses(root)]:
        assert 400 <= status_of(Exception.__new__(class_)) <= 504
        assert class_.__doc__


def subclasses(root: type[Exception]) -> Iterator[type[Exception]]:
    for class_ in root.__subclasses__():
        yield class_
        yield from subclasses(class_)


def test_an_unexpected_error_is_answered_and_logged_once_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_: Scope, __: Receive, ___: Send) -> None:
        raise KeyError("colour")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"x-request-id", b"an-id")]}
    with caplog.at_level("INFO"):
        asyncio.run(Telemetry(broken, Metrics(30), None)(scope, receive, send))
    assert sent[0]["status"] == 500
    assert b'"code":"internal_error"' in cast(bytes, sent[1]["body"])
    failure, request = caplog.records
    assert failure.getMessage() == "request_id=an-id code=internal_error cause=KeyError: 'colour'"
    assert failure.exc_info
    assert failure.exc_info[0] is KeyError
    assert "status=500 code=internal_error" in request.getMessage()
