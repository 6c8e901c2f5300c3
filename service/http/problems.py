"""Every error as application/problem+json (RFC 9457), by one table from error class to status.

A failure of the service itself is logged here, once, with its causes and the id of its request.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from service.http import errors as face
from service.http.echo import shortened
from service.segmentation import errors as core
from service.segmentation.errors import code_of
from service.serving import errors as serving

log = logging.getLogger("fcn_serve.failure")

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a client that disconnected before its answer; only the log and the metrics see it."""

STATUS: dict[type[Exception], int] = {
    face.RequestError: HTTPStatus.BAD_REQUEST,
    face.Unauthorized: HTTPStatus.UNAUTHORIZED,
    face.Forbidden: HTTPStatus.FORBIDDEN,
    face.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    face.CodedBody: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    face.UnsupportedContentType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    face.NoImage: HTTPStatus.UNPROCESSABLE_ENTITY,
    face.RepeatedParameter: HTTPStatus.UNPROCESSABLE_ENTITY,
    face.MisplacedOption: HTTPStatus.UNPROCESSABLE_ENTITY,
    face.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    serving.ServingError: HTTPStatus.INTERNAL_SERVER_ERROR,
    serving.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    serving.NeverFits: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    serving.Draining: HTTPStatus.SERVICE_UNAVAILABLE,
    core.SegmentationError: HTTPStatus.INTERNAL_SERVER_ERROR,  # InferenceFailed and ProviderMissing among them
    core.ImageError: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.UnsupportedFormat: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    core.FormatNotInstalled: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    core.ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    core.PictureTooLarge: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.ModelError: HTTPStatus.CONFLICT,
    core.UnknownModel: HTTPStatus.NOT_FOUND,
    core.UnknownClass: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.NotForScans: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.NoScores: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.OutOfMemory: HTTPStatus.SERVICE_UNAVAILABLE,
    core.TooLate: HTTPStatus.GATEWAY_TIMEOUT,
    core.Abandoned: CLIENT_CLOSED_REQUEST,
}
"""The most specific class decides; a root's status is that of its subclasses which are not listed."""

TITLES = {413: "Content Too Large", 422: "Unprocessable Content", CLIENT_CLOSED_REQUEST: "Client Closed Request"}
"""RFC 9110's phrases where Python 3.11 has older ones, and nginx's."""

HEADERS: dict[type[Exception], dict[str, str]] = {
    face.CodedBody: {"Accept-Encoding": "identity"},  # RFC 9110, section 12.5.3
    face.Unauthorized: {"WWW-Authenticate": "Bearer"},
}

INTERNAL_ERROR = "internal_error"
INTERNAL_DETAIL = "The service failed on this request; please report it with the request id."


class Problem(BaseModel):
    """`detail` says what to do; `code` is stable, for programs; `request_id` finds the request in the log."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str


def install(app: FastAPI) -> None:
    """Answer every error of the table and of the framework in the one shape."""
    for error in STATUS:
        app.add_exception_handler(error, on_known)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(ClientDisconnect, on_disconnect)


def problem(
    request: Request, status: int, detail: str, code: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    content: dict[str, Any] = described(request, status, detail, code).model_dump()
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def described(request: Request, status: int, detail: str, code: str) -> Problem:
    """The problem, and `code` noted in the request's state for the log and the metrics."""
    request.state.code = code
    title = TITLES.get(status) or HTTPStatus(status).phrase
    return Problem(title=title, status=status, detail=detail, code=code, request_id=request.state.request_id)


async def on_known(request: Request, error: Exception) -> JSONResponse:
    found = known_problem(request, error)
    headers = dict(HEADERS.get(type(error), {}))
    if found.status == HTTPStatus.SERVICE_UNAVAILABLE:
        admission = getattr(request.state, "admission", request.state.services.admission)
        headers["Retry-After"] = str(admission.retry_after_s)
    return problem(request, found.status, found.detail, found.code, headers)


def known_problem(request: Request, error: BaseException) -> Problem:
    """The problem of an error of the table, or of an unexpected one. A failure of the service is logged."""
    if not any(class_ in STATUS for class_ in type(error).__mro__):
        log_failure(request, INTERNAL_ERROR, error)
        return described(request, HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL_DETAIL, INTERNAL_ERROR)
    status, code = status_of(error), code_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(error, core.OutOfMemory):
        log_failure(request, code, error)
    return described(request, status, str(error), code)


def status_of(error: BaseException) -> int:
    """The status of the most specific class in the table."""
    return next(STATUS[class_] for class_ in type(error).__mro__ if class_ in STATUS)


def log_failure(request: Request, code: str, error: BaseException) -> None:
    """One line with every cause, the request's id first; an error that no table knows brings its traceback."""
    causes = " <- ".join(" ".join(f"{type(cause).__name__}: {cause}".split()) for cause in chain(error))
    unknown = error if code == INTERNAL_ERROR else None
    log.error("request_id=%s code=%s cause=%s", request.state.request_id, code, causes, exc_info=unknown)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what caused it, what caused that, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """A bad parameter, named; what was sent is not echoed."""
    assert isinstance(error, RequestValidationError)
    detail = "; ".join(f"{shortened(name(e['loc']))}: {complaint(e)}" for e in error.errors())
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid_parameter")


def complaint(error: dict[str, Any]) -> str:
    """What pydantic says of one parameter."""
    if error["type"] == "extra_forbidden":
        return "there is no such parameter; see /docs"
    return str(error["msg"]).removeprefix("Value error, ")


def name(location: Sequence[str | int]) -> str:
    """The parameter's name: `include` of ("query", "include", 0)."""
    return str(location[1] if len(location) > 1 else location[0])


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {shortened(request.url.path)}; see /docs for what there is."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        detail = f"{shortened(request.url.path)} does not take {shortened(request.method)}; use {allowed}."
    code = HTTPStatus(error.status_code).name.lower()
    return problem(request, error.status_code, detail, code, dict(error.headers or {}))


async def on_disconnect(request: Request, _: Exception) -> JSONResponse:
    """The client disconnected during its upload."""
    return await on_known(request, core.Abandoned())


async def on_escaped(request: Request, error: BaseException) -> JSONResponse:
    """An unexpected error: logged with its traceback, answered without it.

    A cancelled request is one that uvicorn stops, as it outlasts the grace of a service that is stopping. Memory may
    run out anywhere: while a body is read, while a response is put together.
    """
    if isinstance(error, asyncio.CancelledError):
        return await on_known(request, serving.Draining())
    if isinstance(error, MemoryError):
        no_memory = core.OutOfMemory()
        no_memory.__cause__ = error
        return await on_known(request, no_memory)
    log_failure(request, INTERNAL_ERROR, error)
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL_DETAIL, INTERNAL_ERROR)
