"""The page and the API's documentation. Their links are relative."""

import re
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

import service

WEB = Path(service.__file__).parent / "web"
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")

pages = APIRouter(include_in_schema=False)


@pages.get("/")
async def page(request: Request) -> HTMLResponse:
    return html("index.html", request)


@pages.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    return html("docs.html", request)


@pages.get("/{path:path}/")
async def without_slash(path: str, request: Request) -> RedirectResponse:
    """The redirect is relative to the request's URL: it holds whatever a proxy does to hosts and paths."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"../{quote(path.rpartition('/')[2])}{query}")


def html(name: str, request: Request) -> HTMLResponse:
    """A file of WEB. Its links start from the proxy's prefix if Traefik's header or our setting tells it."""
    text = (WEB / name).read_text("utf-8")
    given = request.headers.get("x-forwarded-prefix", "").rstrip("/")
    prefix = given if _PREFIX.fullmatch(given) else request.state.services.settings.root_path
    base = f'<head>\n  <base href="{prefix}/">'
    return HTMLResponse(text.replace("<head>", base, 1) if prefix else text)
