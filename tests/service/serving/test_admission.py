"""Slots and uploads are bounded; what finds no slot is refused at once."""

import asyncio
import threading

import pytest

from service.segmentation.errors import Abandoned, TooLate
from service.segmentation.runtime.call import Call
from service.serving.admission import LONGEST_RETRY_S
from service.serving.errors import BadSettings, Busy, Draining
from tests.support.admitting import MANY, admitting, do, reached, run
from tests.support.waiting import PATIENCE_S, wait_until


def test_work_runs_in_the_admissions_own_threads() -> None:
    async def scenario() -> str:
        return await do(admitting(1, 0), lambda: threading.current_thread().name)

    assert asyncio.run(scenario()).startswith("segment")


def test_the_place_after_the_last_is_refused_and_given_once_one_is_free() -> None:
    async def scenario() -> None:
        admission = admitting(1, 1)
        release = threading.Event()
        taken = [asyncio.create_task(do(admission, lambda: release.wait(PATIENCE_S))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await do(admission, lambda: None)
        release.set()
        assert await asyncio.gather(*taken) == [True, True]
        assert await do(admission, lambda: "served") == "served"
        await reached(lambda: admission.taken == 0)
        admission.close()

    asyncio.run(scenario())


def test_an_error_of_the_work_is_the_callers_and_frees_the_place() -> None:
    async def scenario() -> None:
        admission = admitting(1, 0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await do(admission, lambda: 1 // 0)
            await reached(lambda: admission.taken == 0)
        admission.close()

    asyncio.run(scenario())


def test_an_abandoned_image_keeps_its_slot_until_the_work_ends() -> None:
    async def scenario() -> None:
        admission = admitting(1, 0)
        release = threading.Event()
        task = asyncio.create_task(run(admission, lambda _: release.wait(PATIENCE_S), Call(), memory=1))
        await reached(lambda: admission.memory == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert admission.taken == 1
        release.set()
        await reached(lambda: admission.taken == 0)
        admission.close()

    asyncio.run(scenario())


def test_after_the_deadline_the_caller_is_told_and_waiting_work_never_begins() -> None:
    async def scenario() -> None:
        admission = admitting(1, 1)
        release = threading.Event()
        begun = []
        running = asyncio.create_task(do(admission, lambda: release.wait(PATIENCE_S)))
        await asyncio.sleep(0)
        with pytest.raises(TooLate):
            await run(admission, lambda _: begun.append(1), Call(seconds=0.05))
        assert admission.taken == 1  # the one that waited has left the queue
        release.set()
        assert await running
        assert begun == []
        admission.close()

    asyncio.run(scenario())


def test_work_is_told_when_its_caller_hangs_up() -> None:
    async def scenario() -> None:
        admission = admitting(1, 0)
        gone = asyncio.Event()
        stopped = threading.Event()

        def work(call: Call) -> None:
            wait_until(lambda: call.options.terminate)
            stopped.set()

        running = asyncio.create_task(run(admission, work, Call(), gone.wait))
        await reached(lambda: admission.taken == 1)
        gone.set()
        with pytest.raises(Abandoned):
            await running
        await reached(lambda: stopped.is_set() and admission.taken == 0)
        admission.close()

    asyncio.run(scenario())


def test_callers_take_turns_however_much_one_of_them_sends() -> None:
    async def scenario() -> str:
        admission = admitting(1, 9)
        release = threading.Event()
        served: list[str] = []
        busy = asyncio.create_task(do(admission, lambda: release.wait(PATIENCE_S), "busy"))
        await asyncio.sleep(0)

        def waiting(caller: str) -> "asyncio.Task[None]":
            return asyncio.create_task(do(admission, lambda: served.append(caller), caller))

        tasks = [waiting(caller) for caller in "aaaabca"]
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(busy, *tasks)
        admission.close()
        return "".join(served)

    assert asyncio.run(scenario()) == "abcaaaa"


def test_the_last_slots_are_for_callers_without_one() -> None:
    async def scenario() -> None:
        admission = admitting(1, 4, kept=2)
        release = threading.Event()

        def waiting(caller: str) -> "asyncio.Task[bool]":
            return asyncio.create_task(do(admission, lambda: release.wait(PATIENCE_S), caller))

        tasks = [waiting("much") for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="for others"):
            await do(admission, lambda: None, "much")
        tasks.append(waiting("little"))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="for others"):
            await do(admission, lambda: None, "little")
        tasks.append(waiting("less"))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="at its limit"):
            await do(admission, lambda: None, "last")
        release.set()
        assert all(await asyncio.gather(*tasks))
        admission.close()

    asyncio.run(scenario())


def test_uploads_have_so_much_room_between_them() -> None:
    admission = admitting(1, 4)
    with admission.upload() as first, admission.upload() as second:
        first.take(MANY // 2)
        second.take(MANY // 2)
        with pytest.raises(Busy, match="no room for another upload"):
            second.take(1)
        assert admission.upload_bytes == MANY
    assert admission.upload_bytes == 0


def test_an_upload_is_refused_before_it_comes_where_no_place_is_free() -> None:
    async def scenario() -> None:
        admission = admitting(1, 0)
        release = threading.Event()
        running = asyncio.create_task(do(admission, lambda: release.wait(PATIENCE_S)))
        await asyncio.sleep(0)
        with admission.upload() as upload, pytest.raises(Busy, match="at its limit"):
            upload.take(0)
        release.set()
        await running
        admission.drain()
        with admission.upload() as upload, pytest.raises(Draining):
            upload.take(0)
        admission.close()

    asyncio.run(scenario())


def test_a_refused_client_is_told_when_those_before_it_will_be_done() -> None:
    async def scenario() -> None:
        admission = admitting(2, 100)
        assert admission.retry_after_s == 1
        release = threading.Event()
        taken = [asyncio.create_task(do(admission, lambda: release.wait(PATIENCE_S))) for _ in range(6)]
        await asyncio.sleep(0)
        assert (admission.taken, admission.waiting) == (6, 4)
        admission._seconds = 3.9
        assert admission.retry_after_s == 12  # 6 images of 3.9 s by 2 workers
        admission._seconds = 1000
        assert admission.retry_after_s == LONGEST_RETRY_S
        release.set()
        await asyncio.gather(*taken)
        admission.close()

    asyncio.run(scenario())


def test_the_wait_in_the_queue_is_timed_for_images_that_are_worked_on_and_for_others() -> None:
    async def scenario() -> None:
        admission = admitting(1, 1)
        release = threading.Event()
        begun, late = Call(), Call(seconds=0.05)
        running = asyncio.create_task(run(admission, lambda _: release.wait(PATIENCE_S), begun))
        await asyncio.sleep(0)
        with pytest.raises(TooLate):
            await run(admission, lambda _: None, late)
        release.set()
        await running
        assert late.timings.so_far()["queue"] >= 50
        assert begun.timings.so_far().keys() == {"queue"}
        admission.close()

    asyncio.run(scenario())


def test_no_slot_is_lost_when_threads_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def scenario() -> None:
        admission = admitting(2, 0)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", cannot)
            for _ in range(3):
                assert tuple(await asyncio.gather(do(admission, lambda: 1), do(admission, lambda: 2))) == (1, 2)
                await reached(lambda: admission.taken == 0)
            with pytest.raises(BadSettings, match="lower SEGMENT_WORKERS"):
                admitting(2, 0)
        admission.close()

    asyncio.run(scenario())


def test_a_failure_that_no_client_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        admission = admitting(1, 0)
        release = threading.Event()

        def work(_: Call) -> float:
            release.wait(PATIENCE_S)
            return 1 / 0

        with pytest.raises(TooLate):
            await run(admission, work, Call(seconds=0.05))
        release.set()
        await reached(lambda: admission.taken == 0)
        admission.close()

    asyncio.run(scenario())
    (record,) = caplog.records
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError
