"""Images that are worked on share the memory there is for them."""

import asyncio
import threading

import pytest

from service.segmentation.errors import TooLate
from service.segmentation.runtime.call import Call
from service.serving.errors import NeverFits
from tests.support.admitting import MANY, admitting, never, reached, run
from tests.support.waiting import PATIENCE_S


def test_an_image_waits_until_there_is_memory_for_it_and_those_behind_it_wait_too() -> None:
    async def scenario() -> None:
        admission = admitting(3, 9)
        release = [threading.Event() for _ in range(3)]
        begun: list[int] = []

        def send(number: int, memory: int) -> "asyncio.Task[bool]":
            def work(_: Call) -> bool:
                begun.append(number)
                return release[number].wait(PATIENCE_S)

            return asyncio.create_task(run(admission, work, Call(), memory=memory))

        tasks = [send(0, MANY // 2), send(1, MANY), send(2, 1)]
        await reached(lambda: begun == [0])
        assert (admission.waiting, admission.memory) == (2, MANY // 2)
        release[0].set()
        await reached(lambda: begun == [0, 1])
        assert (admission.waiting, admission.memory) == (1, MANY)
        release[1].set()
        release[2].set()
        assert all(await asyncio.gather(*tasks))
        assert begun == [0, 1, 2]
        await reached(lambda: admission.taken == 0)
        assert admission.memory == 0
        admission.close()

    asyncio.run(scenario())


def test_an_image_that_could_never_fit_is_refused_at_once() -> None:
    async def scenario() -> None:
        admission = admitting(1, 1)
        with pytest.raises(NeverFits, match="send a smaller one"):
            await run(admission, lambda _: None, Call(), memory=MANY + 1)
        assert admission.taken == 0
        admission.close()

    asyncio.run(scenario())


def test_when_one_that_does_not_fit_leaves_the_queue_the_next_begins() -> None:
    async def scenario() -> None:
        admission = admitting(2, 2)
        release = threading.Event()
        running = asyncio.create_task(run(admission, lambda _: release.wait(PATIENCE_S), Call(), memory=1))
        await reached(lambda: admission.memory == 1)
        large = asyncio.create_task(run(admission, lambda _: None, Call(), memory=MANY))
        small = asyncio.create_task(run(admission, lambda _: "small", Call(), memory=1))
        await reached(lambda: admission.waiting == 2)
        large.cancel()
        assert await small == "small"
        release.set()
        await running
        admission.close()

    asyncio.run(scenario())


def test_memory_and_the_uploads_bytes_are_held_until_the_work_has_ended() -> None:
    async def scenario() -> None:
        admission = admitting(1, 0)
        release = threading.Event()
        with admission.upload() as upload:
            upload.take(7)
            with pytest.raises(TooLate):
                await admission.run(lambda _: release.wait(PATIENCE_S), Call(seconds=0.01), never, upload, 11)
        assert (admission.taken, admission.upload_bytes, admission.memory) == (1, 7, 11)
        release.set()
        await reached(lambda: admission.taken == 0)
        assert (admission.upload_bytes, admission.memory) == (0, 0)
        admission.close()

    asyncio.run(scenario())
