"""The transport whose close() lets the client read what was written to it."""

import asyncio
import socket
import struct
from typing import cast

from service.http.security.lingering import LingeringTransport
from service.http.security.patience import Patience


class Accepted(asyncio.Protocol):
    """A server's side of one connection, which has not begun to read."""

    def __init__(self) -> None:
        self.transport: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        accepted = cast(asyncio.Transport, transport)
        accepted.pause_reading()
        self.transport.set_result(accepted)

    def connection_lost(self, _: Exception | None) -> None:
        self.lost.set_result(None)


def test_a_client_that_has_reset_the_connection_is_no_error() -> None:
    async def close() -> None:
        accepted, loop = Accepted(), asyncio.get_running_loop()
        server = await loop.create_server(lambda: accepted, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            transport = await accepted.transport
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        LingeringTransport(transport, lambda: True, Patience(), loop.time).close()
        await asyncio.wait_for(accepted.lost, 60)
        server.close()

    asyncio.run(close())
