"""Slow connections are closed, and do not disturb other clients."""

import json
import select
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPResponse
from pathlib import Path
from typing import cast

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.http.security.connections import PatientProtocol, patient
from service.http.security.patience import Patience
from tests.support.effort import DAWDLERS, DEAF
from tests.support.pictures import encoded, quarters
from tests.support.server import process_of, serving
from tests.support.waiting import wait_until

PATIENCE_S = 1.0
LIMIT_S = 60.0
"""For what takes a second or two on a machine that is not busy."""
GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST /segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture(scope="module")
def hurried(model_file: Path) -> Iterator[httpx2.Client]:
    with serving(model_file, client_s=PATIENCE_S) as url, httpx2.Client(base_url=url) as client:
        yield client


def send_slowly(client: httpx2.Client, first: bytes, drop: bytes) -> list[bytes]:
    """Open connections that send `first`, then a drop from time to time. Returns what each received until it was
    closed. Other clients are served meanwhile."""
    address = (client.base_url.host, client.base_url.port or 80)
    watch = selectors.DefaultSelector()
    told: dict[socket.socket, bytes] = {}
    for _ in range(DAWDLERS):
        connection = socket.create_connection(address)
        connection.sendall(first)
        watch.register(connection, selectors.EVENT_READ)
        told[connection] = b""
    began = time.monotonic()
    while watch.get_map():
        assert time.monotonic() - began < LIMIT_S, f"{len(watch.get_map())} connections are still open"
        assert client.post("/segment", files={"image": encoded(quarters())}).status_code == 200
        for key, _ in watch.select(timeout=0.05):
            connection = cast(socket.socket, key.fileobj)
            try:
                data = connection.recv(65536)
            except ConnectionError:
                data = b""
            told[connection] += data
            if not data:
                watch.unregister(connection)
                connection.close()
        for key in list(watch.get_map().values()):
            try:
                cast(socket.socket, key.fileobj).sendall(drop)
            except ConnectionError:
                continue  # closed in this moment; read in the next
    return list(told.values())


@pytest.mark.parametrize(
    ("first", "drop"),
    [(b"", b""), (b"GET / HTTP/1.1\r\n", b"X: y\r\n"), (HEAD, b""), (HEAD, b"drop")],
    ids=["silent", "a dripping head", "a body that does not come", "a dripping body"],
)
def test_a_slow_client_gets_408_and_is_closed(hurried: httpx2.Client, first: bytes, drop: bytes) -> None:
    for answer in send_slowly(hurried, first, drop):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert json.loads(body)["code"] == "request_timeout"


def counted(client: httpx2.Client) -> dict[str, float]:
    """Requests by status."""
    samples = text_string_to_metric_families(client.get("/metrics").text)
    (requests,) = [family for family in samples if family.name == "segment_requests"]
    statuses = Counter[str]()
    for sample in requests.samples:
        if sample.name == "segment_requests_total" and sample.labels["route"] != "/metrics":
            statuses[sample.labels["status"]] += sample.value  # type: ignore[assignment]
    return dict(statuses)


@pytest.mark.parametrize("first", [HEAD + b"half", b"GET / HTTP/1.1\r\nX: y"], ids=["a body", "a head"])
def test_a_request_that_came_too_slowly_is_counted_once(hurried: httpx2.Client, first: bytes) -> None:
    before = counted(hurried)
    with socket.create_connection((hurried.base_url.host, hurried.base_url.port or 80)) as connection:
        connection.sendall(first)
        connection.settimeout(LIMIT_S)
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
    wait_until(lambda: counted(hurried) == before | {"408": before.get("408", 0) + 1})


def test_invalid_http_is_refused_and_counted_once(hurried: httpx2.Client) -> None:
    before = counted(hurried)
    with socket.create_connection((hurried.base_url.host, hurried.base_url.port or 80)) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = connection.recv(65536)
        assert connection.recv(65536) == b""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n")
    assert json.loads(body)["code"] == "bad_request"
    assert counted(hurried) == before | {"400": before.get("400", 0) + 1}


def test_a_fast_start_allows_no_long_silence(hurried: httpx2.Client) -> None:
    """A megabyte at once would be a minute at the least rate."""
    length = 2_000_000
    head = HEAD.replace(b"100000", str(length).encode())
    with socket.create_connection((hurried.base_url.host, hurried.base_url.port or 80)) as connection:
        connection.sendall(head + bytes(length // 2))
        began = time.monotonic()
        connection.settimeout(LIMIT_S)
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < LIMIT_S / 2


def test_a_slow_line_that_moves_is_waited_for(hurried: httpx2.Client) -> None:
    """Longer than the timeout, but above the minimum rate."""
    data = encoded(quarters(400, 200), "PNG", compress_level=0)
    rate = 4 * PatientProtocol.patience.rate

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), 8192):
            time.sleep(8192 / rate)
            yield data[start : start + 8192]

    began = time.monotonic()
    response = hurried.post("/segment", content=pieces(), headers={"Content-Type": "image/png"})
    assert response.status_code == 200
    assert time.monotonic() - began > 2 * PATIENCE_S


def test_a_client_that_does_not_read_is_closed(hurried: httpx2.Client) -> None:
    """Many clients that request megabytes, and do not read them."""
    much = 400 * b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        closed = select.poll()
        for _ in range(DEAF):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((hurried.base_url.host, hurried.base_url.port or 80))
            connection.sendall(much)
            closed.register(connection, 0)  # told of nothing but its end
        began, open_ = time.monotonic(), DEAF
        while open_:
            assert time.monotonic() - began < LIMIT_S, f"{open_} connections are still open"
            assert hurried.post("/segment", files={"image": encoded(quarters())}).status_code == 200
            for descriptor, _ in closed.poll(50):
                closed.unregister(descriptor)
                open_ -= 1


@contextmanager
def connected(client: httpx2.Client) -> Iterator[socket.socket]:
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(address, timeout=60) as connection:
        yield connection


def answered(connection: socket.socket) -> HTTPResponse:
    """The next response on the connection, read to its end."""
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    return response


def test_an_idle_connection_outlives_the_patience_with_slow_clients(hurried: httpx2.Client) -> None:
    with connected(hurried) as connection:
        for pause in (2 * PATIENCE_S, 0):
            connection.sendall(GET)
            response = answered(connection)
            assert response.status == 200
            assert (response.headers["Connection"], response.headers["Keep-Alive"]) == ("keep-alive", "timeout=75")
            time.sleep(pause)


def test_an_idle_connection_on_which_a_head_has_begun_is_closed(hurried: httpx2.Client) -> None:
    with connected(hurried) as connection:
        connection.sendall(GET)
        assert answered(connection).status == 200
        connection.sendall(GET[:10])
        assert answered(connection).status == 408
        assert connection.recv(65536) == b""


def test_a_connection_idle_for_longer_than_announced_is_closed_in_silence(model_file: Path) -> None:
    with (
        serving(model_file, keep_alive_s=1) as url,
        httpx2.Client(base_url=url) as client,
        connected(client) as connection,
    ):
        connection.sendall(GET)
        assert answered(connection).headers["Keep-Alive"] == "timeout=1"
        assert connection.recv(65536) == b""


@pytest.mark.parametrize("head", [GET.replace(b"1.1", b"1.0"), GET.replace(b"Host", b"Connection: close\r\nHost")])
def test_a_connection_that_is_not_kept_announces_nothing(hurried: httpx2.Client, head: bytes) -> None:
    with connected(hurried) as connection:
        connection.sendall(head)
        response = answered(connection)
        assert (response.headers["Connection"], response.headers["Keep-Alive"]) == ("close", None)
        assert connection.recv(65536) == b""


@pytest.mark.parametrize("drop", [b"", b"x"], ids=["silent", "dripping"])
def test_a_refused_client_that_neither_sends_nor_closes_is_closed(hurried: httpx2.Client, drop: bytes) -> None:
    process = process_of(str(hurried.base_url))
    with connected(hurried) as connection:
        ours = connection.getsockname()

        def closed() -> bool:
            with suppress(ConnectionError):
                connection.sendall(drop)
            return all(held.raddr != ours for held in process.net_connections())

        connection.sendall(HEAD.replace(b"/segment", b"/predict") + b"half")
        assert answered(connection).status == 404
        assert not closed()
        wait_until(closed)


def test_each_patience_is_its_own() -> None:
    impatient = patient(Patience(head_s=1), lambda *_: None)
    assert impatient.patience.head_s == 1
    assert PatientProtocol.patience.head_s == 10
