"""Any input is answered, refused with a problem, or ends in a closed connection, and soon."""

import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.support import hostile, malformed
from tests.support.effort import MUTATIONS
from tests.support.malformed import CLOSED, length, post
from tests.support.mutations import mutations
from tests.support.pictures import encoded, quarters
from tests.support.server import process_of, serving

SOON_S = 5
WORKERS = 2
PEAK = 3 * 4 * hostile.MAX_MEGAPIXELS * 10**6
"""Bytes that a worker may hold: three pictures of the largest size, four bytes a pixel."""
GROWTH = WORKERS * PEAK + 150 * 10**6


@dataclass(frozen=True)
class State:
    """What a service holds between requests."""

    files: int
    threads: int
    temporary: tuple[Path, ...]
    mask: bytes

    def within(self, other: "State") -> bool:
        return (
            self.files <= other.files
            and self.threads <= other.threads
            and (self.temporary, self.mask) == (other.temporary, other.mask)
        )


class Service:
    """A running service as its operating system sees it."""

    def __init__(self, url: str, temporary: Path) -> None:
        self.url, self.temporary = url, temporary
        self.address = (urlsplit(url).hostname, urlsplit(url).port or 0)
        self.process = process_of(url)
        large = encoded(quarters(2000, 2000))
        with ThreadPoolExecutor(4 * WORKERS) as many:  # all the threads there will be, those that read files too
            list(many.map(lambda _: (self.mask(large), httpx2.get(f"{url}/web/page.js")), range(4 * WORKERS)))
        self.before, self.memory = self.state(), self.process.memory_info().rss

    def mask(self, picture: bytes) -> bytes:
        response = httpx2.post(f"{self.url}/segment", files={"image": picture}, headers={"Accept": "image/png"})
        assert response.status_code == 200, response.text
        return response.content

    def state(self) -> State:
        mask = self.mask(encoded(quarters()))
        time.sleep(0.2)  # until its connection is closed at the other end too
        return State(self.process.num_fds(), self.process.num_threads(), tuple(self.temporary.iterdir()), mask)

    def answer(self, request: bytes) -> int:
        """The status, 0 for a closed connection, once all that is to be said of the answer is right."""
        began = time.monotonic()
        with socket.create_connection(self.address, SOON_S) as connection:
            try:
                connection.sendall(request)
            except ConnectionError:
                """Answered before all of it was read."""
            response = HTTPResponse(connection)
            try:
                response.begin()
                status, kind, body = response.status, response.headers["Content-Type"], response.read()
            except (HTTPException, ConnectionError):
                status, kind, body = CLOSED, "", b""
        assert time.monotonic() - began < SOON_S
        assert status < 500 or status in (503, 504), body
        if status >= 400:
            assert kind == "application/problem+json", body
            problem = json.loads(body)
            assert problem["status"] == status
            assert problem["code"]
            assert problem["detail"]
        return status

    def wrong(self, requests: Iterable[tuple[str, bytes, frozenset[int]]]) -> list[str]:
        """The requests whose answer has another status than it may, or is not well-formed."""
        found = []
        for name, request, statuses in requests:
            try:
                status = self.answer(request)
            except (AssertionError, TimeoutError) as error:
                found.append(f"{name}: {error}")
            else:
                found += [] if status in statuses else [f"{name}: {status}"]
        return found


@pytest.fixture(scope="module")
def service(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    temporary = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TMPDIR", str(temporary))
        with serving(
            model_file,
            max_megapixels=hostile.MAX_MEGAPIXELS,
            workers=WORKERS,
            client_s=1,
            reload_s=0,  # looks at files in a thread of its own, which would come later
            log_level="error",
        ) as url:
            yield Service(url, temporary)


@pytest.mark.parametrize("kind", hostile.KINDS, ids=lambda kind: kind.__name__)
def test_every_hostile_image_gets_an_answer_that_it_may_get(
    service: Service, kind: Callable[[], Iterator[hostile.Hostile]]
) -> None:
    def requests() -> Iterator[tuple[str, bytes, frozenset[int]]]:
        for image in kind():
            type_ = f"Content-Type: {image.content_type}".encode()
            yield image.name, post(type_, length(image.data), body=image.data), image.statuses

    assert service.wrong(requests()) == []


def test_every_wounded_image_is_decoded_or_refused(service: Service) -> None:
    def requests() -> Iterator[tuple[str, bytes, frozenset[int]]]:
        for name, data in mutations(MUTATIONS, seed=1):
            yield name, post(b"Content-Type: image/jpeg", length(data), body=data), hostile.ANY

    assert service.wrong(requests()) == []


@pytest.mark.parametrize("kind", malformed.KINDS, ids=lambda kind: kind.__name__)
def test_every_malformed_request_gets_an_answer_that_it_may_get(
    service: Service, kind: Callable[[], Iterator[malformed.Malformed]]
) -> None:
    assert service.wrong((request.name, request.data, request.statuses) for request in kind()) == []


@pytest.mark.parametrize("named", [b"Host: [::1", b"Host: localhost\r\nOrigin: http://["])
def test_half_an_address_is_refused(service: Service, named: bytes) -> None:
    assert service.answer(malformed.request(b"POST /segment HTTP/1.1", named, length(b""))) in (400, 403, 421)


def test_a_clients_text_is_no_label(service: Service) -> None:
    assert service.answer(malformed.request(b"MADEUP / HTTP/1.1", malformed.HOST)) == 405
    assert "MADEUP" not in httpx2.get(f"{service.url}/metrics").text


def test_a_possible_smuggled_request_ends_the_connection(service: Service) -> None:
    first = (
        b"POST /segment HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    second = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(service.address, SOON_S) as connection:
        connection.sendall(first + second)
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert said.count(b"HTTP/1.1 ") == 1


def test_echoes_are_short(service: Service) -> None:
    for path in ("/" + 9000 * "x", "/models/" + 9000 * "x"):
        assert len(httpx2.get(f"{service.url}{path}").content) < 1000


def test_after_all_of_that_the_service_is_as_it_was(service: Service) -> None:
    deadline = time.monotonic() + 30  # threads that read files for a while wait for more
    while not (state := service.state()).within(service.before):
        assert time.monotonic() < deadline, (service.before, state)
        time.sleep(0.5)
    assert service.process.memory_info().rss - service.memory < GROWTH
    with httpx2.Client(base_url=service.url) as client:
        answers = [client.get("/health/ready") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert min(answer.elapsed.total_seconds() for answer in answers) < 0.1
