"""Who waits, and who is next: callers take turns, however many images one of them has sent."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """A queue for each caller; the next is the oldest of the caller who has waited longest for a turn."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Hashable, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def put(self, caller: Hashable, item: T) -> None:
        self._queues.setdefault(caller, deque()).append(item)

    @property
    def next(self) -> T:
        """What `take` would return. Raises StopIteration where nobody waits."""
        return next(iter(self._queues.values()))[0]

    def take(self) -> T:
        """The next one. Raises KeyError where nobody waits."""
        caller, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        if queue:
            self._queues[caller] = queue  # behind all others
        return item

    def remove(self, caller: Hashable, item: T) -> bool:
        """Take out one that waits no longer; whether it was there."""
        queue = self._queues.get(caller, deque())
        if item not in queue:
            return False
        queue.remove(item)
        if not queue:
            del self._queues[caller]
        return True
