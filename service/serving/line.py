"""A fair queue: callers take turns, however many images one of them has sent."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """A queue for each caller. The next item is the oldest of the caller whose turn was longest ago."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Hashable, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def put(self, caller: Hashable, item: T) -> None:
        self._queues.setdefault(caller, deque()).append(item)

    @property
    def next(self) -> T:
        """The item that `take` would return. Raises StopIteration if the line is empty."""
        return next(iter(self._queues.values()))[0]

    def take(self) -> T:
        """Remove and return the next item. Raises KeyError if the line is empty."""
        caller, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        if queue:
            self._queues[caller] = queue  # behind all others
        return item

    def remove(self, caller: Hashable, item: T) -> bool:
        """Remove an item; False if it is not there."""
        queue = self._queues.get(caller, deque())
        if item not in queue:
            return False
        queue.remove(item)
        if not queue:
            del self._queues[caller]
        return True
