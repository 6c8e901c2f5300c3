"""The image in a request's body."""

import asyncio
import tempfile
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from service.http.errors import BodyTooLarge
from service.http.upload import read_image
from service.serving.errors import Busy

MIB = 1024 * 1024


def no_limit(_: int) -> None:
    """There is room for all."""


class Body:
    """A request whose body comes in chunks of a mebibyte; counts how many were asked for."""

    def __init__(self, content_type: str, chunks: list[bytes]) -> None:
        self.chunks: Iterator[bytes] = iter(chunks)
        self.received = 0
        headers = [(b"content-type", content_type.encode())]
        self.request = Request({"type": "http", "method": "POST", "headers": headers}, self._receive)

    async def _receive(self) -> Message:
        self.received += 1
        chunk = next(self.chunks, b"")
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}


def test_an_upload_of_a_form_never_leaves_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(FileNotFoundError), tempfile.TemporaryFile():
        """What a spooled file would do once it is too large."""
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body = Body("multipart/form-data; boundary=x", [head, *[bytes(MIB)] * 8, b"\r\n--x--\r\n"])
    assert asyncio.run(read_image(body.request, 20 * MIB, no_limit)) == bytes(8 * MIB)


def test_a_body_that_is_too_large_is_read_no_further() -> None:
    body = Body("image/png", [bytes(MIB)] * 100)
    with pytest.raises(BodyTooLarge):
        asyncio.run(read_image(body.request, 2 * MIB, no_limit))
    assert body.received == 3


def test_a_body_of_just_the_limit_is_taken() -> None:
    body = Body("image/png", [bytes(MIB)] * 2)
    assert len(asyncio.run(read_image(body.request, 2 * MIB, no_limit))) == 2 * MIB


def test_a_body_without_room_is_read_no_further() -> None:
    def full(size: int) -> None:
        if size:
            raise Busy("full")

    body = Body("image/png", [bytes(MIB)] * 100)
    with pytest.raises(Busy):
        asyncio.run(read_image(body.request, 2 * MIB, full))
    assert body.received == 1
