"""Waiting for what another thread or process does, however slow the machine is."""

import time
from collections.abc import Callable

PATIENCE_S = 60
"""Only a test that fails waits so long."""


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Ask again and again until the condition holds. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"it did not happen within {seconds} s")
        time.sleep(0.002)
