"""Every request gets an id and, when it ends, a log line, a count and a trace; no error gets past here."""

import logging
import re
import time
import uuid
from asyncio import CancelledError
from dataclasses import astuple, dataclass
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import on_escaped
from service.serving.metrics import Metrics
from service.serving.tracing import Trace, Tracer

log = logging.getLogger("fcn_serve.request")

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
PROBES = {"/health/live", "/health/ready", "/metrics"}
"""Paths without traces: they are asked every few seconds."""
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass
class Sent:
    """What has been sent of a response."""

    started: bool = False
    status: int = 500
    size: int = 0


@dataclass(frozen=True)
class Outcome:
    """How a request ended. `route` is the route's template, not the path, and `method` none that a client made up:
    labels of metrics have few values."""

    method: str
    route: str
    status: int
    code: str


class Telemetry:
    """ASGI middleware. Keeps the client's X-Request-Id if it is harmless, else makes one."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tracer: Tracer | None) -> None:
        """Without a tracer there are no traces."""
        self.app = app
        self.metrics = metrics
        self.tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, sent, headers = time.perf_counter(), Sent(), Headers(scope=scope)
        request_id = request_id_of(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        trace = self._trace(scope["path"], headers, began)

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.started, sent.status = True, message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-Id"] = request_id
                if trace is not None:
                    answer["traceresponse"] = trace.header
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
            ended, outcome = time.perf_counter(), outcome_of(scope, sent)
            self._record(scope["state"], outcome, sent.size, ended - began, trace)
            if trace is not None:
                timings = scope["state"].get("timings")
                trace.stages(() if timings is None else timings.intervals)
                attributes = attributes_of(scope["state"], outcome, sent.size)
                trace.end(ended, f"{outcome.method} {outcome.route}", attributes, failed=outcome.status >= 500)

    def _trace(self, path: str, headers: Headers, began: float) -> Trace | None:
        if self.tracer is None or path in PROBES:
            return None
        return self.tracer.begin({name: headers.getlist(name) for name in headers}, began)

    def _record(self, state: dict[str, Any], outcome: Outcome, size: int, seconds: float, trace: Trace | None) -> None:
        method, route, status, code = astuple(outcome)
        self.metrics.requests.labels(method, route, str(status), code).inc()
        self.metrics.seconds.labels(route, f"{status // 100}xx").observe(seconds)
        model = state.get("model")
        if model is not None:
            self.metrics.images.labels(model.name, model.version, code).inc(state.get("images", 1))
        log.info(
            "request_id=%s%s method=%s route=%s status=%d code=%s model=%s bytes=%d ms=%.1f",
            state["request_id"], "" if trace is None else f" trace_id={trace.id}", method, route, status, code,
            model.name if model else "none", size, 1000 * seconds,
        )  # fmt: skip


def request_id_of(headers: Headers) -> str:
    """The client's X-Request-Id if it is harmless, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex


def outcome_of(scope: Scope, sent: Sent) -> Outcome:
    state = scope["state"]
    status, code = state.get("ended_with", (sent.status, state.get("code") or code_of_status(sent.status)))
    route = getattr(scope.get("route"), "path", "none")
    return Outcome(scope["method"] if scope["method"] in METHODS else "other", route, status, code)


def attributes_of(state: dict[str, Any], outcome: Outcome, size: int) -> dict[str, str | int]:
    """What a span says of its request (OpenTelemetry, Semantic Conventions for HTTP): nothing that a client wrote, but
    the request's id."""
    attributes = {
        "http.request.method": "_OTHER" if outcome.method == "other" else outcome.method,
        "http.route": outcome.route,
        "http.response.status_code": outcome.status,
        "http.response.body.size": size,
        "fcn_serve.code": outcome.code,
        "fcn_serve.request_id": state["request_id"],
    }
    if outcome.status >= 500:
        attributes["error.type"] = outcome.code
    if (model := state.get("model")) is not None:
        attributes |= {"fcn_serve.model.name": model.name, "fcn_serve.model.version": model.version}
    if (image := state.get("size")) is not None:
        attributes |= {"fcn_serve.image.width": image[0], "fcn_serve.image.height": image[1]}
    return attributes


def code_of_status(status: int) -> str:
    """The code of an answer without one of its own, such as a preflight that CORSMiddleware refuses."""
    return "ok" if status < 400 else HTTPStatus(status).name.lower()
