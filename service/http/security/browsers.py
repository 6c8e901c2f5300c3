"""What browsers may do for pages of other sites: nothing, unless asked for. What our pages may load: only our own."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import problem
from service.serving.keys import is_address

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "script-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),  # the API's documentation has its script and styles in the page
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
SAFE = {"GET", "HEAD", "OPTIONS"}


class Browsers:
    """ASGI middleware. A page of another site whose browser posts here is refused, unless its origin is in `origins`.

    Where there are no keys, so is a request for a host by a name that is not in `hosts`: a page can make its own name
    point here (DNS rebinding), but not an address, nor localhost.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str], hosts: Sequence[str] | None) -> None:
        self.app, self.origins, self.hosts = app, set(origins), None if hosts is None else {"localhost", *hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        if not self._known_host(headers.get("host", "")):
            detail = "The service is not known by this host name; add it to SEGMENT_HOSTS."
            await problem(Request(scope), 421, detail, "unknown_host")(scope, receive, send_guarded)
        elif scope["method"] not in SAFE and self._foreign(headers):
            detail = "A page of another site may not use the service; add its origin to SEGMENT_ORIGINS."
            await problem(Request(scope), 403, detail, "foreign_origin")(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)

    def _known_host(self, host: str) -> bool:
        name = parts(f"//{host}").hostname or ""
        return self.hosts is None or name in self.hosts or is_address(name)

    def _foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:  # no browser, or an old one
            return headers.get("sec-fetch-site") == "cross-site"
        return origin not in self.origins and parts(origin).netloc != headers.get("host")


def parts(url: str) -> SplitResult:
    """A URL's parts; empty ones where it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
