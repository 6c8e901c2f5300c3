"""The body of a request, kept so that it can be sent more than once."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import Message, Receive

from service.http.security.patience import Patience

DISCONNECT: Message = {"type": "http.disconnect"}


@dataclass
class Room:
    """Memory for the bodies of all requests, of which `free` bytes are left."""

    free: int

    def take(self, size: int) -> bool:
        """Take so much, if there is so much."""
        fits = size <= self.free
        self.free -= size if fits else 0
        return fits


class Body:
    """What a client sends. It is read once, while it arrives; every reader gets it from the start.

    What there is no room for, or what arrives too slowly, is dropped, and readers are told that the client has
    disconnected. As on one machine (see `Patience`), there are `grace_s` seconds to wait for it, and one more for each
    `rate` bytes that arrive.
    """

    def __init__(self, receive: Receive, room: Room, patience: Patience) -> None:
        self._receive, self._room, self._patience = receive, room, patience
        self._kept: list[Message] = []
        self._size = 0
        self._left_s = patience.grace_s
        self._reading = asyncio.Lock()
        self.arrived = asyncio.Event()
        self.disconnected = False
        self.dropped = False
        self.too_slow = False
        self._wanted = True

    def reader(self) -> Receive:
        """ASGI's `receive`, from the first message on."""
        read = 0

        async def receive() -> Message:
            nonlocal read
            async with self._reading:
                if not self.dropped and read == len(self._kept):
                    await self._read()
                if self.dropped:
                    return DISCONNECT
                read += 1
                return self._kept[read - 1]

        return receive

    async def rest(self) -> None:
        """Wait until all of the body has arrived, while it keeps arriving: many clients lose an answer that is sent
        before. No attempt follows, so none of it is kept."""
        self._release()
        self._wanted = False
        most = self._size + self._patience.discard
        with suppress(TimeoutError):
            while not self.arrived.is_set() and self._size < most:
                async with asyncio.timeout(self._patience.pause_s), self._reading:
                    if not self.arrived.is_set():
                        await self._read()

    def drop(self) -> None:
        """Give the memory back. What still arrives is not kept."""
        self._release()
        self._kept.clear()
        self.dropped = True

    def _release(self) -> None:
        self._room.free += sum(len(message.get("body", b"")) for message in self._kept)
        self._kept = [{**message, "body": b""} for message in self._kept]

    async def _read(self) -> None:
        try:
            message = await self._next()
        except TimeoutError:
            self.too_slow = True
            self.arrived.set()
            if self._wanted:
                self.drop()
            return
        size = len(message.get("body", b""))
        self._size += size
        self.disconnected = message["type"] == DISCONNECT["type"]
        if self.disconnected or not message.get("more_body", False):
            self.arrived.set()
        if not self._wanted:
            self._kept.append({**message, "body": b""})
        elif not self.dropped and self._room.take(size):
            self._kept.append(message)
        elif not self.dropped:
            self.drop()

    async def _next(self) -> Message:
        """The next message, as soon as it is there. Raises TimeoutError if the body has used up its time."""
        if self.arrived.is_set():  # what comes now is that the client is gone
            return await self._receive()
        began = time.monotonic()
        async with asyncio.timeout(self._left_s):
            message = await self._receive()
        earned = len(message.get("body", b"")) / self._patience.rate
        self._left_s = min(self._patience.grace_s, self._left_s - (time.monotonic() - began) + earned)
        return message
