"""Admission, and callers who ask it for work."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from service.segmentation.runtime.call import Call
from service.serving.admission import Admission, Limits
from tests.support.waiting import PATIENCE_S

T = TypeVar("T")

MANY = 1_000_000


def admitting(workers: int, queue: int, kept: int = 0) -> Admission:
    return Admission(Limits(workers, queue, MANY, MANY, kept))


async def never() -> None:
    """A caller who stays."""
    await asyncio.Event().wait()


async def do(admission: Admission, work: Callable[[], T], caller: str | None = None) -> T:
    return await run(admission, lambda _: work(), Call(), caller=caller)


async def run(
    admission: Admission,
    work: Callable[[Call], T],
    call: Call,
    gone: Callable[[], Coroutine[Any, Any, object]] = never,
    caller: str | None = None,
    memory: int = 0,
) -> T:
    with admission.upload(caller) as upload:
        return await admission.run(work, call, gone, upload, memory)


async def reached(state: Callable[[], bool]) -> None:
    """Return once `state()`; fail where it never comes."""
    async with asyncio.timeout(PATIENCE_S):
        while not state():  # noqa: ASYNC110  # threads know no asyncio.Event
            await asyncio.sleep(0.001)
