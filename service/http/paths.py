"""One way to write each request, whatever the client or the proxy made of it."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Paths:
    """ASGI middleware. HEAD is answered as GET, without the body, which the server leaves out (RFC 9110, 9.3.2).

    `root_path` is the prefix under which a proxy serves us; whether the proxy strips it makes no difference. A final
    slash makes none either, but for GET, where it decides what a page's relative links mean: pages.py redirects.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app, self.root_path = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            scope = {**scope, "method": method, "path": self._path(method, scope["path"])}
        await self.app(scope, receive, send)

    def _path(self, method: str, path: str) -> str:
        if path == self.root_path and method == "GET":
            return "/"
        if path.startswith(f"{self.root_path}/"):
            path = path.removeprefix(self.root_path)
        return path if method == "GET" or path == "/" else path.removesuffix("/")
