"""What every transport refuses because of the load; BadKeys stops the start.

ServingError
 ├── Busy       the queue, or the room for uploads, is full
 ├── Draining   the service is stopping
 └── BadKeys    the key file is invalid, or missing although required
"""


class ServingError(Exception):
    """The root: `str(error)` is a sentence for the caller."""


class Busy(ServingError):
    """The queue, or the room for uploads, is full."""


class Draining(ServingError):
    """The service is stopping."""


class BadKeys(ServingError):
    """The key file is invalid, or missing although required."""
