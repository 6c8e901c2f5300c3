"""A place for every image that is worked on or waits; whoever comes when all are taken is refused at once."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from service.http.errors import Busy, Draining
from service.segmentation.errors import Abandoned, TooLate
from service.segmentation.session import Call

T = TypeVar("T")


class Admission:
    """`workers` images at once, in threads of their own, and `queue` more that wait their turn."""

    def __init__(self, workers: int, queue: int) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="segment")
        self._places = workers + queue
        self.draining = False
        self._calls: set[Call] = set()

    @property
    def taken(self) -> int:
        """Images worked on or waiting."""
        return len(self._calls)

    async def run(self, work: Callable[[Call], T], call: Call, gone: Callable[[], Coroutine[Any, Any, object]]) -> T:
        """Do `work` in a worker, while the caller's time lasts, and until the caller has `gone`.

        Raises Busy at once when no place is free, Draining when none is given any more; TooLate, and Abandoned.
        """
        if self.draining:
            raise Draining("The service is stopping; try again in a moment, elsewhere if you can.")
        if self.taken >= self._places:
            raise Busy("The service is working at its limit; try again in a moment.")
        self._calls.add(call)
        future = self._executor.submit(work, call)
        # The place is freed when the work ends, not when a caller who has gone stops waiting for it.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._calls.discard, call))
        answer, leaving = asyncio.wrap_future(future), asyncio.create_task(gone())
        try:
            await asyncio.wait((answer, leaving), timeout=call.left, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            call.abandon()
            answer.cancel()  # what has not begun never does
            raise Abandoned if leaving.done() else TooLate
        finally:
            leaving.cancel()

    def drain(self) -> None:
        """Take no more images; those that are taken are answered."""
        self.draining = True

    def close(self) -> None:
        """End, and abandon what is still worked on."""
        for call in self._calls:
            call.abandon()
        self._executor.shutdown(cancel_futures=True)
