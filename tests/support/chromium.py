"""Chromium, the machine's or Debian's, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.debian import need

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--disable-gpu", "--disable-dev-shm-usage", "--use-fake-device-for-media-stream")
MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a camera that shows a test picture. Skips the test where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None) or need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """A tab with cookies and settings of its own, and what its scripts threw and its browser complained of."""
    context = browser.new_context(reduced_motion="reduce", **options)
    context.set_default_timeout(MS)
    try:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        yield page, errors
    finally:
        context.close()
