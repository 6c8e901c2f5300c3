"""A running service, asked over HTTP. The standard library does: a connection for each image costs a millisecond."""

import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec

from service.answers import ModelSummary, RefusedModel
from service.cli.errors import Failure

TRIES = 20
"""Of a request that is refused because the service is busy."""
LONGEST_WAIT_S = 60
PATIENCE_S = 300


class Refusal(Exception):
    """The service answered with an error: `status`, and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Service:
    """The service at a URL; safe to use from several threads."""

    def __init__(self, url: str, key: str | None) -> None:
        """Raises Failure if the URL is invalid."""
        if not url.startswith(("http://", "https://")):
            raise Failure(f"{url!r} is not the address of a service; write one like http://127.0.0.1:8000.")
        self.url, self._headers = url.rstrip("/"), {} if key is None else {"Authorization": f"Bearer {key}"}

    def models(self) -> list[ModelSummary | RefusedModel]:
        """What it serves, then what it does not. Raises Failure."""
        try:
            rows = msgspec.json.decode(self._ask("/models"), type=list[dict[str, Any]])
        except Refusal as error:
            raise Failure(str(error)) from error
        return [listed(row) for row in rows]

    def post(self, image: bytes, accept: str, options: dict[str, str]) -> bytes:
        """The answer for an image, of the media type `accept`. Raises Failure and Refusal."""
        kind = {"Content-Type": "application/octet-stream", "Accept": accept}
        return self._ask(f"/segment?{urlencode(options)}", image, kind)

    def _ask(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        request = Request(self.url + path, body, self._headers | (headers or {}))  # noqa: S310  # http, as checked
        for left in reversed(range(TRIES)):
            try:
                with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
                    return bytes(answer.read())
            except HTTPError as error:
                with error:
                    refusal = Refusal(error.code, sentence(error.read(), error.reason))
                if error.code != 503 or not left:
                    raise refusal from error
                time.sleep(wait_s(error.headers.get("Retry-After")))
            except (OSError, HTTPException) as error:
                reason = getattr(error, "reason", error)
                raise Failure(f"{self.url} does not answer: {reason}.") from error
        raise AssertionError("the last try returns or raises")


def listed(row: dict[str, Any]) -> ModelSummary | RefusedModel:
    return msgspec.convert(row, RefusedModel) if "refused" in row else msgspec.convert(row, ModelSummary)


def sentence(problem: bytes, reason: str) -> str:
    """What the service says of an error (RFC 9457); of a proxy's page, the status line's reason."""
    try:
        return str(msgspec.json.decode(problem)["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return reason


def wait_s(retry_after: str | None) -> float:
    """Seconds that a Retry-After header asks for; one second where it has none, or a date."""
    return min(LONGEST_WAIT_S, int(retry_after)) if retry_after is not None and retry_after.isdecimal() else 1
