"""Which kind of answer a request's Accept header asks for."""

from collections.abc import Sequence

import mimeparse

from service.http.errors import NotAcceptable


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """The best of the `offered` media types, the first where the caller does not care. Raises NotAcceptable."""
    if not accept or not accept.strip():
        return offered[0]
    try:
        # mimeparse settles a tie by the end of the list.
        best: str = mimeparse.best_match(list(reversed(offered)), accept.lower())
    except mimeparse.MimeTypeParseException:
        best = ""
    if not best:
        raise NotAcceptable(f"There is no answer of the kind in your Accept header; ask for {', '.join(offered)}.")
    return best
