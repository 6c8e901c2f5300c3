"""More requests than slots: the rest is refused at once, with Retry-After."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image

from service.serving.admission import LONGEST_RETRY_S
from tests.support import slow
from tests.support.pictures import encoded
from tests.support.scrape import metric
from tests.support.server import serving


def test_requests_beyond_the_places_are_503_and_all_others_are_answered(model_file: Path) -> None:
    slow = encoded(Image.effect_noise((4000, 3000), 90).convert("RGB"), "JPEG")
    with serving(model_file, workers=1, queue=0) as url, ThreadPoolExecutor(8) as callers:
        sent = [callers.submit(httpx2.post, f"{url}/segment", files={"image": slow}, timeout=60) for _ in range(8)]
        responses = [call.result() for call in sent]
        assert {response.status_code for response in responses} == {200, 503}
        refused = next(response for response in responses if response.status_code == 503)
        assert 1 <= int(refused.headers["Retry-After"]) <= LONGEST_RETRY_S
        assert refused.json()["code"] == "busy"
        assert httpx2.post(f"{url}/segment", files={"image": slow}, timeout=60).status_code == 200


def test_while_all_places_are_taken_nothing_is_made_of_an_image_and_all_else_is_answered(tmp_path: Path) -> None:
    model = tmp_path / "slow.onnx"
    model.write_bytes(slow.model_bytes())
    nonsense: dict[str, Any] = {
        "content": b"no image",
        "headers": {"Content-Type": "text/plain"},
        "params": {"include": "nonsense"},
    }
    with serving(model, workers=1, queue=0) as url, httpx2.Client(base_url=url, timeout=60) as client:
        assert client.post("/segment", **nonsense).status_code == 422
        with ThreadPoolExecutor(1) as caller:
            held = caller.submit(httpx2.post, f"{url}/segment", files={"image": slow.picture(150)}, timeout=60)
            until = time.monotonic() + 10
            while "segment_slots_taken 1.0" not in client.get("/metrics").text:
                assert time.monotonic() < until
            assert client.post("/segment", **nonsense).status_code == 503
            assert client.get("/segment").status_code == 405
            assert client.get("/models").status_code == 200
            assert client.get("/health/ready").status_code == 200
            assert held.result().status_code == 200
        counted = {s: metric(client, "segment_requests_total", method="POST", status=s) for s in ("200", "422", "503")}
        assert counted == {"200": 1, "422": 1, "503": 1}
