"""The body of a request, kept so that it can be sent more than once."""

import asyncio
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

    What there is no room for is dropped, and readers are told that the client has disconnected.
    """

    def __init__(self, receive: Receive, room: Room, patience: Patience) -> None:
        self._receive, self._room, self._patience = receive, room, patience
        self._kept: list[Message] = []
        self._size = 0
        self._reading = asyncio.Lock()
        self.arrived = asyncio.Event()
        self.disconnected = False
        self.dropped = False
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
        message = await self._receive()
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
