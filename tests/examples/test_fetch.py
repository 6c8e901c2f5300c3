"""examples/fetch.html in a browser: a page of another site that the service allows."""

from pathlib import Path

from playwright.sync_api import expect

from tests.examples.conftest import KEY
from tests.support.chromium import chromium, tab
from tests.support.pictures import encoded, quarters
from tests.support.server import ROOT
from tests.support.site import site


def test_a_page_of_another_site_shows_the_mask_or_says_why_not(pages: str, url: str, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(quarters().rotate(180)))
    with chromium() as browser, tab(browser) as (page, errors):
        page.goto(f"{pages}/fetch.html")
        page.get_by_label("Service").fill(url)
        page.get_by_label("Photo").set_input_files(photo)
        page.get_by_text("Segment", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("key")
        assert "401" in errors.pop()
        page.get_by_label("Key").fill(KEY)
        page.get_by_text("Segment", exact=True).click()
        expect(page.get_by_role("status")).to_have_text("Done.")
        expect(page.get_by_role("listitem")).to_have_text(["road: 16.7 %", "pedestrian: 33.3 %", "sky: 50.0 %"])
        sizes = page.get_by_role("img").evaluate_all("(all) => all.map((one) => [one.naturalWidth, one.naturalHeight])")
        assert sizes == [[96, 64], [96, 64]]
        assert errors == []
        with site(ROOT / "examples") as stranger:
            page.goto(f"{stranger}/fetch.html")
            page.get_by_label("Service").fill(url)
            page.get_by_label("Photo").set_input_files(photo)
            page.get_by_text("Segment", exact=True).click()
            expect(page.get_by_role("status")).to_have_text(
                f"No answer. Is the service running, with SEGMENT_ORIGINS={stranger}?"
            )
