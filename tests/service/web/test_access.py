"""The page, in a browser: on a phone, in the dark, by keyboard alone, and as axe-core sees it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.support.accessibility import violations
from tests.support.chromium import tab
from tests.support.pictures import encoded, quarters

PHOTO: FilePayload = {"name": "photo.png", "mimeType": "image/png", "buffer": encoded(quarters())}
WIDTHS = (1280, 360)


@pytest.fixture(params=[(width, scheme) for width in WIDTHS for scheme in ("light", "dark")], ids=str)
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    """The page of a service with the colours model, in a width and a colour scheme."""
    width, scheme = request.param
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "permissions": ["camera"]}
    with tab(browser, **options) as (page, _):
        page.goto(url)
        expect(page.locator("#model option")).to_have_count(1)
        yield page


def check(page: Page) -> None:
    assert violations(page) == []
    size = page.viewport_size
    assert size is not None
    assert page.evaluate("document.scrollingElement.scrollWidth") <= size["width"], "it must not scroll sideways"


def test_every_state_is_accessible_in_every_width_and_scheme(page: Page) -> None:
    check(page)
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    expect(page.locator("body")).to_have_css("background-color", "rgb(15, 20, 21)" if dark else "rgb(246, 247, 247)")
    page.locator("#file").set_input_files(PHOTO)
    expect(page.locator("#results")).to_be_visible()
    page.get_by_label("Colour-blind safe").first.check()
    check(page)
    page.locator("#spacing").fill("wide")
    page.locator("#spacing").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Camera").click()
    expect(page.get_by_role("alert")).to_be_visible()  # the pixel size is no number still
    page.locator("#spacing").fill("")
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#pace")).to_contain_text("ms")
    check(page)


def test_everything_can_be_reached_and_used_by_keyboard_alone(browser: Browser, url: str) -> None:
    with tab(browser) as (page, errors):
        page.on("filechooser", lambda _: None)  # from now on choosers are caught, not only from when one is expected
        page.goto(url)
        expect(page.locator("#model option")).to_have_count(1)
        go(page, "choose")
        with page.expect_file_chooser() as chosen:
            page.keyboard.press("Enter")
        chosen.value.set_files([PHOTO])
        expect(page.locator("#results")).to_be_visible()
        go(page, "curtain")
        page.keyboard.press("PageUp")
        expect(page.locator("#curtain")).to_have_attribute("aria-valuenow", "10")
        go(page, "opacity")
        page.keyboard.press("Home")
        expect(page.locator("#opacity-text")).to_have_text("0 %")
        go(page, "save-json")
        with page.expect_download():
            page.keyboard.press("Enter")
        go(page, "toggle-all")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.get_by_role("checkbox", name="Show blue")).not_to_be_checked()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="blue")).to_have_attribute("aria-pressed", "true")
        go(page, "tab-curl")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name="Python")).to_be_focused()
        expect(page.get_by_role("tabpanel", name="Python")).to_contain_text("import requests")
        page.keyboard.press("Tab")
        expect(page.locator("#copy")).to_be_focused()
        assert errors == []


def go(page: Page, id_: str) -> None:
    """Press Tab until the element has the focus, and see that it shows."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == id_:
            break
    expect(page.locator(f"#{id_}")).to_be_focused()
    expect(page.locator(f"#{id_}")).to_have_css("outline-style", "solid")
