"""Draws the picture of the service's page, in Chromium: `python -m docsite.page`, a part of `make pictures`."""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks import subjects

DOCS = Path(__file__).parents[1] / "docs"


def draw(path: Path) -> None:
    """The page with the photo of docs/street.jpg, in light colours."""
    with subjects.service() as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light", reduced_motion="reduce")
        page.goto(service.url.removesuffix("/segment"))
        page.locator("#file").set_input_files(DOCS / "street.jpg")
        page.locator("#rows > *").first.wait_for()
        Image.open(io.BytesIO(page.screenshot())).save(path, quality=85)
        browser.close()


if __name__ == "__main__":
    draw(DOCS / "page.webp")
