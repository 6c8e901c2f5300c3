"""Networks take turns: one that has all cores to itself is done sooner than two that fight for them."""

from collections.abc import Callable
from threading import Semaphore
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """Lets `at_once` calls run; the others wait, while what else there is to do for their images goes on."""

    def __init__(self, at_once: int) -> None:
        self._free = Semaphore(at_once)

    def taking(self, run: Callable[P, T]) -> Callable[P, T]:
        """The same function, called when it is its turn."""

        def in_turn(*args: P.args, **kwargs: P.kwargs) -> T:
            with self._free:
                return run(*args, **kwargs)

        return in_turn
