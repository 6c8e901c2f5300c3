"""What stands around Ray's proxy, with an application in its place that fails as the proxy does."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from service.cluster.proxy import TIMES, Resending
from service.serving.settings import Settings

SETTINGS = Settings(uploads_mib=1, max_volume_mib=1, deadline_s=0.5, client_s=0.5)
IMAGE = bytes(range(256)) * 100


class Proxy:
    """Reads the body, and loses the replica of the first `losses` requests: it returns without an answer."""

    def __init__(self, losses: int, answer: Callable[[bytes], Response]) -> None:
        self.losses, self.answer = losses, answer
        self.bodies: list[bytes] = []
        self.ids: list[list[str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.ids.append(Request(scope).headers.getlist("x-request-id"))
        scope["headers"].append((b"x-added", b"by Ray"))
        self.bodies.append(await Request(scope, receive).body())
        if len(self.bodies) > self.losses:
            await self.answer(self.bodies[-1])(scope, receive, send)


def ask(
    app: ASGIApp, body: bytes | AsyncIterator[bytes] = IMAGE, headers: dict[str, str] | None = None
) -> httpx2.Response:
    async def asking() -> httpx2.Response:
        transport = httpx2.ASGITransport(Resending(app, SETTINGS))
        async with httpx2.AsyncClient(transport=transport, base_url="http://segment") as client:
            return await client.post("/segment", content=body, headers=headers)

    return asyncio.run(asking())


def size(body: bytes) -> Response:
    return JSONResponse({"size": len(body)}, headers={"X-Request-Id": "first", "X-Request-ID": "second"})


def refused(response: httpx2.Response, code: str) -> None:
    """It is the problem that the service answers with when it has no room."""
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["code"] == code
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_a_request_is_sent_again_with_its_whole_body_if_its_replica_is_lost() -> None:
    proxy = Proxy(1, size)
    response = ask(proxy, headers={"X-Request-Id": "mine"})
    assert response.json() == {"size": len(IMAGE)}
    assert proxy.bodies == [IMAGE, IMAGE]
    assert proxy.ids == [["mine"], ["mine"]]
    assert response.headers.get_list("x-request-id") == ["mine"]


def test_a_request_whose_replicas_are_all_lost_is_refused() -> None:
    proxy = Proxy(TIMES, size)
    refused(ask(proxy), "replica_lost")
    assert len(proxy.bodies) == TIMES


@pytest.mark.parametrize("status", [404, 408, 500, 503])
def test_what_ray_refuses_is_our_503(status: int) -> None:
    refused(ask(Proxy(0, lambda _: PlainTextResponse("no", status))), "no_replica")


@pytest.mark.parametrize("status", [404, 503, 504])
def test_what_a_replica_refuses_is_passed_on(status: int) -> None:
    response = ask(Proxy(0, lambda _: JSONResponse({}, status, media_type="application/problem+json")))
    assert (response.status_code, response.json()) == (status, {})


def test_an_answer_in_parts_is_passed_on() -> None:
    async def parts() -> AsyncIterator[str]:
        for part in "one", "two":
            yield part

    assert ask(Proxy(0, lambda _: StreamingResponse(parts()))).text == "onetwo"


def test_a_body_for_which_there_is_no_room_is_refused() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield bytes(2**19)

    refused(ask(Proxy(0, size), body()), "busy")


def test_a_body_that_trickles_is_refused_as_on_one_machine() -> None:
    """It would hold one of a replica's requests for ever."""

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.05)

    response = ask(Proxy(0, size), trickle())
    assert (response.status_code, response.json()["code"]) == (408, "request_timeout")


def test_a_slow_body_that_keeps_arriving_is_read_to_its_end() -> None:
    async def slow() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield bytes(2**14)
            await asyncio.sleep(0.1)

    assert ask(Proxy(0, size), slow()).json() == {"size": 2**17}


def test_the_room_is_given_back() -> None:
    proxy = Resending(Proxy(0, size), SETTINGS)
    free = proxy._room.free
    for body in IMAGE, bytes(3 * 2**20):
        transport = httpx2.ASGITransport(proxy)

        async def asking(body: bytes = body, transport: httpx2.ASGITransport = transport) -> None:
            async with httpx2.AsyncClient(transport=transport, base_url="http://segment") as client:
                await client.post("/segment", content=body)

        asyncio.run(asking())
        assert proxy._room.free == free


def test_a_request_that_no_replica_answers_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(scope: Scope, receive: Receive, _send: Send) -> None:
        await Request(scope, receive).body()
        await asyncio.sleep(60)

    monkeypatch.setattr("service.cluster.proxy.ALLOWANCE_S", 0.1)
    response = ask(silent)
    assert (response.status_code, response.json()["code"]) == (504, "too_late")


def test_what_follows_an_answer_that_has_begun_is_not_kept() -> None:
    """A client whose key is refused may go on sending for long."""
    free: list[int] = []

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # Ray's proxy reads before a replica asks for it
        await JSONResponse({}, 401)(scope, receive, send)

    app = Resending(refusing, SETTINGS)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield IMAGE
            free.append(app._room.free)

    async def asking() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://segment") as client:
            return await client.post("/segment", content=parts())

    assert asyncio.run(asking()).status_code == 401
    assert free == [2 * 2**20] * 4
