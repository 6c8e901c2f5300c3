"""Both clients against a real service: one image at a time, none waits, keys are needed."""

import asyncio
import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import numpy as np
import pytest

from service.answers import ModelSummary
from service.client import (
    AsyncClient,
    Client,
    Denied,
    Invalid,
    Refused,
    Retries,
    TooLate,
    Unavailable,
    Unreachable,
    Unreadable,
)
from tests.support import slow, tissues
from tests.support.nifti import nifti
from tests.support.pictures import encoded, quarters
from tests.support.scans import scan
from tests.support.scrape import metric
from tests.support.server import free_port, serving
from tests.support.waiting import wait_until

KEY, ADMIN = "s" * 40, "a" * 40
SCAN = gzip.compress(nifti(scan().voxels, scan().affine))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("models")
    (folder / "colours.onnx").write_bytes(slow.model_bytes())
    (folder / "tissues.onnx").write_bytes(tissues.model_bytes())
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text(f"segment {KEY}\nadmin {ADMIN}\n")
    with serving(folder, keys=keys, workers=1, queue=0) as address:
        yield address


@pytest.fixture(scope="module")
def admin(url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {ADMIN}"}) as http:
        yield http


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, key=KEY) as one:
        yield one


@pytest.fixture(scope="module")
def photo() -> bytes:
    """`quarters`, the other way up: its first pixel is blue, so the slow model is fast."""
    return encoded(quarters().rotate(180))


@contextmanager
def held(url: str, admin: httpx2.Client, picture: bytes) -> Iterator[None]:
    """The only slot is taken by another caller's image."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with ThreadPoolExecutor(1) as caller:
        other = caller.submit(httpx2.post, f"{url}/segment", content=picture, headers=headers, timeout=60)
        wait_until(lambda: metric(admin, "segment_slots_taken"))
        yield
        assert other.result().status_code == 200


def test_an_image_has_areas_and_a_mask_that_numpy_and_pillow_read(client: Client, photo: bytes) -> None:
    found = client.segment(photo, include=("mask", "confidence"), pixel_spacing_mm=(0.5, 0.25), heatmap="blue")
    expected = np.asarray(quarters().rotate(180)).argmax(2)
    assert found.mask is not None
    np.testing.assert_array_equal(found.mask.array(), expected)
    assert found.mask.image().convert("RGB").getpixel((0, 0)) == (0, 0, 0xE0)
    blue = found.area("blue")
    assert (blue.id, blue.pixels, blue.area_mm2) == (2, 96 * 32, 96 * 32 * 0.125)
    assert blue.confidence == pytest.approx(200 / 220, abs=0.01)
    assert found.heatmap is not None
    assert found.heatmap.name == "blue"
    assert found.heatmap.array()[0, 0] == pytest.approx(255 * 200 / 220, abs=3)
    assert sum(area.fraction for area in found.classes) == 1
    assert blue.regions is None
    (region,) = client.segment(photo, include=("polygons",), min_region=100, tolerance=0).area("blue").regions or []
    assert region.polygon == [[(0, 0), (96, 0), (96, 32), (0, 32), (0, 0)]]
    with pytest.raises(KeyError):
        found.area("zebra")


def test_a_file_on_the_disk_is_sent_and_what_is_left_out_is_none(client: Client, photo: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(photo)
    found = client.segment(tmp_path / "photo.png", include=(), model="colours")
    assert (found.mask, found.heatmap, found.area("blue").area_mm2) == (None, None, None)
    assert client.overlay(tmp_path / "photo.png")[8:12] == b"WEBP"
    assert client.overlay(photo, kind="jpeg").startswith(b"\xff\xd8")


def test_a_scan_has_volumes(client: Client) -> None:
    found = client.volumes([SCAN], include=("slices", "labels", "pictures"))
    assert found.model.name == "tissues"
    assert found.intracranial_ml == pytest.approx(sum(one.ml for one in found.classes[1:]))
    assert found.labels is not None
    assert found.pictures is not None
    assert found.labels.data.startswith(b"\x1f\x8b")
    assert len(found.pictures.mask) == found.volume.slices == len(found.classes[0].slice_mm2 or ())
    with pytest.raises(Invalid, match="one file"):
        client.volumes([SCAN, SCAN])


def test_the_models_are_those_that_are_served(client: Client) -> None:
    colours, brains = client.models()
    assert isinstance(colours, ModelSummary)
    assert isinstance(brains, ModelSummary)
    assert (colours.name, colours.default, brains.scans) == ("colours", True, True)


def test_an_error_has_a_class_a_code_a_sentence_and_the_requests_id(client: Client, url: str) -> None:
    with pytest.raises(Invalid, match="The file is text") as raised:
        client.segment(b"text")
    error = raised.value
    assert (error.status, error.code) == (415, "unsupported_format")
    assert error.request_id
    assert str(error) == error.detail
    with Client(url, key="wrong") as stranger, pytest.raises(Denied):
        stranger.models()
    with pytest.raises(TooLate):
        client.segment(slow.picture(100), deadline_ms=1)


def test_a_busy_service_is_asked_again_after_what_it_says(url: str, admin: httpx2.Client, photo: bytes) -> None:
    before = metric(admin, "segment_requests_total", code="busy")
    with Client(url, key=KEY, retries=Retries(attempts=50)) as client, held(url, admin, slow.picture(60)):
        assert client.segment(photo).area("blue").pixels == 96 * 32
    assert metric(admin, "segment_requests_total", code="busy") > before


@pytest.mark.parametrize("retries", [Retries(attempts=1), Retries(seconds=0)])
def test_patience_ends(url: str, admin: httpx2.Client, photo: bytes, retries: Retries) -> None:
    with (
        Client(url, key=KEY, retries=retries) as client,
        held(url, admin, slow.picture(60)),
        pytest.raises(Unavailable) as raised,
    ):
        client.segment(photo)
    assert raised.value.code == "busy"


def test_both_clients_give_the_same(client: Client, url: str, photo: bytes) -> None:
    async def ask() -> None:
        async with AsyncClient(url, key=KEY, retries=Retries(attempts=50)) as other:
            assert (await other.segment(photo)).classes == client.segment(photo).classes
            assert await other.overlay(photo) == client.overlay(photo)
            assert await other.models() == client.models()
            assert (await other.volumes([SCAN])).classes == client.volumes([SCAN]).classes
            with pytest.raises(Invalid, match="text"):
                await other.segment(b"text")
            crowd = await asyncio.gather(*(other.segment(photo) for _ in range(2)))  # for one slot
            assert all(one.area("blue").pixels == 96 * 32 for one in crowd)

    asyncio.run(ask())


def test_a_cancelled_call_ends_the_work(url: str, admin: httpx2.Client) -> None:
    async def ask() -> None:
        async with AsyncClient(url, key=KEY) as client:
            call = asyncio.create_task(client.segment(slow.picture(255)))
            await asyncio.to_thread(wait_until, lambda: metric(admin, "segment_slots_taken"))
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(ask())
    wait_until(lambda: metric(admin, "segment_images_total", outcome="abandoned"))


def test_no_answer_is_unreachable() -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(Unreachable, match="does not answer"):
        client.models()
    for wrong in ("localhost:8000", "ftp://localhost", "http://", "http://localhost:port"):
        with pytest.raises(ValueError, match="not the address of a service"):
            Client(wrong)


class Other(BaseHTTPRequestHandler):
    """Some other program: its page, or a proxy's error."""

    def do_GET(self) -> None:
        self.send_response(502 if self.path.startswith("/proxy") else 200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: object) -> None: ...


def test_other_programs_are_told_from_the_service() -> None:
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            with Client(address) as client, pytest.raises(Unreadable, match="does not answer as this service"):
                client.models()
            with Client(f"{address}/proxy") as client, pytest.raises(Refused, match="502 Bad Gateway") as raised:
                client.models()
            assert raised.value.code == ""
        finally:
            server.shutdown()
