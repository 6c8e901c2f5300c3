"""In a container's memory, images that would take more together wait for each other: the kernel kills nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from benchmarks.group import Unavailable, memory_group
from tests.support.pictures import encoded, quarters
from tests.support.server import process_of, serving

MIB = 1024 * 1024
LIMIT = 448 * MIB
AT_ONCE = 4


@pytest.fixture(scope="module")
def client(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A service that may use 448 MiB in all, and has a worker for each of the images that come at once."""
    try:
        with memory_group(LIMIT) as group:
            python = group.python(tmp_path_factory.mktemp("group") / "python")
            with (
                serving(model_file, str(python), workers=AT_ONCE, deadline_s=300) as url,
                httpx2.Client(base_url=url, timeout=300) as client,
            ):
                yield client
    except Unavailable as error:
        pytest.skip(str(error))


def flat(side: int) -> bytes:
    """A WebP of a kilobyte, with alpha: each pixel takes some 17 bytes to unpack."""
    return encoded(Image.new("RGBA", (side, side), (200, 10, 10, 128)), "WEBP", lossless=True, method=0)


@pytest.mark.parametrize("accept", ["application/json", "image/webp"])
def test_images_that_fit_one_by_one_are_all_answered(client: httpx2.Client, accept: str) -> None:
    """4 of 9 megapixels: 0.6 GiB together."""
    image, small = flat(3000), encoded(quarters())

    def ask(data: bytes, accept: str) -> httpx2.Response:
        return client.post("/segment", files={"image": data}, headers={"Accept": accept})

    expected = ask(small, "image/png").content
    with ThreadPoolExecutor(AT_ONCE) as callers:
        large = [callers.submit(ask, image, accept) for _ in range(AT_ONCE)]
        while not all(one.done() for one in large):
            answer = ask(small, "image/png")
            assert (answer.status_code, answer.content) == (200, expected)
        assert [one.result().status_code for one in large] == [200] * AT_ONCE
    assert process_of(str(client.base_url)).memory_info().rss < LIMIT


def test_an_image_that_can_never_fit_is_refused_with_what_to_do(client: httpx2.Client) -> None:
    response = client.post("/segment", files={"image": flat(6000)})
    assert (response.status_code, response.json()["code"]) == (413, "never_fits")
    assert "send a smaller one" in response.json()["detail"]
    assert client.get("/health/ready").status_code == 200
