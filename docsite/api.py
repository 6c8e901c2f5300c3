"""The API as Markdown, from docs/openapi.json, which a test holds against the code."""

import json
from pathlib import Path
from typing import Any

from docsite.schemas import section, table, type_of

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def markdown() -> str:
    """A section for each operation, then one for each schema."""
    document = json.loads(DOCUMENT.read_text())
    parts = [
        operation(method, path, one) for path, methods in document["paths"].items() for method, one in methods.items()
    ]
    schemas = [section(name, one) for name, one in sorted(document["components"]["schemas"].items())]
    return "\n\n".join([*parts, "## Schemas", *schemas])


def operation(method: str, path: str, one: dict[str, Any]) -> str:
    key = "Needs a key, if the service has keys." if one.get("security") else "Needs no key."
    parts = [f"## {method.upper()} {path}", f"**{one['summary']}.** {one.get('description', '')}".strip(), key]
    if parameters := one.get("parameters"):
        cells = [(f"`{p['name']}`", p["in"], type_of(p["schema"]), p.get("description", "")) for p in parameters]
        parts.append(table(("parameter", "in", "type", ""), cells))
    if body := one.get("requestBody"):
        parts.append("The body is " + one_of([f"`{media}`" for media in body["content"]]) + ".")
    parts.append(table(("status", "", "answer"), [answer(*item) for item in one["responses"].items()]))
    return "\n\n".join(parts)


def answer(status: str, one: dict[str, Any]) -> tuple[str, str, str]:
    """The row of a status: what it means, and the media types with their schemas."""
    shown = [
        f"`{media}`: {type_of(content['schema'])}" if "$ref" in content.get("schema", {}) else f"`{media}`"
        for media, content in one.get("content", {}).items()
    ]
    meaning = "Success." if one["description"] == "Successful Response" else one["description"]
    return status, meaning, "<br>".join(shown)


def one_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
