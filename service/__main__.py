"""Serve: `python -m service`, or `fcn-serve serve` once installed. The README lists the settings."""

import logging
import signal
import sys
from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_settings import CliApp

from service.http.app import create_app
from service.http.server import CannotListen, Server, check_address
from service.kserve import routes as kserve
from service.segmentation.errors import SegmentationError
from service.segmentation.runtime.session import share_arena
from service.serving.allocator import give_back_large_blocks
from service.serving.errors import ServingError
from service.serving.settings import Settings


def main(options: Sequence[str]) -> int:
    """Serve until a signal stops the service; return the exit code. `options` are those of the command line."""
    try:
        settings = CliApp.run(Settings, cli_args=list(options))
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
        check_address(settings.host, settings.port)
        give_back_large_blocks()
        share_arena()
        app = create_app(settings, [kserve.router])
    except ValidationError as error:
        for e in error.errors():
            print(
                f"fcn-serve: SEGMENT_{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}",
                file=sys.stderr,
            )
        return 2
    except (SegmentationError, ServingError, CannotListen) as error:
        print("fcn-serve:", *str(error).split(), file=sys.stderr)  # one line, whatever onnxruntime says
        return 1
    server = Server(app, app.state.services)
    # uvicorn shuts down, then raises the signal again: here it becomes an exit with code 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    except KeyboardInterrupt:
        return 130
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
