"""Hot reload: a bad file changes nothing, a good one is served from the next request on."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from errno import EIO
from hashlib import sha256
from pathlib import Path
from threading import Event

import httpx2
import pytest

from service.http.app import watch
from service.segmentation.catalog import Catalog, Engine
from service.segmentation.modelfile.reader import pattern
from tests.support.colours import HEIGHT, WIDTH, golden_of, graph, model_bytes
from tests.support.pictures import encoded, quarters
from tests.support.server import serving

GOOD = model_bytes()
BAD = [
    (b"", "model_unreadable"),
    (GOOD[:-1], "model_tampered"),
    (graph().SerializeToString(), "model_unreadable"),
    (model_bytes(name="another"), "contract_broken"),
    (model_bytes(golden=golden_of(1 - pattern(WIDTH, HEIGHT)[..., 0] // 255)), "self_test_failed"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "colours.onnx"
    file.write_bytes(GOOD)
    return file


@pytest.fixture
def reloading(file: Path) -> Iterator[httpx2.Client]:
    """A service that looks at its files only when it is told to."""
    with serving(file.parent, reload_s=0) as url, httpx2.Client(base_url=url, timeout=30) as client:
        yield client


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def ask(client: httpx2.Client) -> httpx2.Response:
    return client.post("/segment", files={"image": encoded(quarters())})


def test_fifty_bad_reloads_under_load_fail_no_request(reloading: httpx2.Client, file: Path) -> None:
    over = Event()

    def load() -> list[tuple[int, str]]:
        answers = []
        with httpx2.Client(base_url=reloading.base_url, timeout=30) as client:
            while not over.is_set():
                response = ask(client)
                answers.append((response.status_code, response.headers.get("X-Model-Digest", "")))
        return answers

    with ThreadPoolExecutor(2) as pool:
        callers = [pool.submit(load) for _ in range(2)]
        for number in range(50):
            content, code = BAD[number % len(BAD)]
            file.write_bytes(content)
            response = reloading.post("/models/colours/reload")
            assert (response.status_code, response.json()["code"]) == (409, code)
            assert str(file) in response.json()["detail"]
        over.set()
        answers = [answer for caller in callers for answer in caller.result(30)]
    assert len(answers) > 20
    assert set(answers) == {(200, digest(GOOD))}


def test_a_good_file_is_served_from_the_next_request_on(reloading: httpx2.Client, file: Path) -> None:
    newer = model_bytes(version="2")
    file.write_bytes(newer)
    assert ask(reloading).headers["X-Model-Digest"] == digest(GOOD)
    response = reloading.post("/models/colours/reload")
    assert response.status_code == 200
    assert response.json() == {"name": "colours", "version": "2", "digest": digest(newer)}
    assert ask(reloading).json()["model"] == response.json()
    assert reloading.get("/models/colours").json()["version"] == "2"


def test_a_model_that_is_not_served_cannot_be_reloaded(reloading: httpx2.Client) -> None:
    response = reloading.post("/models/zebra/reload")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_model")


def test_a_file_that_changes_is_served_without_being_told(file: Path) -> None:
    newer = model_bytes(version="2")
    with serving(file.parent, reload_s=0.1) as url, httpx2.Client(base_url=url) as client:
        part = file.with_suffix(".part")
        part.write_bytes(newer)
        part.rename(file)
        end = time.monotonic() + 20
        while ask(client).headers["X-Model-Digest"] != digest(newer):
            assert time.monotonic() < end


def test_a_look_that_fails_is_not_the_last(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As a network drive may fail for a moment."""

    class Flaky(Catalog):
        looks = 0

        def look(self) -> None:
            self.looks += 1
            if self.looks == 1:
                raise OSError(EIO, "Input/output error", str(file.parent))
            super().look()

    async def until_served() -> None:
        watching = asyncio.create_task(watch(catalog, 0.01))
        async with asyncio.timeout(60):
            while digest_of(catalog) != digest(newer):  # noqa: ASYNC110  # the look runs in a thread
                await asyncio.sleep(0.01)
        watching.cancel()

    catalog, newer = Flaky(file, None, Engine(threads=1)), model_bytes(version="2")
    file.write_bytes(newer)
    asyncio.run(until_served())
    assert "no look at the models: OSError: [Errno 5]" in caplog.text


def digest_of(catalog: Catalog) -> str:
    return f"sha256:{catalog.get(None).model.digest}"
