"""What the OpenAPI document says beyond what FastAPI reads from the routes."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from service.http.problems import Problem

BINARY = {"type": "string", "format": "binary"}

REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["image"], "properties": {"image": BINARY}},
        },
        **{
            kind: {"schema": BINARY}
            for kind in ("image/jpeg", "image/png", "image/webp", "application/dicom", "application/octet-stream")
        },
    },
}

SCANS = ("application/octet-stream", "application/gzip", "application/x-nifti")

VOLUME_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["volume"], "properties": {"volume": BINARY}},
        },
        **{kind: {"schema": BINARY} for kind in SCANS},
    },
}

ERRORS = {
    400: "The form cannot be read.",
    401: "No key, or an unknown one.",
    403: "The key lacks the role, or the request comes from a page of another site.",
    404: "No model of this name.",
    406: "No format that the Accept header allows.",
    408: "The request arrived too slowly.",
    409: "The model's file cannot be served; the old one still is.",
    413: "Too many bytes or pixels, or too little memory in all.",
    415: "Neither a form nor a file of a known format.",
    421: "The service is not known by this host name.",
    422: "No file, a damaged one, one that the model is not for, or a bad parameter.",
    431: "The headers are too large.",
    500: "The service failed; its log has the cause under the request's id.",
    503: "No slot or no memory is free, or the service is stopping; try again after Retry-After seconds.",
    504: "The deadline passed.",
}
"""What each status means; the problem's `code` says more."""

EVERYWHERE = (408, 421, 431, 500)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that refuses with these statuses, and those that every route may have."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": ERRORS[status], "content": content} for status in sorted({*statuses, *EVERYWHERE})}


def operation_id(route: APIRoute) -> str:
    """The name of the route's function, as generated clients have it."""
    return route.name


def complete(app: FastAPI) -> None:
    """Add the schema of every error; leave out those that FastAPI adds and nothing refers to."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError", "Part", "VolumePart"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    for path in document["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
