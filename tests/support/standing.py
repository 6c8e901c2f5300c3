"""A service that stands whatever is sent to it: its answers are well-formed, and it holds nothing afterwards."""

import json
import socket
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.support.malformed import CLOSED
from tests.support.pictures import encoded, quarters
from tests.support.server import process_of

SOON_S = 5
WORKERS = 2


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
            list(
                many.map(lambda _: (self.mask(large), httpx2.get(f"{url}/web/page.js", timeout=60)), range(4 * WORKERS))
            )
        self.before, self.memory = self.state(), self.process.memory_info().rss

    def mask(self, picture: bytes) -> bytes:
        headers = {"Accept": "image/png"}
        response = httpx2.post(f"{self.url}/segment", files={"image": picture}, headers=headers, timeout=60)
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

    def check(self, growth: int) -> None:
        """It holds no more than before, but for `growth` bytes of memory, and it is ready at once."""
        deadline = time.monotonic() + 30  # threads that read files for a while wait for more
        while not (state := self.state()).within(self.before):
            assert time.monotonic() < deadline, (self.before, state)
            time.sleep(0.5)
        assert self.process.memory_info().rss - self.memory < growth
        with httpx2.Client(base_url=self.url) as client:
            answers = [client.get("/health/ready") for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert min(answer.elapsed.total_seconds() for answer in answers) < 0.1
