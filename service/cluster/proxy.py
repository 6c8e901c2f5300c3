"""What Ray's proxies do for our requests beyond passing them on. Ray calls `middlewares` in each of them.

A replica that dies takes its requests with it, and Ray answers each with a bare 500. The proxy lives as long as its
clients' connections do, so it is the place from which a request is sent again: segmenting an image twice does no harm.
What Ray itself refuses, as its queue is full or there is no replica, leaves as our 503.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.cluster.answer import Answer
from service.cluster.body import Body, Room
from service.http.problems import Problem
from service.http.security import refusals
from service.http.security.patience import Patience
from service.http.telemetry import request_id_of
from service.serving.settings import Settings

HOOK = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
"""The variable, in the environment of every node, that names what Ray calls in each proxy."""
MIDDLEWARES = "service.cluster.proxy.middlewares"
ENVIRONMENT = {HOOK: MIDDLEWARES, "RAY_SERVE_PROXY_PREFER_LOCAL_NODE_ROUTING": "0"}
"""Of every node. Were proxies to prefer replicas of their own nodes, those would refuse while others are idle."""

TIMES = 2
"""How often a request is sent. Not more: one that kills every replica it reaches must not reach many."""
ALLOWANCE_S = 5.0
"""A replica answers with 504 at the deadline. A request that none has answered so much later is refused here."""
RETRY_AFTER_S = 2

log = logging.getLogger("fcn_serve.request")


@dataclass(frozen=True)
class Refusal:
    """Of a request that no replica has answered."""

    code: str
    detail: str
    status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE

    def response(self, request_id: str) -> Response:
        problem = Problem(
            title=self.status.phrase, status=self.status, detail=self.detail, code=self.code, request_id=request_id
        )
        headers = {"X-Request-Id": request_id}
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = str(RETRY_AFTER_S)
        return JSONResponse(problem.model_dump(), self.status, headers, "application/problem+json")


NO_ROOM = Refusal("busy", "The service has no room for another upload; try again in a moment.")
NO_REPLICA = Refusal("no_replica", "No replica of the service takes the request; try again in a moment.")
REPLICA_LOST = Refusal("replica_lost", "The replicas that worked on the request are lost; try again in a moment.")
TOO_SLOW = Refusal(refusals.TOO_SLOW.code, refusals.TOO_SLOW.detail, HTTPStatus.REQUEST_TIMEOUT)
TOO_LATE = Refusal("too_late", "No replica has answered in time; try again in a moment.", HTTPStatus.GATEWAY_TIMEOUT)


def middlewares() -> list[Middleware]:
    """For Ray, in a proxy. The settings are those of its node's environment."""
    settings = Settings()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return [Middleware(Resending, settings=settings)]


class Resending:
    """ASGI middleware around Ray's proxy: every request is answered by a replica, or refused with 503."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self._room = Room(settings.max_uploads + settings.max_volume)
        most = max(Patience.discard, 4 * settings.max_body, settings.max_volume)
        self._patience = Patience(grace_s=settings.client_s, discard=most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/-/"):  # the proxy's own health
            await self.app(scope, receive, send)
            return
        began, request_id = time.perf_counter(), request_id_of(Headers(scope=scope))
        headers = MutableHeaders(raw=list(scope["headers"]))
        headers["X-Request-Id"] = request_id  # of every attempt, and in every log
        body = Body(receive, self._room, self._patience)
        answer = Answer(send, body, request_id)
        try:
            refusal = await self._deliver({**scope, "headers": headers.raw}, body, answer)
            if refusal is not None and not body.disconnected:
                await body.rest()
                response = refusal.response(request_id)
                await response(scope, receive, send)
                ms = 1000 * (time.perf_counter() - began)
                log.info(
                    "request_id=%s method=%s route=none status=%d code=%s model=none bytes=%d ms=%.1f",
                    request_id, scope["method"], refusal.status, refusal.code, len(response.body), ms,
                )  # fmt: skip
        finally:
            body.drop()

    async def _deliver(self, scope: Scope, body: Body, answer: Answer) -> Refusal | None:
        """Send the request until it is answered; a refusal if it is not."""
        expiry = asyncio.create_task(self._expire(scope["path"], body))
        try:
            for _ in range(TIMES):
                await self._attempt(scope, body, answer, expiry)
                if answer.begun or body.disconnected:
                    return None
                if body.too_slow:
                    return TOO_SLOW
                if body.dropped:
                    return NO_ROOM
                if answer.refused_by_ray:
                    return NO_REPLICA
                if expiry.done():
                    return TOO_LATE
                log.warning("request_id=%s its replica is lost", Headers(scope=scope)["X-Request-Id"])
            return REPLICA_LOST
        finally:
            expiry.cancel()

    async def _attempt(self, scope: Scope, body: Body, answer: Answer, expiry: "asyncio.Task[None]") -> None:
        """Send the request once. An answer that has begun is passed on to its end."""
        headers = list(scope["headers"])  # Ray adds its own
        sending: asyncio.Future[None] = asyncio.ensure_future(
            self.app({**scope, "headers": headers}, body.reader(), answer.send)
        )
        try:
            await asyncio.wait({sending, expiry}, return_when=asyncio.FIRST_COMPLETED)
            if answer.begun:
                await sending
        finally:
            sending.cancel()
            await asyncio.wait({sending})

    async def _expire(self, path: str, body: Body) -> None:
        """Return when the time for an answer is over. It counts from the last byte of the body."""
        await body.arrived.wait()
        scan = path.rstrip("/").endswith("/volumes")
        await asyncio.sleep(ALLOWANCE_S + (self.settings.volume_deadline_s if scan else self.settings.deadline_s))
