"""A slot for every image that is worked on or waits, room for its bytes, and memory for working on it. An image that
finds no slot is refused at once."""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Barrier
from time import perf_counter
from typing import Any, TypeVar

from service.segmentation.errors import Abandoned, TooLate
from service.segmentation.runtime.call import Call
from service.serving.errors import Busy, Draining, NeverFits
from service.serving.line import Line

log = logging.getLogger("fcn_serve.failure")

T = TypeVar("T")

LONGEST_RETRY_S = 60
RECENT = 16
"""Over about so many images the time that one takes is averaged."""

Take = Callable[[int], None]
"""Takes room for so many bytes more. Raises Busy, and Draining."""

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """`workers` images at once, and `queue` more that wait their turn, the last `kept` for callers who have none yet;
    `upload_bytes` for all bodies that are here, and `memory` bytes for the images that are worked on."""

    workers: int
    queue: int
    upload_bytes: int
    memory: int
    kept: int = 0


@dataclass(eq=False)
class Upload:
    """A caller's body, as far as it has arrived: `size` bytes."""

    caller: Hashable
    admission: "Admission"
    size: int = 0

    def take(self, size: int) -> None:
        """Take room for so many bytes more. Raises Busy and Draining."""
        if self.size == 0:
            self.admission.check(self.caller)
        self.admission.hold(size)
        self.size += size


@dataclass(eq=False)
class Job:
    """What is to be done for a caller, and where its result goes.

    upload_bytes: of the body, which stays as long as the job.
    memory: bytes that the work takes.
    """

    caller: Hashable
    upload_bytes: int
    memory: int
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
    """Does images in threads of its own, callers in turn. To be used from one event loop.

    An image that does not fit beside those that are worked on waits, and so do all behind it: a large one would
    otherwise wait for ever.
    """

    def __init__(self, limits: Limits) -> None:
        """Raises RuntimeError where the workers' threads cannot be started."""
        self._limits = limits
        self._executor = started(limits.workers)
        self._idle = limits.workers
        self._line: Line[Job] = Line()
        self._jobs: set[Job] = set()
        self._of_caller: Counter[Hashable] = Counter()
        self._seconds = 0.0  # that an image takes a worker, of late
        self.upload_bytes = 0
        self.memory = 0
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
    def upload(self, caller: Hashable = None) -> Iterator[Upload]:
        """Room for one body, taken as it arrives. It is given back at the end, or by the job that `run` makes of it."""
        upload = Upload(caller, self)
        try:
            yield upload
        finally:
            self.upload_bytes -= upload.size

    def hold(self, size: int) -> None:
        """Take so many bytes of the room for uploads. Raises Busy."""
        if self.upload_bytes + size > self._limits.upload_bytes:
            raise Busy("The service has no room for another upload; try again in a moment.")
        self.upload_bytes += size

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
        upload: Upload,
        memory: int = 0,
    ) -> T:
        """Do `work`, which takes so many bytes of `memory`, in a worker, while the caller's time lasts, and until the
        caller has `gone`. The memory, and the upload's bytes, are held until the work has ended.

        Raises Busy and Draining, as `check` does; NeverFits; TooLate, and Abandoned.
        """
        self.check(upload.caller)
        if memory > self._limits.memory:
            raise NeverFits(memory // MIB, self._limits.memory // MIB)
        job = Job(upload.caller, upload.size, memory, call, work, asyncio.get_running_loop().create_future())
        upload.size = 0
        self._jobs.add(job)
        self._of_caller[job.caller] += 1
        self._line.put(job.caller, job)
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
        """Give those who are next to the workers who are idle, as long as there is memory for them."""
        while self._idle and self._line and self.memory + self._line.next.memory <= self._limits.memory:
            self._start(self._line.take())

    def _start(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        done = self._executor.submit(job.do)
        self._idle -= 1
        self.memory += job.memory
        done.add_done_callback(lambda done: loop.call_soon_threadsafe(self._end, job, done))

    def _leave(self, job: Job) -> None:
        """Nobody waits for the answer any more. What has begun keeps its place until it has stopped."""
        if not job.answer.done():
            job.answer.cancel()
            job.call.abandon()
            if self._line.remove(job.caller, job):
                job.call.timings.add("queue", perf_counter() - job.put)
                self._forget(job)
                self._begin()  # the next may fit where this one did not

    def _end(self, job: Job, done: "Future[Any]") -> None:
        """A worker is idle again."""
        self._idle += 1
        self.memory -= job.memory
        self._seconds += (perf_counter() - job.began - self._seconds) / RECENT
        self._forget(job)
        error = None if done.cancelled() else done.exception()
        if job.answer.done():  # with TooLate or Abandoned, as the work did not end in time
            if error is not None and not isinstance(error, (TooLate, Abandoned)):
                log.error("an image failed after its request had ended", exc_info=error)
        elif error is None:
            job.answer.set_result(done.result())
        else:
            job.answer.set_exception(error)
        self._begin()

    def _forget(self, job: Job) -> None:
        self._jobs.remove(job)
        self.upload_bytes -= job.upload_bytes
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


def started(workers: int) -> ThreadPoolExecutor:
    """An executor whose threads all run: later, when memory is short, one that cannot start would lose an image.

    Raises RuntimeError where they cannot.
    """
    executor = ThreadPoolExecutor(workers, thread_name_prefix="segment")
    met = Barrier(workers + 1)
    try:
        for _ in range(workers):
            executor.submit(met.wait)  # none is idle, so each takes a thread of its own
        met.wait()
    except RuntimeError:
        met.abort()
        executor.shutdown(cancel_futures=True)
        raise
    return executor
