"""Python's own clients, and those of its packages that are installed."""

import asyncio
import importlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from benchmarks.clients.upload import TIMEOUT_S, Send, Upload


def clients() -> Iterator[tuple[str, Send]]:
    yield "urllib", repeated(with_urllib)
    yield "http.client", repeated(with_http_client)
    for package, send in {"requests": with_requests, "httpx": with_httpx, "httpx2": with_httpx2}.items():
        if find_spec(package):
            yield package, repeated(send)
    if find_spec("aiohttp"):
        yield "aiohttp", with_aiohttp


def repeated(send: Callable[[Upload, bytes], int]) -> Send:
    def send_each(upload: Upload, times: int) -> list[str]:
        body = upload.body.read_bytes()
        return [outcome(send, upload, body) for _ in range(times)]

    return send_each


def outcome(send: Callable[[Upload, bytes], int], upload: Upload, body: bytes) -> str:
    try:
        return str(send(upload, body))
    except Exception as error:  # each package has its own
        return type(error).__name__


def with_urllib(upload: Upload, body: bytes) -> int:
    """One connection per request, which the request says."""
    opener = urllib.request.build_opener(NoRedirect)
    request = urllib.request.Request(upload.url, body, dict(upload.headers), method=upload.method)  # noqa: S310  # ours
    try:
        with opener.open(request, timeout=TIMEOUT_S) as response:
            response.read()
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def with_http_client(upload: Upload, body: bytes) -> int:
    parts = urlsplit(upload.url)
    connection = HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
    try:
        connection.request(upload.method, upload.url.removeprefix(f"http://{parts.netloc}"), body, dict(upload.headers))
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def with_requests(upload: Upload, body: bytes) -> int:
    requests: Any = importlib.import_module("requests")
    response = requests.request(
        upload.method, upload.url, data=body, headers=upload.headers, timeout=TIMEOUT_S, allow_redirects=False
    )
    return int(response.status_code)


def with_httpx(upload: Upload, body: bytes, package: str = "httpx") -> int:
    httpx: Any = importlib.import_module(package)
    response = httpx.request(upload.method, upload.url, content=body, headers=upload.headers, timeout=TIMEOUT_S)
    return int(response.status_code)


def with_httpx2(upload: Upload, body: bytes) -> int:
    return with_httpx(upload, body, "httpx2")


def with_aiohttp(upload: Upload, times: int) -> list[str]:
    aiohttp: Any = importlib.import_module("aiohttp")
    body = upload.body.read_bytes()

    async def send() -> str:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT_S)) as session,
                session.request(
                    upload.method, upload.url, data=body, headers=upload.headers, allow_redirects=False
                ) as response,
            ):
                await response.read()
                return str(response.status)
        except (aiohttp.ClientError, OSError) as error:
            return type(error).__name__

    async def send_each() -> list[str]:
        return [await send() for _ in range(times)]

    return asyncio.run(send_each())
