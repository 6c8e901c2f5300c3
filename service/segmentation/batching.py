"""Images that arrive together go through the network together: accelerators are built for that, processors are not."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Thread
from time import monotonic

from service.segmentation.contract import Labels, Pixels, Scores
from service.segmentation.errors import InferenceFailed, SegmentationError
from service.segmentation.model import Model
from service.segmentation.session import Call

Answer = tuple[Labels, Scores | None]


@dataclass(frozen=True)
class Waiting:
    """An image that waits for its answer. Only images of one `kind` can go together."""

    image: Pixels
    scores: bool
    call: Call
    answer: "Future[Answer]" = field(default_factory=Future)

    @property
    def kind(self) -> tuple[tuple[int, ...], bool]:
        return self.image.shape, self.scores


class Batcher:
    """Runs images of one shape up to `largest` at a time; the first of a batch waits `wait_s` at most for others.

    Safe to call from several threads, which is the point. Answers are those of images that are run alone, and an image
    that the network fails on fails alone.
    """

    def __init__(self, model: Model, largest: int, wait_s: float) -> None:
        self._model, self._largest, self._wait_s = model, largest, wait_s
        self._arrivals: Queue[Waiting] = Queue()
        self._left: deque[Waiting] = deque()
        Thread(target=self._work, name="batcher", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Images that are in no batch yet."""
        return self._arrivals.qsize() + len(self._left)

    def run(self, image: Pixels, scores: bool = False, call: Call | None = None) -> Answer:
        """As Model.run, in company. Raises InferenceFailed, TooLate, Abandoned."""
        waiting = Waiting(image, scores, call or Call())
        self._arrivals.put(waiting)
        return waiting.answer.result()

    def _work(self) -> None:
        while True:
            batch = [waiting for waiting in self._batch() if self._still_wanted(waiting)]
            if batch:
                self._answer(batch)

    def _still_wanted(self, waiting: Waiting) -> bool:
        try:
            waiting.call.check()
        except SegmentationError as error:
            waiting.answer.set_exception(error)
            return False
        return True

    def _batch(self) -> list[Waiting]:
        """The one that has waited longest, and others of its kind: those that wait already, those that come soon."""
        first = self._left.popleft() if self._left else self._arrivals.get()
        batch = [first]
        others = deque[Waiting]()
        for waiting in self._left:
            fits = waiting.kind == first.kind and len(batch) < self._largest
            (batch if fits else others).append(waiting)
        end = monotonic() + self._wait_s
        while len(batch) < self._largest:
            try:
                waiting = self._arrivals.get(timeout=max(0.0, end - monotonic()))
            except Empty:
                break
            (batch if waiting.kind == first.kind else others).append(waiting)
        self._left = others
        return batch

    def _answer(self, batch: Sequence[Waiting]) -> None:
        try:
            answers = self._model.run_batch([waiting.image for waiting in batch], batch[0].scores)
        except InferenceFailed as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
            else:
                for waiting in batch:
                    self._answer([waiting])
        except Exception as error:  # whatever it is, nobody may wait for ever
            for waiting in batch:
                waiting.answer.set_exception(error)
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.answer.set_result(answer)
