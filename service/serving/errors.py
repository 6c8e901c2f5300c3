"""Refusals because of the load, for every transport; BadKeys stops the start. `str(error)` is one sentence.

ServingError
 ├── Busy       no slot, or no memory for another upload, is free
 ├── Draining   the service is stopping
 └── BadKeys    the key file is invalid, or missing although required
"""


class ServingError(Exception):
    """The root."""


class Busy(ServingError):
    """No slot, or no memory for another upload, is free."""


class Draining(ServingError):
    """The service is stopping."""

    def __init__(self) -> None:
        super().__init__("The service is stopping; try again in a moment, elsewhere if you can.")


class BadKeys(ServingError):
    """The key file is invalid, or missing although required."""
