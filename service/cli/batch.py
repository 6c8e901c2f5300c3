"""Work on many images in threads, no more of them in hand than keep the threads busy."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from service.cli.sources import Source

T = TypeVar("T")

AHEAD = 2
"""Images that are ready for threads which become free."""


def each(sources: Iterable[Source], work: Callable[[Source], T], at_once: int) -> Generator[tuple[Source, "Future[T]"]]:
    """Every image with the outcome of its work, as they come. If the generator is closed, work that has begun is ended,
    and no other begins.
    """
    left, running = iter(sources), dict[Future[T], Source]()
    executor = ThreadPoolExecutor(at_once, thread_name_prefix="segment")
    try:
        while True:
            for source in islice(left, at_once + AHEAD - len(running)):
                running[executor.submit(work, source)] = source
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future
    finally:
        executor.shutdown(cancel_futures=True)
