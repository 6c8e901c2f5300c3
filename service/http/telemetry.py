"""Every request gets an id and, when it ends, a log line and a count; no error gets past here."""

import logging
import re
import time
import uuid
from asyncio import CancelledError
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import on_escaped
from service.serving.metrics import Metrics

log = logging.getLogger("fcn_serve.request")

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class Sent:
    """What has been sent of a response."""

    started: bool = False
    status: int = 500
    size: int = 0


class Telemetry:
    """ASGI middleware. Keeps the client's X-Request-Id if it is harmless, else makes one."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began, sent = time.perf_counter(), Sent()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.started, sent.status = True, message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            elif message["type"] == "http.response.body":
                sent.size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        except (Exception, CancelledError) as error:
            response = await on_escaped(Request(scope), error)
            if not sent.started:
                await response(scope, receive, send_counted)
        finally:
            self._record(scope, sent, time.perf_counter() - began)

    def _record(self, scope: Scope, sent: Sent, seconds: float) -> None:
        state = scope["state"]
        status, code = state.get("ended_with", (sent.status, state.get("code") or code_of_status(sent.status)))
        # The route's template, not the path, and no method that a client made up: labels are few.
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.metrics.requests.labels(method, route, str(status), code).inc()
        self.metrics.seconds.labels(route, f"{status // 100}xx").observe(seconds)
        model = state.get("model")
        if model is not None:
            self.metrics.images.labels(model.name, model.version, code).inc()
        log.info(
            "request_id=%s method=%s route=%s status=%d code=%s model=%s bytes=%d ms=%.1f",
            state["request_id"], method, route, status, code, model.name if model else "none", sent.size,
            1000 * seconds,
        )  # fmt: skip


def code_of_status(status: int) -> str:
    """The code of an answer without one of its own, such as a preflight that CORSMiddleware refuses."""
    return "ok" if status < 400 else HTTPStatus(status).name.lower()
