"""Content negotiation (RFC 9110, 12.5.1)."""

from collections.abc import Sequence

import mimeparse

from service.http.errors import NotAcceptable


def choose(accept: str, offered: Sequence[str]) -> str:
    """The best of the `offered` media types for an Accept header; the first if it is empty or has no preference.

    Raises NotAcceptable.
    """
    if not accept.strip():
        return offered[0]
    try:
        # mimeparse prefers the last of several that fit equally.
        best: str = mimeparse.best_match(list(reversed(offered)), accept.lower())
    except mimeparse.MimeTypeParseException:
        best = ""
    if not best:
        raise NotAcceptable(f"The Accept header allows none of the formats on offer, which are {', '.join(offered)}.")
    return best
