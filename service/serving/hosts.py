"""Host names and origins: as operators write them in settings, and in the one form in which they are compared."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

ANY = "*"
OPAQUE = "null"
"""What browsers send as the origin of a local file or a sandboxed frame."""

DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_NAME = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")


def is_address(name: str) -> bool:
    """Whether `name` is an IP address rather than a host name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def split(url: str) -> SplitResult:
    """A URL's parts; empty ones where it is invalid."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port  # each may raise
    except ValueError:
        return urlsplit("")
    return parts


def plain(host: str) -> str:
    """A host name or address as it is compared: small letters, no final dot, in ASCII (RFC 5890)."""
    name = host.strip().lower().removesuffix(".")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def host_of(header: str) -> str:
    """The name or address in a Host header, without its port; empty where the header is invalid."""
    return plain(split(f"//{header}").hostname or "")


def host_name(text: str) -> str:
    """A host as an operator writes it -> the name that requests are compared with.

    Takes `segment`, `segment:8000`, `https://Segment.example/`, `*.example.org` for every name under it, and `*` for
    every name. Raises ValueError for what could never be the host of a request.
    """
    url = split(text.strip() if "://" in text else f"//{text.strip()}")
    name = plain(url.hostname or "")
    fits = name == ANY or is_address(name) or _NAME.fullmatch(name)
    if not fits or url.path not in ("", "/") or url.query or url.fragment or url.username is not None:
        raise ValueError(f"{text!r} is not a host name; write one like segment.example, *.example.org, or *.")
    return name


def matches(host: str, name: str) -> bool:
    """Whether a request's host is the one that `host_name` read."""
    return name in (ANY, host) or (name.startswith("*.") and host.endswith(name[1:]))


def origin(text: str) -> str:
    """An origin as an operator or a browser writes it -> scheme://host, and the port where it is not the scheme's own.

    `*` stands for every origin. Raises ValueError for what a browser could never send (RFC 6454).
    """
    stripped = text.strip()
    if stripped in (ANY, OPAQUE):
        return stripped
    url = split(stripped)
    name = plain(url.hostname or "")
    fits = is_address(name) or (_NAME.fullmatch(name) and "*" not in name)
    if not (url.scheme and fits) or url.path not in ("", "/") or url.query or url.fragment or url.username is not None:
        raise ValueError(
            f"{text!r} is not the origin of a page; write one like https://example.org, or * for every page."
        )
    return f"{url.scheme}://{bracketed(name)}" + (
        f":{url.port}" if url.port not in (None, DEFAULT_PORTS.get(url.scheme)) else ""
    )


def bracketed(host: str) -> str:
    """A host as a URL has it: IPv6 addresses stand in brackets, their zone escaped (RFC 6874)."""
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def url_of(host: str, port: int) -> str:
    """The URL at which this machine reaches a server that listens on `host`."""
    if is_address(host) and ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{bracketed(host)}:{port}"
