"""A place for every image that is worked on or waits, and room for its bytes; who comes when there is none is refused
at once."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar

from service.segmentation.errors import Abandoned, TooLate
from service.segmentation.runtime.call import Call
from service.serving.errors import Busy, Draining
from service.serving.line import Line

T = TypeVar("T")

LONGEST_RETRY_S = 60
RECENT = 16
"""Over about so many images the time that one takes is averaged."""

Take = Callable[[int], None]
"""Takes room for so many bytes more. Raises Busy, and Draining."""


@dataclass(frozen=True)
class Limits:
    """`workers` images at once, and `queue` more that wait their turn, the last `kept` for callers who have none yet;
    `upload_bytes` for all bodies that are here."""

    workers: int
    queue: int
    upload_bytes: int
    kept: int = 0


@dataclass(eq=False)
class Job:
    """What is to be done for a caller, and where its result goes."""

    caller: Hashable
    call: Call
    work: Callable[[Call], Any]
    answer: "asyncio.Future[Any]"
    put: float = field(default_factory=perf_counter)
    began: float = 0.0

    def do(self) -> Any:
        """The work, in a worker; its wait in the queue is over."""
        self.began = perf_counter()
        self.call.timings.add("queue", self.began - self.put)
        return self.work(self.call)


class Admission:
    """Does images in threads of its own, callers in turn. To be used from one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._executor = ThreadPoolExecutor(limits.workers, thread_name_prefix="segment")
        self._idle = limits.workers
        self._line: Line[Job] = Line()
        self._jobs: set[Job] = set()
        self._of_caller: Counter[Hashable] = Counter()
        self._seconds = 0.0  # that an image takes a worker, of late
        self.upload_bytes = 0
        self.draining = False

    @property
    def taken(self) -> int:
        """Images worked on or waiting."""
        return len(self._jobs)

    @property
    def waiting(self) -> int:
        """Images that wait for a worker."""
        return len(self._line)

    @property
    def slots(self) -> int:
        """Images that may be worked on or wait."""
        return self._limits.workers + self._limits.queue

    @property
    def retry_after_s(self) -> int:
        """Seconds after which those who are here now will probably have been answered."""
        return min(LONGEST_RETRY_S, max(1, math.ceil(self.taken * self._seconds / self._limits.workers)))

    @contextmanager
    def upload(self, caller: Hashable = None) -> Iterator[Take]:
        """Room for one body while it comes, waits and is worked on, taken as it comes, of 0 bytes to begin with."""
        held = 0

        def take(size: int) -> None:
            nonlocal held
            if held == 0:
                self.check(caller)
            if self.upload_bytes + size > self._limits.upload_bytes:
                raise Busy("The service has no room for another upload; try again in a moment.")
            held += size
            self.upload_bytes += size

        try:
            yield take
        finally:
            self.upload_bytes -= held

    def check(self, caller: Hashable = None) -> None:
        """Raise Busy where no place is free for this caller, Draining where none is given any more."""
        if self.draining:
            raise Draining
        free = self.slots - self.taken
        if free <= 0:
            raise Busy("The service is working at its limit; try again in a moment.")
        if free <= self._limits.kept and self._of_caller[caller]:
            raise Busy(
                "Images of yours are waiting already, and the last places are for others; try again in a moment."
            )

    async def run(
        self,
        work: Callable[[Call], T],
        call: Call,
        gone: Callable[[], Coroutine[Any, Any, object]],
        caller: Hashable = None,
    ) -> T:
        """Do `work` in a worker, while the caller's time lasts, and until the caller has `gone`.

        Raises Busy and Draining, as `check` does; TooLate, and Abandoned.
        """
        self.check(caller)
        job = Job(caller, call, work, asyncio.get_running_loop().create_future())
        self._jobs.add(job)
        self._of_caller[caller] += 1
        self._line.put(caller, job)
        self._begin()
        leaving = asyncio.create_task(gone())
        try:
            await asyncio.wait((job.answer, leaving), timeout=call.left, return_when=asyncio.FIRST_COMPLETED)
            if job.answer.done():
                result: T = job.answer.result()
                return result
            raise Abandoned if leaving.done() else TooLate
        finally:
            leaving.cancel()
            self._leave(job)

    def _begin(self) -> None:
        """Give those who are next to the workers who are idle."""
        while self._idle and self._line:
            self._start(self._line.take())

    def _start(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        self._idle -= 1
        done = self._executor.submit(job.do)
        done.add_done_callback(lambda done: loop.call_soon_threadsafe(self._end, job, done))

    def _leave(self, job: Job) -> None:
        """Nobody waits for the answer any more. What has begun keeps its place until it has stopped."""
        if not job.answer.done():
            job.answer.cancel()
            job.call.abandon()
            if self._line.remove(job.caller, job):
                job.call.timings.add("queue", perf_counter() - job.put)
                self._forget(job)

    def _end(self, job: Job, done: "Future[Any]") -> None:
        """A worker is idle again."""
        self._idle += 1
        self._seconds += (perf_counter() - job.began - self._seconds) / RECENT
        self._forget(job)
        if not job.answer.done():
            error = done.exception()
            job.answer.set_result(done.result()) if error is None else job.answer.set_exception(error)
        self._begin()

    def _forget(self, job: Job) -> None:
        self._jobs.remove(job)
        self._of_caller[job.caller] -= 1
        if not self._of_caller[job.caller]:
            del self._of_caller[job.caller]

    def drain(self) -> None:
        """Take no more images; those that are taken are answered."""
        self.draining = True

    def close(self) -> None:
        """End, and abandon what is still worked on."""
        for job in self._jobs:
            job.call.abandon()
        self._executor.shutdown(cancel_futures=True)
