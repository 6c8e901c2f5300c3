"""More requests than places, over HTTP: the rest is refused at once and told when to come back."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from PIL import Image

from tests.support.pictures import encoded
from tests.support.server import serving


def test_requests_beyond_the_places_are_503_and_all_others_are_answered(model_file: Path) -> None:
    slow = encoded(Image.effect_noise((4000, 3000), 90).convert("RGB"), "JPEG")
    with serving(model_file, workers=1, queue=0) as url, ThreadPoolExecutor(8) as callers:
        sent = [callers.submit(httpx2.post, f"{url}/segment", files={"image": slow}, timeout=60) for _ in range(8)]
        responses = [call.result() for call in sent]
        assert {response.status_code for response in responses} == {200, 503}
        refused = next(response for response in responses if response.status_code == 503)
        assert refused.headers["Retry-After"] == "1"
        assert refused.json()["code"] == "busy"
        assert httpx2.post(f"{url}/segment", files={"image": slow}, timeout=60).status_code == 200
