"""The page, in a browser: photos are segmented, shown and saved."""

import gzip
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.chromium import tab
from tests.support.nifti import nifti
from tests.support.pictures import encoded, quarters
from tests.support.scans import scan
from tests.support.server import ROOT, serving

GREEN = (0.6, 0.25)
"""A place in `two_ponds`, in 0..1."""


def two_ponds() -> bytes:
    """Red at the top left and green at its right, above blue; and a second blue region in the red."""
    pixels = np.asarray(quarters()).copy()
    pixels[4:12, 4:12] = (10, 10, 200)
    return encoded(Image.fromarray(pixels))


def give(page: Page, data: bytes | None = None, name: str = "photo.png") -> None:
    page.locator("#file").set_input_files({"name": name, "mimeType": "image/png", "buffer": data or two_ponds()})


def colour(page: Page, x: float, y: float) -> list[int]:
    """RGBA of the overlay at a place in 0..1."""
    found: list[int] = page.evaluate(
        """([x, y]) => {
            const canvas = document.getElementById("overlay");
            const at = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
            return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
                done([...canvas.getContext("2d").getImageData(...at, 1, 1).data]))));
        }""",
        [x, y],
    )
    return found


def near(*rgba: int) -> Any:
    """A canvas keeps colours multiplied by their opacity, and rounds."""
    return pytest.approx(list(rgba), abs=1)


def point(page: Page, frame: Locator, x: float, y: float) -> None:
    box = frame.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


def saved(page: Page, button: str) -> tuple[str, bytes]:
    """The name and bytes of the file that a button saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_a_photo_has_classes_by_area_and_regions_to_point_at(page: Page) -> None:
    give(page)
    expect(page.locator("#rows .name")).to_have_text(["blue", "green", "red"])
    expect(page.locator("#rows .share")).to_have_text(["51.0 %", "33.3 %", "15.6 %"])
    expect(page.locator("#rows .count")).to_have_text(["2 regions", "", ""])
    frame, pointed, outline = (page.locator(place) for place in ("#frame", "#pointed", "#outline path"))
    point(page, frame, 0.5, 0.75)
    expect(pointed).to_have_text("blue · region 1 of 2 · 50.0 %")
    point(page, frame, 8 / 96, 8 / 64)
    expect(pointed).to_have_text("blue · region 2 of 2 · 1.0 %")
    expect(outline).to_have_attribute("d", "M4 4L12 4L12 12L4 12L4 4Z")
    point(page, frame, *GREEN)
    expect(pointed).to_have_text("green · 33.3 %")
    page.mouse.move(0, 0)
    expect(outline).to_have_attribute("d", "")


def test_classes_can_be_hidden_and_one_can_stand_alone(page: Page) -> None:
    give(page)
    box = page.get_by_role("checkbox", name="Show green")
    expect(box).to_be_checked()
    assert colour(page, *GREEN) == near(0, 176, 0, 140)
    box.uncheck()
    assert colour(page, *GREEN)[3] == 0
    assert colour(page, 0.5, 0.75) == near(0, 0, 224, 140)
    page.get_by_role("button", name="Show all").click()
    expect(box).to_be_checked()
    page.get_by_role("button", name="Hide all").click()
    assert colour(page, 0.5, 0.75)[3] == 0
    give(page, name="next.png")  # of the same model: what is hidden stays so
    expect(page.locator("#status")).to_contain_text("next.png · 96")
    expect(box).not_to_be_checked()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="green").click()
    page.mouse.move(0, 0)
    assert colour(page, *GREEN) == near(0, 176, 0, 140)
    assert colour(page, 0.5, 0.75) == near(16, 22, 24, 190)


def test_the_handle_uncovers_the_photo_by_mouse_and_by_keys(page: Page) -> None:
    give(page)
    handle, mask = page.get_by_role("slider", name="Compare with"), page.locator("#overlay")
    expect(mask).to_have_css("clip-path", "inset(0px 0px 0px 0%)")
    handle.hover()
    page.mouse.down()
    point(page, page.locator("#frame"), 0.5, 0.5)
    page.mouse.up()
    expect(mask).to_have_css("clip-path", "inset(0px 0px 0px 50%)")
    handle.press("PageUp")
    handle.press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuetext", "58 % of the picture without the mask")
    handle.press("End")
    expect(mask).to_have_css("clip-path", "inset(0px 0px 0px 100%)")
    handle.press("Home")
    expect(handle).to_have_attribute("aria-valuenow", "0")


def test_the_safe_palette_tells_classes_apart_and_is_remembered(page: Page) -> None:
    shades = page.evaluate(
        """import("./web/palette.js").then(({ shades }) => {
            const classes = Array.from({ length: 27 }, (_, id) => ({ id, color: "#000000" }));
            return [...shades(classes, true).values()].map(({ color, pattern, lines }) => `${color} ${pattern}`);
        })"""
    )
    assert len(set(shades)) == 27
    page.get_by_label("Colour-blind safe").first.evaluate("(box) => box.click()")  # there, if not in sight yet
    page.reload()
    give(page)
    expect(page.locator("#results")).to_be_visible()
    expect(page.get_by_label("Colour-blind safe").first).to_be_checked()
    assert colour(page, *GREEN) == near(0x88, 0xCC, 0xEE, 140)
    expect(page.locator("#rows tr").nth(1)).to_have_css("--color", "#88ccee")
    page.get_by_label("Colour-blind safe").first.uncheck()
    assert colour(page, *GREEN) == near(0, 176, 0, 140)


def test_the_mask_an_overlay_and_the_answer_can_be_saved(page: Page) -> None:
    give(page)
    expect(page.locator("#results")).to_be_visible()
    name, mask = saved(page, "Save mask")
    with Image.open(io.BytesIO(mask)) as labels:
        assert (name, labels.size) == ("photo.mask.png", (96, 64))
        assert np.count_nonzero(np.asarray(labels) == 1) == 2048
    name, overlay = saved(page, "Save overlay")
    with Image.open(io.BytesIO(overlay)) as picture:
        assert (name, picture.size, picture.format) == ("photo.overlay.webp", (96, 64), "WEBP")
    name, answer = saved(page, "Save JSON")
    assert name == "photo.json"
    assert [len(class_["regions"]) for class_ in json.loads(answer)["classes"]] == [1, 1, 2]


@pytest.mark.parametrize(
    ("language", "run"),
    [
        ("curl", ["bash", "-c"]),
        ("Python", [sys.executable, "-c"]),
        ("JavaScript", ["node", "--input-type=module", "-e"]),
    ],
)
def test_the_same_request_can_be_copied_as_code(page: Page, tmp_path: Path, language: str, run: list[str]) -> None:
    for program in {run[0], language} & {"bash", "curl", "node"}:
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on this machine")
    name = 'it\'s a "photo".png'
    give(page, name=name)
    (tmp_path / name).write_bytes(two_ponds())
    page.get_by_role("tab", name=language).click()
    code = page.get_by_role("tabpanel").inner_text()
    done = subprocess.run([*run, code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    if language == "curl":
        assert json.loads((tmp_path / "result.json").read_text())["classes"][1]["pixels"] == 2048
    else:
        assert "green 2048" in done.stdout


def test_a_key_is_asked_for_and_is_not_in_the_code_to_copy(browser: Browser, model_file: Path, tmp_path: Path) -> None:
    key = "a key of more than twenty characters".replace(" ", "-")
    (tmp_path / "keys").write_text(f"segment {key}\n")
    with serving(model_file.parent, keys=tmp_path / "keys") as address, tab(browser) as (page, _):
        page.on("dialog", lambda dialog: dialog.accept(key))
        page.goto(address)
        expect(page.locator("#model option")).to_have_count(1)
        give(page)
        for language in ("curl", "Python", "JavaScript"):
            page.get_by_role("tab", name=language).click()
            expect(page.get_by_role("tabpanel")).to_contain_text("Bearer KEY")
            expect(page.get_by_role("tabpanel")).not_to_contain_text(key)


def test_an_error_says_what_to_do_and_the_photo_stays(browser: Browser, url: str) -> None:
    with tab(browser) as (page, _):  # it logs what was refused
        page.goto(url)
        give(page, b"not a picture", "notes.txt")
        expect(page.get_by_role("alert")).to_contain_text("The file is text, not a JPEG, PNG or WebP image")
        expect(page.locator("#empty")).to_be_visible()
        give(page)
        expect(page.locator("#results")).to_be_visible()
        expect(page.get_by_role("alert")).to_be_hidden()
        page.locator("#spacing").fill("wide")
        page.locator("#spacing").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("in millimetres")
        expect(page.locator("#photo")).to_be_visible()
        expect(page.locator("#results")).to_be_hidden()
        page.locator("#spacing").fill("0.5")
        page.locator("#spacing").press("Enter")
        expect(page.locator("#rows .area").first).to_have_text("784")


def test_without_a_model_for_scans_the_page_says_what_to_do(browser: Browser, url: str) -> None:
    volume = scan()
    with tab(browser) as (page, _):
        page.goto(url)
        give(page, gzip.compress(nifti(volume.voxels, volume.affine), 1), "scan.nii.gz")
        expect(page.locator("#error")).to_contain_text("No model for scans is served")


def test_a_stopped_service_is_named_and_can_be_tried_again(browser: Browser, model_file: Path) -> None:
    with tab(browser) as (page, _):
        with serving(model_file.parent) as address:
            page.goto(address)
            expect(page.locator("#model option")).to_have_count(1)
        give(page)
        expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached")


def test_models_of_ours_have_a_sample_and_others_none(browser: Browser, page: Page, tmp_path: Path) -> None:
    expect(page.locator("#samples")).to_be_hidden()
    readme, sample = ROOT / "docs" / "street.jpg", ROOT / "service" / "web" / "samples" / "street.jpg"
    assert sample.read_bytes() == readme.read_bytes()  # the README's figures are those of the sample
    for name in ("street-small", "objects", "brain"):
        (tmp_path / f"{name}.onnx").symlink_to(ROOT / "service" / "models" / f"{name}.onnx")
    with serving(tmp_path) as address, tab(browser) as (ours, errors):
        ours.goto(address)
        ours.get_by_role("button", name="street-small").click()
        expect(ours.locator("#rows .name").first).to_have_text("road")
        ours.get_by_role("link", name="Image segmentation").click()
        ours.get_by_role("button", name="objects").click()
        expect(ours.locator("#rows .name").first).to_have_text("cat")
        ours.get_by_role("link", name="Image segmentation").click()
        ours.get_by_role("button", name="brain").click()
        expect(ours.get_by_role("checkbox", name="Show white matter")).to_be_visible()
        expect(ours.locator("#spacing")).to_have_value("0.5")
        expect(ours.locator("#rows .area").first).to_be_visible()
        assert errors == []
