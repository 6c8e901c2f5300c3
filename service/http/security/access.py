"""Who may do what. Keys stand in a file, one a line with its role; a request shows its key before its body is read."""

import re

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.problems import problem
from service.serving.keys import Keys, Role, digest

OPEN = ("/health/", "/docs", "/openapi.json", "/static-offline-docs/", "/web/")
ADMIN = re.compile(r"/metrics.*|/models/.*/reload.*")


def needed(path: str) -> Role:
    """The role that a path takes: one that is named nowhere takes a key."""
    if path == "/" or path.startswith(OPEN):
        return Role.ANYONE
    return Role.ADMIN if ADMIN.fullmatch(path) else Role.SEGMENT


class Access:
    """ASGI middleware. `keys` None lets everybody do everything."""

    def __init__(self, app: ASGIApp, keys: Keys | None) -> None:
        self.app, self.keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = None if self.keys is None or scope["type"] != "http" else self._refusal(scope, self.keys)
        if refused is None:
            await self.app(scope, receive, send)
            return
        status, detail, code, headers = refused
        await problem(Request(scope), status, detail, code, headers)(scope, receive, send)

    def _refusal(self, scope: Scope, keys: Keys) -> tuple[int, str, str, dict[str, str]] | None:
        role = needed(scope["path"])
        scheme, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
        has = keys.role(key.strip()) if scheme.lower() == "bearer" else Role.ANYONE
        if has > Role.ANYONE:
            scope.setdefault("state", {})["caller"] = digest(key.strip())
        if has >= role:
            return None
        if has == Role.ANYONE:
            detail = "This takes a key; send it as `Authorization: Bearer KEY`."
            return 401, detail, "unauthorized", {"WWW-Authenticate": "Bearer"}
        return 403, "This takes the key of an administrator.", "forbidden", {}
