"""One request on its own connection, as bytes: it may be invalid HTTP, and its caller may disconnect."""

import asyncio
import io
import socket
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import cast
from urllib.parse import urlsplit

Address = tuple[str, int]

PATIENCE_S = 120.0


class Received(io.BytesIO):
    """Received bytes, for http.client, which reads from sockets."""

    def makefile(self, _: str) -> "Received":
        return self


@dataclass(frozen=True)
class Answer:
    """The received bytes. They are parsed on first use, as a load generator has no time for it. `began` and `ended` are
    seconds of the monotonic clock."""

    came: bytes = field(repr=False)
    began: float
    ended: float

    @property
    def status(self) -> int:
        """0 if the answer is missing or incomplete."""
        return self._read[0]

    @property
    def body(self) -> bytes:
        return self._read[1]

    def header(self, name: str) -> str:
        """The value of a header; empty if it, or the answer, is missing."""
        return self._read[2].get(name, "")

    @cached_property
    def _read(self) -> tuple[int, bytes, Message]:
        response = HTTPResponse(cast(socket.socket, Received(self.came)))
        try:
            response.begin()
            return response.status, response.read(), response.headers
        except HTTPException:
            return 0, b"", Message()


def address_of(url: str) -> Address:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def get(path: str) -> bytes:
    return head(f"GET {path}")


def post(path: str, body: bytes, content_type: str, accept: str = "*/*") -> bytes:
    return (
        head(f"POST {path}", f"Accept: {accept}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}")
        + body
    )


def head(start: str, *headers: str) -> bytes:
    """A request up to its body; the server closes the connection after the answer."""
    lines = (f"{start} HTTP/1.1", "Host: localhost", "Connection: close", *headers)
    return "\r\n".join((*lines, "", "")).encode()


def form(photo: bytes, boundary: str, field: str = "image") -> tuple[bytes, str]:
    """A photo as curl -F image=@photo.jpg sends it: the body and its content type."""
    start = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="photo.jpg"\r\n'
    kind = "Content-Type: image/jpeg\r\n\r\n"
    body = (start + kind).encode() + photo + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


async def exchange(address: Address, request: bytes, patience_s: float = PATIENCE_S) -> Answer:
    """Send a request and read until the server closes; disconnect after `patience_s` seconds."""
    loop = asyncio.get_running_loop()
    began = monotonic()
    try:
        transport, caller = await loop.create_connection(lambda: Caller(request), *address)
    except OSError:
        return Answer(b"", began, monotonic())
    await asyncio.wait([caller.closed], timeout=patience_s)
    if not caller.closed.done():
        transport.abort()  # asyncio may fail on one that closed while it was still sending
    return Answer(bytes(caller.came), began, caller.last or monotonic())


class Caller(asyncio.Protocol):
    """Writes and reads at the same time: an answer may arrive early. `last` is when the latest bytes arrived."""

    def __init__(self, request: bytes) -> None:
        self.request, self.came, self.last = request, bytearray(), 0.0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self.request)

    def data_received(self, data: bytes) -> None:
        self.came += data
        self.last = monotonic()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)
