"""Where the time of a request went: each stage means what it says, and together they are no more than the whole."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from service.segmentation.stopwatch import STAGES
from tests.support import slow
from tests.support.pictures import encoded, quarters
from tests.support.scrape import metric
from tests.support.server import serving
from tests.support.waiting import wait_until

PNG = {"Content-Type": "image/png"}
HELD, SHORT = slow.picture(200), slow.picture(5)


def header(response: httpx2.Response) -> dict[str, float]:
    """Milliseconds by stage, as Server-Timing has them."""
    parts = (part.split(";dur=") for part in response.headers["Server-Timing"].split(", "))
    return {stage: float(milliseconds) for stage, milliseconds in parts}


@pytest.mark.parametrize("query", ["", "?include=", "?include=mask,confidence&heatmap=red"])
def test_header_and_json_name_all_stages_in_order(client: httpx2.Client, query: str) -> None:
    response = client.post(f"/segment{query}", content=encoded(quarters()), headers=PNG)
    timings, shown = response.json()["timings_ms"], header(response)
    assert list(shown) == list(timings) == list(STAGES)
    assert shown.pop("encode") >= timings.pop("encode")  # the JSON cannot contain the time of writing it out
    assert shown == timings


def test_stages_are_counted_as_far_as_an_image_came(client: httpx2.Client) -> None:
    def counts() -> dict[str, float]:
        name = "segment_stage_seconds_count"
        return {stage: metric(client, name, stage=stage, model="colours") for stage in STAGES}

    before = counts()
    client.post("/segment", content=encoded(quarters()), headers=PNG)
    after = counts()
    assert after == {stage: count + 1 for stage, count in before.items()}
    client.post("/segment", content=b"no image", headers=PNG)
    assert counts() == after | {stage: after[stage] + 1 for stage in ("queue", "decode")}


@pytest.fixture
def one_worker(tmp_path: Path) -> Iterator[httpx2.Client]:
    (tmp_path / "slow.onnx").write_bytes(slow.model_bytes())
    with serving(tmp_path, workers=1, threads=1) as url, httpx2.Client(base_url=url, timeout=60) as client:
        yield client


def test_of_eight_parallel_requests_the_queue_grows_and_the_sum_stays_within_the_whole(
    one_worker: httpx2.Client,
) -> None:
    def post(image: bytes) -> tuple[dict[str, float], float]:
        """The stages, and the milliseconds that the client waited."""
        began = time.perf_counter()
        response = one_worker.post("/segment", content=image, headers=PNG)
        whole = 1000 * (time.perf_counter() - began)
        assert response.status_code == 200, json.loads(response.text)
        return header(response), whole

    with ThreadPoolExecutor(8) as callers:
        held = callers.submit(post, HELD)
        wait_until(lambda: metric(one_worker, "segment_slots_taken") == 1)
        sent = [callers.submit(post, SHORT) for _ in range(7)]
        wait_until(lambda: metric(one_worker, "segment_queue_length") == 7 or held.done())
        assert not held.done(), "the first image was done before the others had come"
        answers = [call.result() for call in (held, *sent)]
    for stages, whole in answers:
        assert sum(stages.values()) <= whole
    queues = [stages.pop("queue") for stages, _ in answers]
    work = [sum(stages.values()) for stages, _ in answers]
    # All were in the queue when the first one's work ended, so the last has waited for the six between them.
    assert max(queues) >= sum(work[1:]) - max(work[1:])
    assert queues[0] < max(queues)
