"""Out of memory: the client is told, and the next image is served."""

import resource
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.pictures import encoded, quarters
from tests.support.server import process_of, serving

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def poor(model_file: Path) -> Iterator[httpx2.Client]:
    """A service that has served an image, and may then take hardly any more memory than the system has promised it: 64
    MiB for each thread that has taken some, which is less than a large image takes."""
    with serving(model_file) as url, httpx2.Client(base_url=url, timeout=60) as client:
        assert ask(client, encoded(quarters())).status_code == 200
        process = process_of(url)
        most = process.memory_info().vms + 20 * MIB
        resource.prlimit(process.pid, resource.RLIMIT_AS, (most, most))
        yield client


def ask(client: httpx2.Client, image: bytes) -> httpx2.Response:
    return client.post("/segment", files={"image": image})


@pytest.mark.parametrize(("format_", "mode"), [("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGBA")])
def test_an_image_too_many_is_a_503_and_the_next_is_served(poor: httpx2.Client, format_: str, mode: str) -> None:
    large = encoded(quarters(8000, 6000).convert(mode), format_, lossless=True, method=0)
    small = encoded(quarters())
    before = ask(poor, small).json()["classes"]
    response = ask(poor, large)
    assert (response.status_code, response.json()["code"]) == (503, "out_of_memory")
    assert response.headers["Retry-After"]
    assert ask(poor, small).json()["classes"] == before
