"""Generated requests, valid and invalid, are answered as the OpenAPI document says."""

from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis import HookContext
from schemathesis.checks import not_a_server_error
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    NotAServerErrorConfig,
    ProjectConfig,
    ProjectsConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.http.options import Part
from tests.support import colours
from tests.support.effort import CALLS
from tests.support.pictures import encoded, quarters
from tests.support.server import ROOT

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


PROJECT = ProjectConfig(
    generation=GenerationConfig(deterministic=True, max_examples=CALLS),
    checks=ChecksConfig(not_a_server_error=NotAServerErrorConfig(expected_statuses=["2xx", "4xx", "503", "504"])),
)
API = schemathesis.openapi.from_path(
    ROOT / "docs" / "openapi.json", config=schemathesis.Config(seed=1, projects=ProjectsConfig(default=PROJECT))
)


KINDS = list(API.raw_schema["paths"]["/segment"]["post"]["responses"]["200"]["content"])
GOOD_QUERY = {"include": [",".join(Part)], "heatmap": "red", "pixel_spacing_mm": "0.5,0.7"}


# What is made up is never an image, nor the name of a model. Some is replaced, so that there are good answers too.


@API.hook
def flatmap_body(_: HookContext, body: object) -> st.SearchStrategy[object]:
    image = encoded(quarters())
    return st.sampled_from([body, {"image": image} if isinstance(body, dict) else image])


@API.hook
def flatmap_path_parameters(_: HookContext, parameters: object) -> st.SearchStrategy[object]:
    return st.sampled_from([parameters, {"name": colours.contract().name}])


@API.hook
def flatmap_query(context: HookContext, query: object) -> st.SearchStrategy[object]:
    is_segment = context.operation is not None and context.operation.path == "/segment"
    return st.sampled_from([query, None, GOOD_QUERY] if is_segment else [query])


@API.hook
def flatmap_headers(_: HookContext, headers: dict[str, str] | None) -> st.SearchStrategy[dict[str, str] | None]:
    """HTTP's own headers are not in the document, but Accept chooses among its answers."""
    return st.sampled_from([headers, *({**(headers or {}), "Accept": kind} for kind in KINDS)])


@pytest.mark.filterwarnings("ignore:Skipped test cases with unsupported payload media types")  # of scans
@API.parametrize()
def test_every_operation_answers_as_it_says(case: schemathesis.Case[Any], url: str) -> None:
    case.call_and_validate(base_url=url, checks=CHECKS)
