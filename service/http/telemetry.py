"""Every request gets an id and, when it ends, a log line and a count; no error gets past here."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import on_unknown
from service.serving.metrics import Metrics

log = logging.getLogger("fcn_serve.request")

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


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
        began = time.perf_counter()
        started, status, size = False, 503, 0  # a request without an answer was cancelled: the service is stopping

        async def send_counted(message: Message) -> None:
            nonlocal started, status, size
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        except Exception as error:
            response = on_unknown(Request(scope), error)
            if not started:
                await response(scope, receive, send_counted)
        finally:
            state = scope["state"]
            code = state.get("code", "ok" if started else "draining")
            status, code = state.get("ended_with", (status, code))
            seconds = time.perf_counter() - began
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
                request_id, method, route, status, code, model.name if model else "none", size, 1000 * seconds,
            )  # fmt: skip
