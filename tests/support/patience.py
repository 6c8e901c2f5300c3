"""Waiting for what another thread or process does."""

from collections.abc import Callable
from time import monotonic, sleep

PATIENCE_S = 60
"""Long enough for a slow, busy machine: only a test that fails waits so long."""


def until(reached: Callable[[], bool]) -> None:
    """Return once `reached()`; fail where it never is."""
    end = monotonic() + PATIENCE_S
    while not reached():
        assert monotonic() < end, "it never came to that"
        sleep(0.001)
