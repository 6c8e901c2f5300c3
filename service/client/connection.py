"""What both clients have of the connection to a service."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

import httpx2

from service import __version__
from service.client.errors import Unreachable

KEEP_S = 60
"""Idle connections are kept so long, and by the service for SEGMENT_KEEP_ALIVE_S, which is longer."""


class Settings(TypedDict):
    """Arguments of httpx2's clients."""

    base_url: str
    headers: dict[str, str]
    timeout: float
    limits: httpx2.Limits


def settings(url: str, key: str | None, timeout_s: float) -> Settings:
    """Raises ValueError if the URL is invalid."""
    if not is_address(url):
        raise ValueError(f"{url!r} is not the address of a service; write one like http://127.0.0.1:8000.")
    headers = {"User-Agent": f"fcn-serve/{__version__}"} | ({} if key is None else {"Authorization": f"Bearer {key}"})
    return {"base_url": url, "headers": headers, "timeout": timeout_s, "limits": httpx2.Limits(keepalive_expiry=KEEP_S)}


def is_address(url: str) -> bool:
    try:
        parts = httpx2.URL(url)
    except httpx2.InvalidURL:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.host)


@contextmanager
def reaching(url: httpx2.URL) -> Iterator[None]:
    """Raises Unreachable for what goes wrong between client and service."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise Unreachable(f"{url} has not answered in time.") from error
    except httpx2.RequestError as error:
        raise Unreachable(f"{url} does not answer: {error}.") from error
