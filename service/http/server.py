"""uvicorn's server: prints its URL once it listens, and finishes running requests before it stops."""

import signal
import socket
from errno import EADDRINUSE
from pathlib import Path
from time import monotonic
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.http.security.connections import patient
from service.http.security.patience import Patience
from service.serving.hosts import url_of
from service.serving.services import Services

SAMPLE = Path("docs/street.jpg")  # exists if the service is started from its repository
KEPT_LONGER_S = 1
"""An idle connection is closed later than announced, so that a request sent in time arrives."""


class CannotListen(Exception):
    """The address is not one of this machine, or its port is in use: `str(error)` is a sentence for the operator."""


def check_address(host: str, port: int) -> None:
    """Listen for a moment, so that a start that must fail does so before models are loaded. Raises CannotListen."""
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            socket.create_server(address, family=family).close()
    except OSError as error:
        if error.errno == EADDRINUSE:
            raise CannotListen(f"port {port} of {host} is in use; set SEGMENT_PORT to another one.") from error
        reason = str(error.strerror).partition(" (")[0]
        raise CannotListen(f"cannot listen on {host}, port {port}: {reason}; see SEGMENT_HOST.") from error


class Server(uvicorn.Server):
    """Serves `app`. After the first SIGTERM or ctrl-C it accepts no more images, and serves everything else until the
    accepted ones have been answered or the settings' grace has passed."""

    def __init__(self, app: FastAPI, services: Services) -> None:
        settings = services.settings
        patience = Patience(
            head_s=settings.client_s,
            grace_s=settings.client_s,
            keep_alive_s=settings.keep_alive_s,
            discard=max(Patience.discard, 4 * settings.max_body, settings.max_volume),
        )
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="asyncio",
            http=patient(patience, services.metrics.request_refused_early),
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=settings.keep_alive_s + KEPT_LONGER_S,
            timeout_graceful_shutdown=settings.grace_s,
        )
        super().__init__(config)
        self.admissions, self.settings = (services.admission, services.volumes), settings
        self.photo = SAMPLE if SAMPLE.exists() else "photo.jpg"
        self._stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            url = url_of(self.settings.host, self.settings.port)
            print(f"\nReady: {url}\nTry:   curl -F image=@{self.photo} {url}/segment\n", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._stop_at is not None or sig not in (signal.SIGTERM, signal.SIGINT):
            super().handle_exit(sig, frame)
            return
        self._captured_signals.append(sig)
        self._stop_at = monotonic() + self.settings.grace_s
        for admission in self.admissions:
            admission.drain()

    async def on_tick(self, counter: int) -> bool:
        idle = not any(admission.taken for admission in self.admissions)
        if self._stop_at is not None and (idle or monotonic() > self._stop_at):
            self.should_exit = True
            # Responses that are being sent have the rest of the grace, and at least a second.
            self.config.timeout_graceful_shutdown = max(1, round(self._stop_at - monotonic()))
        return await super().on_tick(counter)
