"""Places are bounded; who comes when all are taken is refused at once."""

import asyncio
import threading

import pytest

from service.http.admission import Admission
from service.http.errors import Busy


def test_work_runs_in_the_admissions_own_threads() -> None:
    async def scenario() -> str:
        return await Admission(1, 0).run(lambda: threading.current_thread().name)

    assert asyncio.run(scenario()).startswith("segment")


def test_the_place_after_the_last_is_refused_and_given_once_one_is_free() -> None:
    async def scenario() -> None:
        admission = Admission(workers=1, queue=1)
        release = threading.Event()
        taken = [asyncio.create_task(admission.run(lambda: release.wait(5))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await admission.run(lambda: None)
        release.set()
        assert await asyncio.gather(*taken) == [True, True]
        assert await admission.run(lambda: "served") == "served"
        await asyncio.sleep(0.01)
        assert admission.taken == 0
        admission.close()

    asyncio.run(scenario())


def test_an_error_of_the_work_is_the_callers_and_frees_the_place() -> None:
    async def scenario() -> None:
        admission = Admission(workers=1, queue=0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await admission.run(lambda: 1 // 0)
            await asyncio.sleep(0.01)
        admission.close()

    asyncio.run(scenario())


def test_a_caller_who_has_gone_keeps_the_place_until_the_work_ends() -> None:
    async def scenario() -> None:
        admission = Admission(workers=1, queue=0)
        release = threading.Event()
        task = asyncio.create_task(admission.run(lambda: release.wait(5)))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert admission.taken == 1
        release.set()
        await asyncio.sleep(0.05)
        assert admission.taken == 0
        admission.close()

    asyncio.run(scenario())
