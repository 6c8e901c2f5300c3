"""An upload that is refused before it is read: the client, still sending, gets the answer."""

import json
import select
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from benchmarks.clients.python import with_http_client, with_urllib
from benchmarks.clients.upload import Upload
from benchmarks.nginx import nginx
from benchmarks.refusals import BODY, OPEN, PROXIES, PROXY, SMALL, Refusal, keyed
from tests.support import slow
from tests.support.debian import need
from tests.support.scrape import metric
from tests.support.server import serving
from tests.support.waiting import wait_until

TIMES = 3
UNKNOWN_OPTION = Refusal(422, "/segment?unknown=1")
QUEUE_FULL = Refusal(503, "/segment")


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as connection:
        yield connection


def head_of(refusal: Refusal, *more: str, version: str = "1.1") -> bytes:
    headers = {"Host": "localhost", **refusal.all_headers}
    lines = (f"{refusal.method} {refusal.path} HTTP/{version}", *(f"{k}: {v}" for k, v in headers.items()), *more)
    return "\r\n".join((*lines, "", "")).encode()


def read_all(connection: socket.socket) -> bytes:
    """Until the server ends its direction. Raises ConnectionResetError where the answer was destroyed."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def status_of(connection: socket.socket) -> int:
    """Of the next response, which is read to its end."""
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def old_client(base: str, refusal: Refusal) -> int:
    """HTTP/1.0, as nginx speaks it: sends everything, then reads until the end."""
    with connected(base) as connection:
        connection.sendall(head_of(refusal, f"Content-Length: {len(BODY)}", version="1.0") + BODY)
        return int(read_all(connection).split()[1])


def chunked_client(base: str, refusal: Refusal) -> int:
    """HTTP/1.1, the length not known beforehand, the connection to be kept."""
    with connected(base) as connection:
        connection.sendall(head_of(refusal, "Transfer-Encoding: chunked"))
        connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
        return status_of(connection)


def python_client(send: Callable[[Upload, bytes], int]) -> Callable[[str, Refusal], int]:
    return lambda base, refusal: send(
        Upload(refusal.method, base + refusal.path, refusal.all_headers, Path("unread")), BODY
    )


CLIENTS = {
    "urllib": python_client(with_urllib),
    "http.client": python_client(with_http_client),
    "HTTP/1.0": old_client,
    "chunked": chunked_client,
}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("refusal", OPEN.refusals, ids=lambda refusal: f"{refusal.status} {refusal.path}")
def test_a_refusal_arrives(url: str, refusal: Refusal, client: Callable[[str, Refusal], int]) -> None:
    assert [client(url, refusal) for _ in range(TIMES)] == [refusal.status] * TIMES


def test_a_refusal_arrives_without_a_key_or_with_one_of_another_role(model_file: Path, tmp_path: Path) -> None:
    scene = keyed(tmp_path)
    with serving(model_file, **scene.settings) as url:
        for refusal in scene.refusals:
            assert [client(url, refusal) for client in CLIENTS.values()] == [refusal.status] * len(CLIENTS)


def test_a_refusal_of_a_large_upload_arrives(model_file: Path) -> None:
    for settings in (SMALL.settings, {"uploads_mib": 1}):
        with serving(model_file, **settings) as url:
            for refusal in SMALL.refusals:
                assert [client(url, refusal) for client in CLIENTS.values()] == [refusal.status] * len(CLIENTS)


def test_a_refusal_arrives_while_the_queue_is_full(tmp_path: Path) -> None:
    (tmp_path / "slow.onnx").write_bytes(slow.model_bytes())
    with (
        serving(tmp_path / "slow.onnx", workers=1, threads=1, queue=0) as url,
        ThreadPoolExecutor(1) as caller,
        httpx2.Client(base_url=url, timeout=60) as http,
    ):
        caller.submit(httpx2.post, f"{url}/segment", files={"image": slow.picture(255)}, timeout=60)
        wait_until(lambda: metric(http, "segment_slots_taken") == 1)
        assert told_at_once(url, QUEUE_FULL).startswith(b"HTTP/1.1 503 ")
        assert [CLIENTS[name](url, QUEUE_FULL) for name in ("urllib", "chunked")] == [503] * 2


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_refusal_arrives_through_nginx(url: str, tmp_path: Path, proxy: str) -> None:
    locations = PROXY.format(url=url, more=PROXIES[proxy])
    with nginx(need("nginx"), tmp_path, locations) as front:
        for refusal in OPEN.refusals:
            assert [CLIENTS["urllib"](front, refusal) for _ in range(TIMES)] == [refusal.status] * TIMES


def told_at_once(url: str, refusal: Refusal) -> bytes:
    """What a client is told that asks before it sends its body."""
    with connected(url) as connection:
        connection.sendall(head_of(refusal, f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        return read_all(connection)


@pytest.mark.parametrize("refusal", OPEN.refusals, ids=lambda refusal: f"{refusal.status} {refusal.path}")
def test_a_client_that_asks_first_is_refused_and_not_told_to_continue(url: str, refusal: Refusal) -> None:
    answer = told_at_once(url, refusal)
    assert answer.startswith(b"HTTP/1.1 %d " % refusal.status)
    assert b"\r\nconnection: close\r\n" in answer


def test_a_declared_length_is_refused_and_not_told_to_continue(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(head_of(Refusal(413, "/segment"), "Content-Length: 30000000", "Expect: 100-continue"))
        assert read_all(connection).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_asks_first_with_a_good_request_is_told_to_continue(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(head_of(Refusal(422, "/segment"), "Content-Length: 3", "Expect: 100-continue"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        assert connection.recv(65536).startswith(b"HTTP/1.1 ")


def test_a_client_that_asks_first_and_does_not_wait_gets_the_answer(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(head_of(UNKNOWN_OPTION, f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        connection.sendall(BODY)
        assert status_of(connection) == 422


def test_the_answer_follows_the_body_and_the_connection_is_kept(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(head_of(UNKNOWN_OPTION, f"Content-Length: {len(BODY)}"))
        connection.sendall(BODY[:1000])
        httpx2.get(f"{url}/health/live")
        assert select.select([connection], [], [], 0)[0] == []
        connection.sendall(BODY[1000:])
        assert status_of(connection) == 422
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status_of(connection) == 200


@pytest.mark.parametrize("length", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
def test_a_refused_upload_is_read_within_bounds(url: str, length: str) -> None:
    """At four times the largest body for an answer, and as much again after it."""
    sent, piece = 0, b"f4240\r\n" + bytes(1_000_000) + b"\r\n"
    with connected(url) as connection:
        connection.sendall(head_of(UNKNOWN_OPTION, length))
        with suppress(ConnectionError):
            while sent < 900_000_000:
                connection.sendall(piece)
                sent += len(piece)
    assert 80_000_000 < sent < 900_000_000


@pytest.mark.parametrize(
    ("start", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a=" + 70_000 * b"x", 431, "headers_too_large"),
        (b"\x16\x03\x01 hello\r\n\r\n", 400, "bad_request"),
    ],
)
def test_the_refusal_of_what_is_no_request_arrives(client: httpx2.Client, start: bytes, status: int, code: str) -> None:
    before = metric(client, "segment_requests_total", code=code)
    for _ in range(TIMES):
        with connected(str(client.base_url)) as connection:
            connection.sendall(start + BODY)
            head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert json.loads(body)["code"] == code
    assert metric(client, "segment_requests_total", code=code) == before + TIMES
