"""The command lines, from their definitions: `fcn-serve` by click, `python -m model_export` by typer.

typer has a copy of click of its own, whose objects are like click's but of other classes: so they are Any here.
"""

import inspect
import re
from typing import Any

import typer

from model_export.commands import app
from service.program import fcn_serve

EXPORT = "python -m model_export"


def markdown() -> str:
    """A section for each program, and in it one for each command."""
    service = section("fcn-serve", fcn_serve, skip=("serve",))
    return f"{service}\n\n{section(EXPORT, typer.main.get_command(app))}"


def section(program: str, group: Any, skip: tuple[str, ...] = ()) -> str:
    commands = [command(program, name, one) for name, one in group.commands.items() if name not in skip]
    return "\n\n".join([f"## {program} {{ #{anchor(program)} }}", sentences(group), *commands])


def command(program: str, name: str, one: Any) -> str:
    """Heading, help, usage, and a table of the options."""
    context = one.make_context(f"{program} {name}", [], resilient_parsing=True)
    usage = " ".join([context.command_path, *one.collect_usage_pieces(context)])
    parts = [f"### {name} {{ #{anchor(program)}-{name} }}", sentences(one), f"```text\n{usage}\n```"]
    options = [record for parameter in one.params if (record := parameter.get_help_record(context)) is not None]
    if options:
        table = [f"| `{cell(names)}` | {cell(help_)} |" for names, help_ in options]
        parts.append("\n".join(["| option | |", "|---|---|", *table]))
    return "\n\n".join(parts)


def sentences(one: Any) -> str:
    """The help as paragraphs; click's own marks for the terminal are left out."""
    return inspect.cleandoc(one.help or "").replace("\b", "").strip()


def cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def anchor(program: str) -> str:
    return re.sub(r"\W+", "-", program)
