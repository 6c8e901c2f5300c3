"""One request in the core: its deadline, its cancellation, its timings."""

from time import monotonic

import onnxruntime

from service.segmentation.errors import Abandoned, TooLate
from service.segmentation.stopwatch import Stopwatch


class Call:
    """Deadline, cancellation and timings of one request. Safe to cancel from any thread."""

    def __init__(self, seconds: float | None = None) -> None:
        """`seconds` from now until the deadline; None for no deadline."""
        self.ends = None if seconds is None else monotonic() + seconds
        self.options = onnxruntime.RunOptions()
        self.timings = Stopwatch()
        self._wanted = True

    @property
    def left(self) -> float | None:
        """Seconds until the deadline; None without a deadline."""
        return None if self.ends is None else max(0.0, self.ends - monotonic())

    def abandon(self) -> None:
        """The client has disconnected: a network that runs for it stops."""
        self._wanted = False
        self.options.terminate = True

    def check(self) -> None:
        """Raises TooLate after the deadline, Abandoned after `abandon`."""
        if self.left == 0:
            raise TooLate
        if not self._wanted:
            raise Abandoned
