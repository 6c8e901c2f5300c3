"""A document of this repository: its commands and programs, and what it says that they print."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.support.server import ROOT

ADDRESS = "127.0.0.1:8000"
FENCE = re.compile(r"^( *)```(\w*).*?\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")


class Block(NamedTuple):
    """A fenced block; the code is without the indentation of the fence."""

    language: str
    code: str

    @property
    def steps(self) -> list["Step"]:
        """The commands of a console block, each `$ COMMAND`, with the output below it."""
        steps = re.split(r"^\$ ", self.code, flags=re.MULTILINE)[1:]
        joined = [re.sub(r"\\\n *", "", step).partition("\n") for step in steps]
        return [Step(command, in_one_line(output)) for command, _, output in joined]


class Step(NamedTuple):
    """A command of a console block; its output has no line breaks, which are for the reader."""

    command: str
    output: str


class Document:
    """A Markdown file. `name` is its path in the repository."""

    def __init__(self, name: str) -> None:
        self.name, self.text = name, (ROOT / name).read_text()

    def __repr__(self) -> str:
        return self.name

    @property
    def code(self) -> list[Block]:
        """Every fenced block, in order."""
        found = FENCE.findall(self.text)
        return [
            Block(language, re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)) for indent, language, code in found
        ]

    def blocks(self, language: str) -> list[str]:
        """The code of every block in this language."""
        return [block.code for block in self.code if block.language == language]

    @property
    def commands(self) -> list[str]:
        """Every command of the `sh` blocks, without comments: those that the console's test does not run."""
        lines = [line for block in self.blocks("sh") for line in re.sub(r"\\\n *", "", block).splitlines()]
        return [command for line in lines if (command := line.partition("  #")[0].strip())]


def every_document() -> list[Document]:
    """Those at the root and in docs/; links to the former are left out."""
    paths = [*ROOT.glob("*.md"), *(path for path in (ROOT / "docs").rglob("*.md") if not path.is_symlink())]
    return [Document(str(path.relative_to(ROOT))) for path in sorted(paths)]


def shapes_commands() -> list[str]:
    """The commands on drawn shapes, in the order in which a reader of the tutorial gives them, and each once."""
    documents = [Document(name) for name in ("docs/tutorial.md", "docs/how-to/own-classes.md")]
    commands = [command for document in documents for command in document.commands if re.search(r"\bshapes\b", command)]
    return list(dict.fromkeys(commands))


def in_one_line(text: str) -> str:
    return re.sub(r"\n *", "", text)


def at(url: str, text: str) -> str:
    """A command or program, for the service at this URL."""
    return text.replace(ADDRESS, urlsplit(url).netloc)


def said_to_print(program: str) -> str:
    """The comments behind a program's calls of `print` or `console.log`."""
    return "\n".join(re.findall(r"^ *(?:print|console\.log)\(.*\);?  (?:#|//) (.*)$", program, re.MULTILINE))


def agrees(said: str, printed: str) -> bool:
    """The same text, where … stands for anything, and numbers may differ by as much as processors' arithmetic does."""
    parts = re.split(f"(…|{NUMBER.pattern})", said)
    numbers = [part for part in parts if NUMBER.fullmatch(part)]
    pattern = "".join(
        ".*?" if part == "…" else f"({NUMBER.pattern})" if NUMBER.fullmatch(part) else re.escape(part) for part in parts
    )
    match = re.fullmatch(pattern, printed, re.DOTALL)
    return match is not None and all(
        float(theirs) == pytest.approx(float(ours), rel=0.03)
        for ours, theirs in zip(numbers, match.groups(), strict=True)
    )
