"""Refusals because of the load, for every transport; the last two stop the start. `str(error)` is one sentence.

ServingError
 ├── Busy         no slot, or no memory for another upload, is free
 ├── Draining     the service is stopping
 ├── NeverFits    more memory is needed than there is for all images
 ├── BadSettings  settings that this machine or these models cannot meet
 └── BadKeys      the key file is invalid, or missing although required
"""


class ServingError(Exception):
    """The root."""


class Busy(ServingError):
    """No slot, or no memory for another upload, is free."""


class Draining(ServingError):
    """The service is stopping."""

    def __init__(self) -> None:
        super().__init__("The service is stopping; try again in a moment, elsewhere if you can.")


class NeverFits(ServingError):
    """More memory is needed than there is for all images."""

    def __init__(self, needed_mib: int, there_mib: int) -> None:
        super().__init__(
            f"This image takes up to {needed_mib} MiB of memory to segment, and the service has {there_mib}; "
            "send a smaller one or a JPEG, or ask for JSON in place of an overlay."
        )


class BadSettings(ServingError):
    """Settings that this machine or these models cannot meet."""


class BadKeys(ServingError):
    """The key file is invalid, or missing although required."""
