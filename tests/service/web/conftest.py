"""Fixtures: one browser for the tests of the page, and the page of the service at `url`."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import MS, chromium, tab

expect.set_options(timeout=MS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as program:
        yield program


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The page, with its models; its scripts must throw nothing, and nothing may fail to load."""
    with tab(browser) as (page, errors):
        page.goto(url)
        expect(page.locator("#model option")).not_to_have_count(0)
        yield page
        assert errors == []
