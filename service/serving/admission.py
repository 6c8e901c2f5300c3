"""Admits images: each takes a slot, room for its upload, and memory while a worker has it. Without a free slot it is
refused at once."""

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
from service.segmentation.runtime.memory import MIB
from service.serving.errors import BadSettings, Busy, Draining, NeverFits
from service.serving.line import Line

log = logging.getLogger("fcn_serve.failure")

T = TypeVar("T")

LONGEST_RETRY_S = 60
RECENT = 16
"""The time that an image takes is averaged over about so many."""

Take = Callable[[int], None]
"""Takes room for so many more bytes. Raises Busy and Draining."""


@dataclass(frozen=True)
class Limits:
    """workers: images that are segmented at once.
    queue: images that wait.
    upload_bytes: of all bodies in memory.
    memory: bytes for segmenting, shared by the workers.
    kept: the last slots, for callers who hold none.
    """

    workers: int
    queue: int
    upload_bytes: int
    memory: int
    kept: int = 0


@dataclass(eq=False)
class Upload:
    """A caller's body, of which `size` bytes have arrived."""

    caller: Hashable
    admission: "Admission"
    size: int = 0

    def take(self, size: int) -> None:
        """Take room for so many more bytes. Raises Busy and Draining."""
        if self.size == 0:
            self.admission.check(self.caller)
        self.admission.hold(size)
        self.size += size


@dataclass(eq=False)
class Job:
    """Work for a caller, and the future of its result.

    upload_bytes: of the body, which the job holds.
    memory: bytes that the work may take.
    put, began: when it entered the queue and when a worker took it, in seconds of the performance counter.
    """

    caller: Hashable
    upload_bytes: int
    memory: int
    call: Call
    work: Callable[[Call], Any]
    result: "asyncio.Future[Any]"
    put: float = field(default_factory=perf_counter)
    began: float = 0.0

    def do(self) -> Any:
        """Run the work, in a worker."""
        self.began = perf_counter()
        self.call.timings.add("queue", self.put)
        return self.work(self.call)


class Admission:
    """Runs jobs in its own threads; callers take turns. Use it from one event loop.

    A job waits until its memory is free. Those behind it wait too, or a large image could wait for ever.
    """

    def __init__(self, limits: Limits) -> None:
        """Raises BadSettings."""
        self._limits = limits
        self._executor = started(limits.workers)
        self._idle = limits.workers
        self._line: Line[Job] = Line()
        self._jobs: set[Job] = set()
        self._of_caller: Counter[Hashable] = Counter()
        self._seconds = 0.0  # recent average of a job
        self.upload_bytes = 0
        self.memory = 0
        self.draining = False

    @property
    def taken(self) -> int:
        """Images in the queue or with a worker."""
        return len(self._jobs)

    @property
    def waiting(self) -> int:
        """Images that wait for a worker."""
        return len(self._line)

    @property
    def slots(self) -> int:
        """Images that fit into the queue and the workers."""
        return self._limits.workers + self._limits.queue

    @property
    def most_memory(self) -> int:
        """Bytes of memory for segmenting. Work that needs more is refused with NeverFits."""
        return self._limits.memory

    @property
    def retry_after_s(self) -> int:
        """Estimated seconds until the present jobs are done."""
        return min(LONGEST_RETRY_S, max(1, math.ceil(self.taken * self._seconds / self._limits.workers)))

    @contextmanager
    def upload(self, caller: Hashable = None) -> Iterator[Upload]:
        """Room for one body, taken as it arrives. It is released at the end, or by the job that `run` makes of it."""
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
        """Raises Busy if no slot is free for this caller, Draining if the service is stopping."""
        if self.draining:
            raise Draining
        free = self.slots - self.taken
        if free <= 0:
            raise Busy("The service is working at its limit; try again in a moment.")
        if free <= self._limits.kept and self._of_caller[caller]:
            raise Busy("Other images of yours are waiting, and the last slots are for others; try again in a moment.")

    async def run(
        self,
        work: Callable[[Call], T],
        call: Call,
        gone: Callable[[], Coroutine[Any, Any, object]],
        upload: Upload,
        memory: int = 0,
    ) -> T:
        """Run `work`, which may take `memory` bytes, in a worker, until the call's deadline or until `gone` returns.
        The slot, the memory and the upload's bytes are released when the work has ended, also if that is later.

        Raises Busy, Draining, NeverFits, TooLate and Abandoned, and what `work` raises.
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
            await asyncio.wait((job.result, leaving), timeout=call.left, return_when=asyncio.FIRST_COMPLETED)
            if job.result.done():
                result: T = job.result.result()
                return result
            raise Abandoned if leaving.done() else TooLate
        finally:
            leaving.cancel()
            self._leave(job)

    def _begin(self) -> None:
        """Start the next jobs while workers are idle and memory is free."""
        while self._idle and self._line and self.memory + self._line.next.memory <= self._limits.memory:
            self._start(self._line.take())

    def _start(self, job: Job) -> None:
        loop = asyncio.get_running_loop()
        done = self._executor.submit(job.do)
        self._idle -= 1
        self.memory += job.memory
        done.add_done_callback(lambda done: loop.call_soon_threadsafe(self._end, job, done))

    def _leave(self, job: Job) -> None:
        """The caller is gone or answered. A job in the queue is dropped; one that runs keeps its slot until it ends."""
        if not job.result.done():
            job.result.cancel()
            job.call.abandon()
            if self._line.remove(job.caller, job):
                job.call.timings.add("queue", job.put)
                self._forget(job)
                self._begin()  # the next may fit where this one did not

    def _end(self, job: Job, done: "Future[Any]") -> None:
        """A worker has ended a job."""
        self._idle += 1
        self.memory -= job.memory
        self._seconds += (perf_counter() - job.began - self._seconds) / RECENT
        self._forget(job)
        error = None if done.cancelled() else done.exception()
        if job.result.done():  # with TooLate or Abandoned, as the work did not end in time
            if error is not None and not isinstance(error, (TooLate, Abandoned)):
                log.error("an image failed after its request had ended", exc_info=error)
        elif error is None:
            job.result.set_result(done.result())
        else:
            job.result.set_exception(error)
        self._begin()

    def _forget(self, job: Job) -> None:
        self._jobs.remove(job)
        self.upload_bytes -= job.upload_bytes
        self._of_caller[job.caller] -= 1
        if not self._of_caller[job.caller]:
            del self._of_caller[job.caller]

    def drain(self) -> None:
        """Refuse new images; those in slots are still answered."""
        self.draining = True

    def close(self) -> None:
        """Abandon all jobs and end the threads."""
        for job in self._jobs:
            job.call.abandon()
        self._executor.shutdown(cancel_futures=True)


def started(workers: int) -> ThreadPoolExecutor:
    """An executor whose threads have all started: a thread that cannot start later, when memory is short, would lose a
    job. Raises BadSettings.
    """
    executor = ThreadPoolExecutor(workers, thread_name_prefix="segment")
    met = Barrier(workers + 1)
    try:
        for _ in range(workers):
            executor.submit(met.wait)  # no thread is idle, so each starts another one
        met.wait()
    except RuntimeError as error:
        met.abort()
        executor.shutdown(cancel_futures=True)
        raise BadSettings(f"the system cannot start {workers} threads; lower SEGMENT_WORKERS.") from error
    return executor
