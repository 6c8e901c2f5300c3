"""The page, in a browser: the camera's picture is segmented while it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Response, expect

from tests.support.chromium import tab
from tests.support.server import serving

RUNNING = "document.getElementById('video').srcObject !== null"


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The page of a service with the colours model; it may use the camera."""
    with tab(browser, permissions=["camera"]) as (page, errors):
        page.goto(url)
        yield page
        assert errors == []


def test_the_newest_frame_is_sent_when_the_last_answer_is_there(page: Page) -> None:
    answers: list[Response] = []
    under_way = [0]

    def count(request: Request, change: int) -> None:
        if "/segment" in request.url:
            under_way.append(under_way[-1] + change)

    page.on("request", lambda request: count(request, 1))
    page.on("requestfinished", lambda request: count(request, -1))
    page.on("response", lambda response: answers.append(response) if "/segment" in response.url else None)
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#pace")).to_contain_text("frames/s")
    expect(page.locator("#pace")).to_contain_text("ms round trip")
    expect(page.locator("#rows tr:visible").first).to_be_visible()
    page.get_by_role("button", name="Stop camera").click()
    expect(page.locator("#empty")).to_be_visible()
    assert not page.evaluate(RUNNING)
    expect(page.get_by_role("button", name="Use the camera")).to_be_focused()
    assert max(under_way) == 1
    frames = [answer.json()["image"] for answer in answers[:-1]]  # the last may have been cut off
    assert frames
    assert len({frame["sha256"] for frame in frames}) == len(frames), "a frame was sent twice"
    for frame in frames:
        assert frame["format"] == "JPEG"
        assert (frame["width"], frame["height"]) == (96, 54)  # fitted into the model's 96 x 64


def test_what_the_camera_shows_can_be_kept_as_a_photo(page: Page) -> None:
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#pace")).to_contain_text("ms")
    width = page.evaluate("document.getElementById('video').videoWidth")
    page.get_by_role("button", name="Take photo").click()
    expect(page.locator("#status")).to_contain_text(f"camera.jpg · {width} ")
    expect(page.get_by_role("button", name="Save mask")).to_be_visible()
    assert not page.evaluate(RUNNING)


@pytest.mark.parametrize(
    ("devices", "sentence"),
    [
        (None, "The browser may not use the camera"),
        ("{ getUserMedia: () => Promise.reject(new DOMException('', 'NotFoundError')) }", "No camera was found"),
        ("undefined", "on HTTPS or localhost only"),
    ],
)
def test_a_camera_that_cannot_be_had_has_a_reason(
    browser: Browser, url: str, devices: str | None, sentence: str
) -> None:
    with tab(browser) as (page, _):  # without the permission
        if devices is not None:
            page.add_init_script(f"Object.defineProperty(navigator, 'mediaDevices', {{ value: {devices} }})")
        page.goto(url)
        page.get_by_role("button", name="Use the camera").click()
        expect(page.get_by_role("alert")).to_contain_text(sentence)
        expect(page.locator("#empty")).to_be_visible()


def test_the_camera_waits_while_the_service_is_busy(browser: Browser, url: str) -> None:
    problem = {"status": 503, "detail": "All slots are taken; try again.", "code": "busy"}
    with tab(browser, permissions=["camera"]) as (page, _):
        page.route("**/segment?*", lambda route: route.fulfill(status=503, json=problem), times=1)
        page.goto(url)
        page.get_by_role("button", name="Use the camera").click()
        expect(page.locator("#pace")).to_have_text("The service is busy; the camera waits.")
        expect(page.locator("#pace")).to_contain_text("ms round trip")


def test_the_camera_stops_with_the_service(browser: Browser, model_file: Path) -> None:
    with tab(browser, permissions=["camera"]) as (page, _):
        with serving(model_file.parent) as address:
            page.goto(address)
            page.get_by_role("button", name="Use the camera").click()
            expect(page.locator("#pace")).to_contain_text("ms")
        expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached")
        assert not page.evaluate(RUNNING)
