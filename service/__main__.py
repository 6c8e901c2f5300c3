"""Serve: `python -m service`, or `fcn-serve` once installed. The README lists the settings."""

import logging
import signal
import socket
import sys
from pathlib import Path

import uvicorn
from pydantic import ValidationError
from pydantic_settings import CliApp

from service.http.app import create_app
from service.http.connections import Patience, patient
from service.http.errors import BadKeys
from service.http.settings import Settings
from service.segmentation.errors import SegmentationError

SAMPLE = Path("docs/street.jpg")  # there where the service is started from its repository


class Server(uvicorn.Server):
    """Says where it is once it listens."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self.settings = settings
        self.photo = SAMPLE if SAMPLE.exists() else "photo.jpg"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            everywhere = ("0.0.0.0", "::")  # noqa: S104  # compared, not bound
            host = "127.0.0.1" if self.settings.host in everywhere else self.settings.host
            url = f"http://{host}:{self.settings.port}"
            print(f"\nReady: {url}\nTry:   curl -F image=@{self.photo} {url}/segment\n", flush=True)


def main() -> int:
    """Serve until told to stop; the exit code."""
    try:
        settings = CliApp.run(Settings)
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
        app = create_app(settings)
    except ValidationError as error:
        for e in error.errors():
            print(f"fcn-serve: SEGMENT_{str(e['loc'][0]).upper()}: {e['msg']}", file=sys.stderr)
        return 2
    except (SegmentationError, BadKeys) as error:
        print(f"fcn-serve: {error}", file=sys.stderr)
        return 1
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="asyncio",
        http=patient(Patience(settings.client_s, settings.client_s)),
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=settings.grace_s,
    )
    server = Server(config, settings)
    # uvicorn shuts down in good order, then raises the signal again for us: an exit, not a death.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    except KeyboardInterrupt:
        return 130
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
