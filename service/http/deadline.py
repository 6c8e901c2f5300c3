"""When a request's deadline is: the service's, or the client's own where that is sooner."""

from math import inf
from typing import Annotated

from fastapi import Header

DeadlineMs = Annotated[
    int | None,
    Header(ge=1, description="Deadline in milliseconds, counted from the last byte of the body; then 504."),
]


def sooner(seconds: float, wished: int | None, per_second: int) -> float:
    """Seconds: those of the service, or the client's `wished` units if they are fewer. None or 0: it wishes none."""
    return min(seconds * per_second, wished or inf) / per_second  # in its units: an int may be too large for a float
