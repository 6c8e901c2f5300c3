"""Networks take turns: a single one gets all cores, which is fastest; in a crowd each gets one, for throughput."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from service.segmentation.modelfile.contract import Pixels
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Output, Run


class Turns:
    """Shares `threads` cores among networks, in order of arrival. While fewer wait than there are cores, one runs on
    all of them. When as many wait, each runs on one, as threads of one network wait for each other after every
    layer."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = self._free = threads
        self._line: deque[object] = deque()
        self._changed = Condition()

    @property
    def waiting(self) -> int:
        """Networks that wait for a turn."""
        return len(self._line)

    def taking(self, run: Run, on_one_core: Run) -> Run:
        """A `Run` that waits for a turn, then calls `run` if it has all cores, else `on_one_core`."""

        def in_turn(image: Pixels, scores: bool = False, call: Call | None = None) -> Output:
            call = call or Call()
            with self.turn(call) as cores:
                return (run if cores == self._threads else on_one_core)(image, scores, call)

        return in_turn

    @contextmanager
    def turn(self, call: Call) -> Iterator[int]:
        """Wait for a turn, timed as the stage `turn`; yield the number of its cores, and hold them meanwhile.

        Raises TooLate at the call's deadline, and Abandoned at the next turn that ends.
        """
        with call.timings.stage("turn"):
            cores = self._take(call)
        try:
            yield cores
        finally:
            with self._changed:
                self._free += cores
                self._changed.notify_all()

    def _take(self, call: Call) -> int:
        ticket = object()
        with self._changed:
            self._line.append(ticket)
            try:
                while self._line[0] is not ticket or self._free < self._share():
                    self._changed.wait(call.left)
                    call.check()
                cores = self._share()
                self._free -= cores
                return cores
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()  # there may be cores for the next one too

    def _share(self) -> int:
        crowded = len(self._line) >= self._threads or self._free < self._threads
        return 1 if crowded else self._threads
