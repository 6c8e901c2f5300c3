"""What browsers may do for pages of other sites: nothing, unless configured. What our pages may load: only our own."""

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.echo import shortened
from service.http.problems import problem
from service.serving.hosts import ANY, DEFAULT_PORTS, host_of, is_address, matches, split

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    ),  # Swagger UI sets styles in the page
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
SAFE = {"GET", "HEAD", "OPTIONS"}


class Browsers:
    """ASGI middleware. A page of another site whose browser posts here is refused, unless its origin is in `origins`.

    Without keys, `hosts` are the names by which the service may be called; a request for another one is refused. A page
    can make its own name point here (DNS rebinding), but not an address, nor localhost. A request without
    a host comes from no page, but from a health check in HTTP/1.0. `hosts` None takes every name.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str], hosts: Sequence[str] | None) -> None:
        self.app, self.origins, self.hosts = app, set(origins), [ANY] if hosts is None else ["localhost", *hosts]

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
        host = headers.get("host", "")
        if host and not self._known_host(host):
            detail = f"The service is not known as {shortened(host)}; add the name to SEGMENT_HOSTS."
            await problem(Request(scope), 421, detail, "unknown_host")(scope, receive, send_guarded)
        elif scope["method"] not in SAFE and self._foreign(headers):
            page, ours = shortened(headers.get("origin", "another site")), shortened(host)
            detail = (
                f"A page of {page} may not use the service at {ours}; add its origin to SEGMENT_ORIGINS. If both "
                "are one site behind a proxy, let it pass the host on; in nginx: `proxy_set_header Host $http_host;`."
            )
            await problem(Request(scope), 403, detail, "foreign_origin")(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)

    def _known_host(self, host: str) -> bool:
        """Whether a Host header, or the host and port of an origin, is a name of ours."""
        name = host_of(host)
        return is_address(name) or any(matches(name, known) for known in self.hosts)

    def _foreign(self, headers: Headers) -> bool:
        """Whether a request comes from a page of another site that is not in `origins`."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if ANY in self.origins or origin in self.origins:
            return False
        if origin is None:  # no browser, or an old one
            return site == "cross-site"
        if same_host(origin, headers.get("host", "")):
            return False
        # A proxy that puts its own Host header in place of the page's: the browser's word counts, which no page can
        # forge, but only for a name of ours, as a page under any other name may have made it point here.
        return not (site == "same-origin" and self._known_host(split(origin).netloc))


def same_host(origin: str, host: str) -> bool:
    """Whether an origin is at the host and port of a Host header, which may leave out the scheme's default port."""
    page, ours = split(origin), split(f"//{host}")
    default = DEFAULT_PORTS.get(page.scheme)
    return bool(page.hostname) and (page.hostname, page.port or default) == (ours.hostname, ours.port or default)
