"""JSON schemas as Markdown: a section for each, with a table of its fields."""

import inspect
import re
from collections.abc import Iterable
from typing import Any

AT = "#/components/schemas/"
"""Where references to other schemas lead."""


def section(name: str, one: dict[str, Any]) -> str:
    parts = [f"### {name}", inspect.cleandoc(one.get("description", ""))]
    if "enum" in one:
        parts.append("One of " + ", ".join(f"`{value}`" for value in one["enum"]) + ".")
    if fields := one.get("properties"):
        cells = [
            (f"`{field}`", f"{type_of(of)}{limits(of)}", of.get("description", "")) for field, of in fields.items()
        ]
        parts.append(table(("field", "type", ""), cells))
    return "\n\n".join(part for part in parts if part)


def type_of(one: dict[str, Any]) -> str:
    """What a JSON schema allows, in a few words."""
    match one:
        case {"$ref": reference}:
            name = reference.removeprefix(AT)
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


def limits(one: dict[str, Any]) -> str:
    """`, 0 to 1` of a number that has both."""
    return f", {one['minimum']} to {one['maximum']}" if {"minimum", "maximum"} <= one.keys() else ""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(re.sub(r"\s+", " ", cell) for cell in row) + " |" for row in cells)
