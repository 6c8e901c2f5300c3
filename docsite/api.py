"""The API as Markdown, from docs/openapi.json, which a test holds against the code."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"
SCHEMA = "#/components/schemas/"


def markdown() -> str:
    """A section for each operation, then one for each schema."""
    document = json.loads(DOCUMENT.read_text())
    parts = [
        operation(method, path, one) for path, methods in document["paths"].items() for method, one in methods.items()
    ]
    schemas = [schema(name, one) for name, one in sorted(document["components"]["schemas"].items())]
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


def schema(name: str, one: dict[str, Any]) -> str:
    parts = [f"### {name}", one.get("description", "")]
    if "enum" in one:
        parts.append("One of " + ", ".join(f"`{value}`" for value in one["enum"]) + ".")
    if fields := one.get("properties"):
        cells = [(f"`{field}`", type_of(of), of.get("description", "")) for field, of in fields.items()]
        parts.append(table(("field", "type", ""), cells))
    return "\n\n".join(part for part in parts if part)


def type_of(one: dict[str, Any]) -> str:
    """What a JSON schema allows, in a few words."""
    match one:
        case {"$ref": reference}:
            name = reference.removeprefix(SCHEMA)
            words = f"[{name}](#{name.lower()})"
        case {"anyOf": parts}:
            words = " or ".join(type_of(part) for part in parts)
        case {"enum": values}:
            words = ", ".join(f"`{value}`" for value in values)
        case {"const": value}:
            words = f"`{value}`"
        case {"prefixItems": [first, *rest]}:
            words = f"{1 + len(rest)} {type_of(first)}s"
        case {"type": "array"}:
            words = f"list of {type_of(one.get('items', {}))}"
        case _:
            words = str(one.get("type", "any"))
    return words


def one_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(re.sub(r"\s+", " ", cell) for cell in row) + " |" for row in cells)
