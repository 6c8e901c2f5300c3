"""The OpenAPI document is the committed one, and passes a linter's rules."""

import json
from typing import Any

import httpx2

from tests.support.server import ROOT

COMMITTED = ROOT / "docs" / "openapi.json"


def test_the_openapi_document_is_the_committed_one(client: httpx2.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document == json.loads(COMMITTED.read_text()), "write the new one with: make openapi"


def test_every_way_to_send_and_to_be_answered_is_documented(client: httpx2.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/segment"]["post"]
    assert {
        "multipart/form-data",
        "application/dicom",
        "application/octet-stream",
        "image/jpeg",
        "image/png",
        "image/webp",
    } == set(operation["requestBody"]["content"])
    assert {"application/json", "image/png", "image/webp", "image/jpeg", "multipart/mixed"} == set(
        operation["responses"]["200"]["content"]
    )


def operations() -> dict[str, dict[str, Any]]:
    """Every operation of the committed document, by its id."""
    paths = json.loads(COMMITTED.read_text())["paths"].values()
    return {operation["operationId"]: operation for path in paths for operation in path.values()}


# What Redocly's recommended rules ask for, and what makes generated clients good ones.


def test_operations_are_called_what_they_do() -> None:
    assert set(operations()) == {
        "segment", "segment_volume", "list_models", "get_model", "reload_model", "get_liveness", "get_readiness",
        "get_metrics",
    }  # fmt: skip


def test_the_document_says_where_it_is_served_and_under_what_licence() -> None:
    document = json.loads(COMMITTED.read_text())
    assert document["servers"]
    assert document["info"]["license"] == {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def test_every_operation_says_whether_it_needs_a_key() -> None:
    scheme = json.loads(COMMITTED.read_text())["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    security = {name: operation["security"] for name, operation in operations().items()}
    assert {name for name, needed in security.items() if needed == []} == {"get_liveness", "get_readiness"}
    assert all(needed in ([], [{"key": []}]) for needed in security.values())


def test_every_error_is_a_problem() -> None:
    expected = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operation in operations().values():
        errors = {status: response for status, response in operation["responses"].items() if status >= "400"}
        assert {"408", "421", "431", "500"} <= set(errors)
        assert all(response["content"] == expected for response in errors.values())


def test_errors_are_listed_where_they_may_be() -> None:
    everywhere = {"408", "421", "431", "500"}
    listed = {name: set(operation["responses"]) - everywhere - {"200"} for name, operation in operations().items()}
    assert listed == {
        "segment": {"400", "401", "403", "404", "406", "413", "415", "422", "503", "504"},
        "segment_volume": {"400", "401", "403", "404", "406", "413", "415", "422", "503", "504"},
        "list_models": {"401"},
        "get_model": {"401", "404"},
        "reload_model": {"401", "403", "404", "409"},
        "get_liveness": set(),
        "get_readiness": {"503"},
        "get_metrics": {"401", "403"},
    }


def test_defaults_are_of_the_types_that_they_are_said_to_be() -> None:
    """A generated client sends them."""
    defaults = {
        parameter["name"]: (parameter["schema"].get("type"), parameter["schema"]["default"])
        for parameter in operations()["segment"]["parameters"]
        if "default" in parameter["schema"]
    }
    assert defaults == {
        "include": ("string", "mask"),
        "mask": (None, "colours"),
        "min_region": ("integer", 1),
        "tolerance": ("number", 1.0),
        "threshold": ("number", 0.5),
    }


def test_nothing_is_described_that_nothing_refers_to() -> None:
    text = COMMITTED.read_text()
    for name in json.loads(text)["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name
