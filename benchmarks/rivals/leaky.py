"""The service with a leak in it, which a soak of two minutes must find.

python -m benchmarks.rivals.leaky, with the service's own settings
"""

import os

from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.app import create_app
from service.http.server import Server
from service.segmentation.runtime.session import share_arena
from service.serving.allocator import give_back_large_blocks
from service.serving.settings import Settings

BYTES = 500_000
"""Leaked for each image."""
IMAGES_PER_FILE = 10
"""One image in so many leaves a file open."""


class Leak:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.kept: list[bytes] = []
        self.files: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        if scope.get("method") == "POST":
            self.kept.append(b"x" * BYTES)  # written to, or the system would not allocate the memory
            if len(self.kept) % IMAGES_PER_FILE == 0:
                self.files.append(os.open(os.devnull, os.O_RDONLY))


if __name__ == "__main__":
    give_back_large_blocks()
    share_arena()
    app = create_app(Settings())
    app.add_middleware(Leak)
    Server(app, app.state.services).run()
