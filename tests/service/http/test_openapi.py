"""The OpenAPI document is a promise: a change of it is made on purpose, by committing the new one."""

import json

import httpx2

from tests.support.server import ROOT

COMMITTED = ROOT / "docs" / "openapi.json"


def test_the_openapi_document_is_the_committed_one(client: httpx2.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document == json.loads(COMMITTED.read_text()), "write the new one with: make openapi"


def test_every_way_to_send_and_to_be_answered_is_documented(client: httpx2.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/segment"]["post"]
    assert {"multipart/form-data", "image/jpeg", "image/png", "image/webp"} == set(operation["requestBody"]["content"])
    assert {"application/json", "image/png", "image/webp", "image/jpeg", "multipart/mixed"} == set(
        operation["responses"]["200"]["content"]
    )
    assert {"400", "404", "406", "413", "415", "422", "503"} <= set(operation["responses"])
