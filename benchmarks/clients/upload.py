"""What every client sends, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 60


@dataclass(frozen=True)
class Upload:
    """A request with the bytes of the file `body`."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Path


Send = Callable[[Upload, int], list[str]]
"""Sends an upload so many times, one after the other, each as a new client would. Of each the status, or the error."""
