"""Overload: every request is accounted for, and gets its own answer or a refusal."""

import asyncio
import hashlib
import json
import math
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import overload, subjects
from benchmarks.overload import Baseline, Exchange, LoadRun
from benchmarks.promise import Promise, table
from benchmarks.wire import Answer, exchange, get
from service.serving.settings import Settings
from tests.support import colours, slow
from tests.support.pictures import encoded

LEVEL = 5
"""Red of the first pixel: enough for a tenth of a second on a slow machine."""


def pictures(count: int) -> list[bytes]:
    """Different pictures that are equally slow."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, colours.HEIGHT, colours.WIDTH, 3), dtype=np.uint8)
    pixels[:, 0, 0] = (LEVEL, 0, 0)
    return [encoded(Image.fromarray(one)) for one in pixels]


def test_a_service_under_five_times_its_load_keeps_every_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "slow.onnx"
    file.write_bytes(slow.model_bytes())
    with subjects.service(models=file, queue=4) as subject:
        promises = overload.run(subject, Settings(models=file, queue=4), pictures(4), seconds=3, times=5)
    measured = {promise.name: promise.measured for promise in promises}
    assert (
        measured["p99 of accepted, ms"] > measured["p99 of refused, ms"] > 0
    )  # NaN, which compares as false, if there were none
    assert [measured[name] for name in ACCOUNTS] == [0, 0, 0, 0]
    assert table(promises) in capsys.readouterr().out


ACCOUNTS = (
    "checks of health that failed",
    "neither accepted nor refused",
    "requests sent but not counted, or counted but not sent",
    "answers of another image",
)


def answered(photo: bytes, body: dict[str, object], seconds: float = 0.1) -> Exchange:
    content = json.dumps(body).encode()
    came = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    return Exchange(0, hashlib.sha256(photo).hexdigest(), Answer(came, 0, seconds))


def about(photo: bytes, road: int = 7) -> dict[str, object]:
    return {"image": {"sha256": hashlib.sha256(photo).hexdigest()}, "classes": [{"pixels": road}]}


BASELINE = Baseline(0.1, 10, {hashlib.sha256(photo).hexdigest(): about(photo) for photo in (b"one", b"two")})


def measured(load: LoadRun) -> dict[str, float]:
    return {promise.name: promise.measured for promise in overload.judged(load, BASELINE, Settings())}


@pytest.mark.parametrize(
    ("body", "mistaken"),
    [(about(b"one") | {"timings_ms": {"infer": 5}}, 0), (about(b"two"), 1), (about(b"one", road=8), 1)],
    ids=["its own", "another photo's", "with other areas"],
)
def test_an_answer_must_be_that_of_its_photo(body: dict[str, object], mistaken: int) -> None:
    load = LoadRun([answered(b"one", body)], [], Counter({200: 1}))
    assert measured(load)["answers of another image"] == mistaken


def test_an_answer_that_names_another_photo_is_mistaken() -> None:
    baseline = Baseline(0.1, 10, dict.fromkeys(BASELINE.answers, about(b"two")))
    load = LoadRun([answered(b"one", about(b"two"))], [], Counter({200: 1}))
    (promise,) = [p for p in overload.judged(load, baseline, Settings()) if "another" in p.name]
    assert promise.measured == 1


@pytest.mark.parametrize(
    ("counted", "difference"), [({200: 2}, 0), ({200: 1}, 1), ({200: 3}, 1), ({200: 1, 503: 1}, 2)]
)
def test_every_request_must_be_counted_under_its_status(counted: dict[int, int], difference: int) -> None:
    load = LoadRun([answered(b"one", about(b"one"))] * 2, [], Counter(counted))
    assert measured(load)["requests sent but not counted, or counted but not sent"] == difference


def test_the_bound_is_what_the_last_in_the_queue_has_to_wait() -> None:
    """One network at a time and 3 + 7 - 1 images more: nine before the last."""
    settings = Settings(workers=3, queue=7)
    (bound,) = [
        p for p in overload.judged(LoadRun([], [], Counter()), BASELINE, settings) if p.name == "p99 of accepted, ms"
    ]
    assert bound.most == pytest.approx(1.3 * 1000 * (9 + 1) * 0.1)


def test_the_baseline_is_the_mean_of_before_and_after() -> None:
    between = overload.between(Baseline(0.1, 10, BASELINE.answers), Baseline(0.2, 8, {}))
    assert (between.seconds, between.per_second) == pytest.approx((0.15, 9))
    assert between.answers == BASELINE.answers


def test_a_promise_without_a_measurement_is_not_kept() -> None:
    assert not Promise("p99", math.nan, most=100).kept
    assert not Promise("p99", 101, most=100).kept
    assert not Promise("rate", 0.7, least=0.8).kept
    lines = table([Promise("p99, ms", 99, most=100), Promise("lost", 1, 0, 0)]).splitlines()
    assert lines[2:] == ["| p99, ms | 99 | at most 100 | kept |", "| lost | 1 | 0 | **BROKEN** |"]


def talk(response: bytes, patience_s: float = 60, closes: bool = True) -> Answer:
    """An exchange with a server that sends this response to every request, and closes, or waits for the caller to."""

    async def both() -> Answer:
        ended = asyncio.Event()

        async def on_caller(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):  # the caller may reset the connection
                writer.write(response)
                if not closes:
                    await reader.read()  # to the end, which only the caller makes
                writer.close()
                await writer.wait_closed()
            ended.set()

        async with await asyncio.start_server(on_caller, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            answer = await exchange((host, port), get("/"), patience_s)
            await ended.wait()
            return answer

    return asyncio.run(both())


WHOLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"


@pytest.mark.parametrize(
    ("sent", "status", "body"),
    [(WHOLE, 503, b"busy"), (WHOLE[:-1], 0, b""), (b"", 0, b"")],
    ids=["all", "most", "none"],
)
def test_only_a_complete_answer_has_a_status(sent: bytes, status: int, body: bytes) -> None:
    answer = talk(sent)
    assert (answer.status, answer.body) == (status, body)


def test_an_impatient_caller_disconnects() -> None:
    answer = talk(b"", patience_s=0.05, closes=False)
    assert answer.status == 0
    assert answer.ended - answer.began >= 0.05
