"""When a request that was refused with 503 is sent again."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

UNNAMED_S = 1.0
"""The wait where a 503 names none."""


@dataclass(frozen=True)
class Retries:
    """attempts: requests in all, the first included; 1 never sends again.
    seconds: no attempt begins later than that after the first.

    The wait is exactly what `Retry-After` says, without jitter: the service computes it from its load, and refusing is
    cheap.
    """

    attempts: int = 5
    seconds: float = 60


DEFAULT = Retries()


class Patience:
    """The attempts of one request."""

    def __init__(self, retries: Retries, clock: Callable[[], float] = time.monotonic) -> None:
        self._left, self._clock = retries.attempts - 1, clock
        self._end = clock() + retries.seconds

    def wait_s(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Seconds to wait before the request is sent again; None if the answer stands."""
        if status != 503 or self._left <= 0:
            return None
        wait = asked(headers.get("retry-after", ""))
        self._left -= 1
        return wait if self._clock() + wait <= self._end else None


def asked(retry_after: str) -> float:
    """Seconds that a Retry-After header asks for: a number, or a date (RFC 9110, section 10.2.3)."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a zone
        return UNNAMED_S
