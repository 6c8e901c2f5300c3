"""Every error as application/problem+json (RFC 9457), by one table from error class to status."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from service.http import errors as face
from service.segmentation import errors as core
from service.serving import errors as serving

STATUS: dict[type[Exception], HTTPStatus] = {
    face.BadForm: HTTPStatus.BAD_REQUEST,
    core.UnknownModel: HTTPStatus.NOT_FOUND,
    face.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    face.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    core.ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    core.UnsupportedFormat: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    core.DamagedImage: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.UnknownClass: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.NoScores: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.PictureTooLarge: HTTPStatus.UNPROCESSABLE_ENTITY,
    face.NoImage: HTTPStatus.UNPROCESSABLE_ENTITY,
    face.MisplacedOption: HTTPStatus.UNPROCESSABLE_ENTITY,
    core.InferenceFailed: HTTPStatus.SERVICE_UNAVAILABLE,
    core.ModelUnreadable: HTTPStatus.CONFLICT,
    core.ModelTampered: HTTPStatus.CONFLICT,
    core.ContractBroken: HTTPStatus.CONFLICT,
    core.SelfTestFailed: HTTPStatus.CONFLICT,
    core.OutOfMemory: HTTPStatus.SERVICE_UNAVAILABLE,
    serving.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    serving.Draining: HTTPStatus.SERVICE_UNAVAILABLE,
    core.TooLate: HTTPStatus.GATEWAY_TIMEOUT,
    core.Abandoned: HTTPStatus.BAD_REQUEST,  # for the log: nobody reads it
}

# Our words for the phrases of RFC 9110, which Python 3.11 still knows by older names.
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}

RETRY_AFTER_S = "1"
LONGEST_ECHO = 100


class Problem(BaseModel):
    """`detail` says what to do; `code` is stable, for programs; `request_id` finds the request in the log."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str


def install(app: FastAPI) -> None:
    """Answer every error of the table, of the framework and of nobody's making in the one shape."""
    for error in STATUS:
        app.add_exception_handler(error, on_known)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(ClientDisconnect, on_gone)
    app.add_exception_handler(Exception, on_unknown)


def problem(
    request: Request, status: int, detail: str, code: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    content: dict[str, Any] = Problem(
        title=TITLES.get(status, HTTPStatus(status).phrase),
        status=status,
        detail=detail,
        code=code,
        request_id=request.state.request_id,
    ).model_dump()
    return JSONResponse(content, status, headers, media_type="application/problem+json")


async def on_known(request: Request, error: Exception) -> JSONResponse:
    status = STATUS[type(error)]
    headers = {"Retry-After": RETRY_AFTER_S} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return problem(request, status, str(error), snake(type(error).__name__), headers)


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """A bad parameter, named; what was sent is not echoed."""
    assert isinstance(error, RequestValidationError)
    detail = "; ".join(f"{name(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors())
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid_parameter")


def name(location: Sequence[str | int]) -> str:
    """Of ("query", "include", 0) the parameter's name."""
    return str(location[1] if len(location) > 1 else location[0])


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {request.url.path[:LONGEST_ECHO]}; see /docs for what there is."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        detail = f"{request.url.path[:LONGEST_ECHO]} does not take {request.method[:LONGEST_ECHO]}; use {allowed}."
    code = snake(HTTPStatus(error.status_code).name.lower())
    return problem(request, error.status_code, detail, code, dict(error.headers or {}))


async def on_gone(request: Request, _: Exception) -> JSONResponse:
    """The caller hung up in mid-upload: nobody reads this answer, but the log tells it from a fault of ours."""
    return problem(request, HTTPStatus.BAD_REQUEST, "The request ended before its body did.", "incomplete_body")


async def on_unknown(request: Request, _: Exception) -> JSONResponse:
    """A fault of ours: logged with its traceback by the server, told without it."""
    detail = "The service failed on this request; please report it with the request id."
    # Made outside of the middleware that gives every other answer its id.
    headers = {"X-Request-Id": request.state.request_id}
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, detail, "internal_error", headers)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
