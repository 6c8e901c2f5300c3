"""Images that arrive together run through the network as a batch, which is faster on accelerators."""

import weakref
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Thread
from time import monotonic, perf_counter

from service.segmentation.errors import InferenceFailed, OutOfMemory, SegmentationError
from service.segmentation.modelfile.contract import Pixels
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model, Output
from service.segmentation.runtime.turns import Turns


@dataclass(frozen=True)
class Waiting:
    """An image in the queue since `arrived`, and the future of its answer. A batch has images of one `kind`."""

    image: Pixels
    scores: bool
    call: Call
    answer: "Future[Output]" = field(default_factory=Future)
    arrived: float = field(default_factory=perf_counter)

    @property
    def kind(self) -> tuple[tuple[int, ...], bool]:
        return self.image.shape, self.scores


class Batcher:
    """Runs images of one shape up to `largest` at a time, in a turn; the first of a batch waits `wait_s` at most for
    others.

    Safe to call from several threads. Answers are those of images that are run alone, and an image that the network
    fails on fails alone. An image whose call has ended enters no batch; a network that runs for one image stops when
    its call is abandoned, one that runs for several goes on for the others.
    """

    def __init__(self, model: Model, turns: Turns, largest: int, wait_s: float) -> None:
        self._worker = Worker(model, turns, largest, wait_s)
        Thread(target=self._worker.work, name="batcher", daemon=True).start()
        # The thread holds the worker only, so that thread and model end with the last reference to the batcher.
        weakref.finalize(self, self._worker.arrivals.put, None)

    @property
    def waiting(self) -> int:
        """Images that wait for a batch."""
        return self._worker.arrivals.qsize() + len(self._worker.left)

    def run(self, image: Pixels, scores: bool = False, call: Call | None = None) -> Output:
        """As Model.run, in a batch. Raises InferenceFailed, OutOfMemory, TooLate, Abandoned."""
        waiting = Waiting(image, scores, call or Call())
        self._worker.arrivals.put(waiting)
        return waiting.answer.result()


class Worker:
    """Takes what arrives, batch by batch, until a None arrives."""

    def __init__(self, model: Model, turns: Turns, largest: int, wait_s: float) -> None:
        self._model, self._turns, self._largest, self._wait_s = model, turns, largest, wait_s
        self.arrivals: Queue[Waiting | None] = Queue()
        self.left: deque[Waiting] = deque()

    def work(self) -> None:
        while (first := self.left.popleft() if self.left else self.arrivals.get()) is not None:
            batch = self._batch(first)
            with self._turns.turn(Call()):
                self._answer([waiting for waiting in batch if self._still_wanted(waiting)])

    def _still_wanted(self, waiting: Waiting) -> bool:
        waiting.call.timings.add("turn", waiting.arrived)
        try:
            waiting.call.check()
        except SegmentationError as error:
            waiting.answer.set_exception(error)
            return False
        return True

    def _batch(self, first: Waiting) -> list[Waiting]:
        """The image that has waited longest, and others of its kind, from the queue or arriving in time."""
        batch = [first]
        others = deque[Waiting]()
        for waiting in self.left:
            fits = waiting.kind == first.kind and len(batch) < self._largest
            (batch if fits else others).append(waiting)
        end = monotonic() + self._wait_s
        while len(batch) < self._largest:
            try:
                arrived = self.arrivals.get(timeout=max(0.0, end - monotonic()))
            except Empty:
                break
            if arrived is None:
                self.arrivals.put(None)
                break
            (batch if arrived.kind == first.kind else others).append(arrived)
        self.left = others
        return batch

    def _answer(self, batch: Sequence[Waiting]) -> None:
        try:
            answers = self._run(batch)
        except (InferenceFailed, OutOfMemory) as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
            else:
                for waiting in batch:
                    self._answer([waiting])
        except Exception as error:  # a caller without a result would wait for ever
            for waiting in batch:
                waiting.answer.set_exception(error)
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.answer.set_result(answer)

    def _run(self, batch: Sequence[Waiting]) -> list[Output]:
        if not batch:
            return []
        first = batch[0]
        if len(batch) == 1:
            return [self._model.run(first.image, first.scores, first.call)]
        began = perf_counter()
        answers = self._model.run_batch([waiting.image for waiting in batch], first.scores)
        for waiting in batch:
            waiting.call.timings.add("network", began)
        return answers
