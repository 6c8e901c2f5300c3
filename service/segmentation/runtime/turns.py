"""Networks take turns: alone, one has all cores and is done soonest; in a crowd each has a core, and more get done."""

from collections.abc import Callable
from threading import Condition
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """Shares out `at_once` times `threads` cores. While fewer wait than there are cores, `at_once` run on `threads`
    cores each; where as many wait, each runs on one: none then waits for the slowest part of another's work."""

    def __init__(self, at_once: int, threads: int = 1) -> None:
        self._cores = self._free = at_once * threads
        self._threads = threads
        self._waiting = 0
        self._changed = Condition()

    def taking(self, run: Callable[P, T], on_one_core: Callable[P, T]) -> Callable[P, T]:
        """What both do, called when it is its turn, by the one that suits the crowd."""

        def in_turn(*args: P.args, **kwargs: P.kwargs) -> T:
            cores = self._take()
            try:
                return (run if cores == self._threads else on_one_core)(*args, **kwargs)
            finally:
                self._give_back(cores)

        return in_turn

    def _take(self) -> int:
        """Wait for a turn; on how many cores it is."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: self._free >= self._share())
            cores = self._share()
            self._waiting -= 1
            self._free -= cores
            return cores

    def _give_back(self, cores: int) -> None:
        with self._changed:
            self._free += cores
            self._changed.notify_all()

    def _share(self) -> int:
        crowded = self._waiting >= self._cores or self._free < self._threads
        return 1 if crowded else self._threads
