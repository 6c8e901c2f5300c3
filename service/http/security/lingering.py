"""Closing a connection whose client is still sending, without destroying the answer on its way to it.

A socket that is closed with unread bytes, or that receives bytes after it was closed, answers with a reset. The reset
discards what the client has received and not yet read: the refusal. So the server first ends its own direction, reads
and drops what still arrives, and closes when the client does (RFC 9112, 9.6).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from service.http.security.patience import Countdown, Patience

STOPPING_S = 1.0
"""Seconds that a silent client gets once the server stops."""


class LingeringTransport:
    """An asyncio transport whose `close` lingers while `sending()`: while the client may still be sending."""

    def __init__(
        self, transport: asyncio.Transport, sending: Callable[[], bool], patience: Patience, now: Callable[[], float]
    ) -> None:
        self._transport, self._sending = transport, sending
        self._left = patience.discard
        self._grace_s, self._countdown = patience.grace_s, Countdown(patience, now)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def lingering(self) -> bool:
        return self._countdown.running

    def is_closing(self) -> bool:
        return self.lingering or self._transport.is_closing()

    def close(self) -> None:
        """Send what is written, then close: at once where the client has sent everything, else as soon as it is done
        or has used up its time or its bytes."""
        if self.lingering:
            return
        if self._sending() and not self._transport.is_closing():
            self._countdown.start(self._grace_s)
            with suppress(OSError):  # the client has reset the connection
                self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()

    def discard(self, data: bytes) -> None:
        """These bytes arrived too late to matter."""
        self._left -= len(data)
        self._countdown.extend(len(data))
        self.give_up_if_expired()

    def hurry(self) -> None:
        """The server stops: go on only while the client is really sending."""
        self._countdown.start(STOPPING_S)

    def give_up_if_expired(self) -> None:
        if self._left < 0 or self._countdown.expired:
            self._transport.close()
