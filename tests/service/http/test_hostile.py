"""Any input is answered, refused with a problem, or ends in a closed connection, and soon."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support import hostile, malformed
from tests.support.effort import MUTATIONS
from tests.support.malformed import length, post
from tests.support.mutations import mutations
from tests.support.server import serving
from tests.support.standing import SOON_S, WORKERS, Service

PEAK = 3 * 4 * hostile.MAX_MEGAPIXELS * 10**6
"""Bytes that a worker may hold: three pictures of the largest size, four bytes a pixel."""
GROWTH = WORKERS * PEAK + 150 * 10**6


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
    service.check(GROWTH)
