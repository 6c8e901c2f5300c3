"""POST /segment against a running service."""

import base64
import email.policy
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from tests.support import colours
from tests.support.pictures import encoded, in_mode, oriented, quarters
from tests.support.server import serving

PNG = {"Content-Type": "image/png"}
SPACING_AREAS = {"0.5": 0.25, "0.5,0.2": 0.1}


def segment(client: httpx2.Client, data: bytes, accept: str = "application/json", **query: str) -> httpx2.Response:
    """Send an image as the body."""
    return client.post("/segment", content=data, headers=PNG | {"Accept": accept}, params=query)


def mask_of(answer: dict[str, Any]) -> Image.Image:
    assert answer["mask"]["encoding"] == "base64"
    return Image.open(io.BytesIO(base64.b64decode(answer["mask"]["data"])))


def test_json_has_every_class_and_a_mask_that_agrees_with_it(client: httpx2.Client) -> None:
    data = encoded(quarters(300, 200))
    response = segment(client, data)
    assert response.status_code == 200
    answer = response.json()
    assert answer["model"]["name"] == "colours"
    assert answer["model"]["digest"] == response.headers["X-Model-Digest"]
    assert answer["image"] == {
        "width": 300,
        "height": 200,
        "format": "PNG",
        "orientation": 1,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    assert [(c["id"], c["name"], c["color"]) for c in answer["classes"]] == [
        (0, "red", "#e00000"),
        (1, "green", "#00b000"),
        (2, "blue", "#0000e0"),
    ]
    pixels = [c["pixels"] for c in answer["classes"]]
    assert sum(pixels) == 300 * 200
    assert sum(c["fraction"] for c in answer["classes"]) == 1
    assert pixels == pytest.approx([10_000, 20_000, 30_000], rel=0.05)
    assert mask_of(answer).histogram()[:3] == pixels
    assert all(c["area_mm2"] is None and c["confidence"] is None for c in answer["classes"])


def test_png_is_the_mask_of_the_uploads_size(client: httpx2.Client) -> None:
    response = segment(client, encoded(quarters()), "image/png")
    assert response.headers["Content-Type"] == "image/png"
    mask = Image.open(io.BytesIO(response.content))
    assert (mask.mode, mask.size) == ("P", (96, 64))
    assert np.array_equal(np.asarray(mask), np.asarray(quarters()).argmax(2))
    palette = mask.getpalette()
    assert palette is not None
    assert palette[:9] == [0xE0, 0, 0, 0, 0xB0, 0, 0, 0, 0xE0]


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_answered_in_its_own_pixels(client: httpx2.Client, orientation: int) -> None:
    """Although it is unpacked at an eighth of its size; not so under an overlay, which shows the photo."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(quarters(1600, 1072), "JPEG", exif=exif)
    size = (1600, 1072) if orientation == 1 else (1072, 1600)
    answer = segment(client, data).json()
    assert (answer["image"]["width"], answer["image"]["height"]) == size
    assert sum(c["pixels"] for c in answer["classes"]) == 1600 * 1072
    mask = mask_of(answer)
    assert mask.size == size
    upright = quarters(1600, 1072) if orientation == 1 else quarters(1600, 1072).transpose(Image.Transpose.ROTATE_270)
    assert (np.asarray(mask) != np.asarray(upright).argmax(2)).mean() < 0.02
    photo = Image.open(io.BytesIO(segment(client, data, "image/webp").content))
    assert photo.size == size
    shown = np.asarray(photo.convert("RGB")).astype(int)
    assert max(np.abs(np.diff(shown, axis=axis)).max() for axis in (0, 1)) > 60  # sharp


@pytest.mark.parametrize("format_", ["WEBP", "JPEG"])
def test_an_overlay_is_a_picture_of_the_uploads_size(client: httpx2.Client, format_: str) -> None:
    response = segment(client, encoded(quarters()), f"image/{format_.lower()}")
    picture = Image.open(io.BytesIO(response.content))
    assert (picture.format, picture.size) == (format_, (96, 64))
    assert response.headers["Content-Type"] == f"image/{format_.lower()}"


def test_multipart_mixed_is_the_json_and_the_png_as_they_are_alone(client: httpx2.Client) -> None:
    data = encoded(quarters())
    response = segment(client, data, "multipart/mixed")
    message = email.message_from_bytes(
        b"Content-Type: " + response.headers["Content-Type"].encode() + b"\r\n\r\n" + response.content,
        policy=email.policy.HTTP,
    )
    text, picture = message.iter_parts()
    assert (text.get_content_type(), picture.get_content_type()) == ("application/json", "image/png")
    assert picture.get_content() == segment(client, data, "image/png").content
    answer = json.loads(text.get_content())
    assert answer["mask"] is None
    assert answer["classes"] == segment(client, data).json()["classes"]


@pytest.mark.parametrize("field", ["image", "file"])
def test_a_multipart_form_is_answered_as_the_raw_body_is(client: httpx2.Client, field: str) -> None:
    data = encoded(quarters())
    response = client.post("/segment", files={field: ("photo.png", data)}, data={"note": "ignored"})
    raw = segment(client, data).json()
    assert {**response.json(), "timings_ms": None} == {**raw, "timings_ms": None}


def test_an_upload_of_several_megabytes_is_answered(client: httpx2.Client) -> None:
    noise = encoded(Image.effect_noise((2000, 1500), 90).convert("RGB"), compress_level=0)
    assert len(noise) > 8_000_000
    for response in (segment(client, noise), client.post("/segment", files={"image": noise})):
        assert response.status_code == 200
        assert sum(c["pixels"] for c in response.json()["classes"]) == 3_000_000


def test_all_nine_exif_orientations_give_the_same_mask(client: httpx2.Client) -> None:
    masks = []
    for orientation in (None, *range(1, 9)):
        response = client.post("/segment", files={"image": oriented(orientation)})
        answer = response.json()
        assert answer["image"]["orientation"] == (orientation or 1)
        assert (answer["image"]["width"], answer["image"]["height"]) == (96, 64)
        masks.append(np.asarray(mask_of(answer)))
    truth = np.asarray(quarters()).argmax(2)
    # JPEG's blocks are of 8 pixels and the picture's seams lie on them, so the turned files decode alike.
    assert all(np.array_equal(mask, truth) for mask in masks)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_grey_16_bit_palette_and_transparent_pngs_are_answered(client: httpx2.Client, mode: str) -> None:
    image = in_mode(mode)
    answer = segment(client, encoded(image)).json()
    assert (answer["image"]["width"], answer["image"]["height"]) == (96, 64)


def test_an_image_of_one_pixel_is_answered(client: httpx2.Client) -> None:
    answer = segment(client, encoded(Image.new("RGB", (1, 1), "blue"))).json()
    assert [c["pixels"] for c in answer["classes"]] == [0, 0, 1]
    assert mask_of(answer).size == (1, 1)


@pytest.mark.parametrize(("spacing", "pixel"), SPACING_AREAS.items())
def test_a_pixel_spacing_makes_areas_known(client: httpx2.Client, spacing: str, pixel: float) -> None:
    for class_ in segment(client, encoded(quarters()), pixel_spacing_mm=spacing).json()["classes"]:
        assert class_["area_mm2"] == pytest.approx(class_["pixels"] * pixel)


def test_include_selects_the_parts_of_the_json(client: httpx2.Client) -> None:
    data = encoded(Image.new("RGB", (96, 64), (60, 30, 10)))
    nothing = segment(client, data, include="").json()
    assert nothing["mask"] is None
    both = segment(client, data, include="mask,confidence").json()
    assert both["mask"] is not None
    assert [c["confidence"] for c in both["classes"]] == [pytest.approx(0.6), None, None]
    assert segment(client, data, include=" confidence , mask,").json()["classes"] == both["classes"]


def test_confidence_is_the_softmax_of_the_logits_divided_by_the_files_temperature(tmp_path: Path) -> None:
    """The logits are logarithms of the channels, and every pixel is one of two."""
    (tmp_path / "warm.onnx").write_bytes(colours.model_bytes(temperature=1.7))
    image = Image.new("RGB", (96, 64), (60, 30, 10))
    image.paste((200, 100, 180), (0, 0, 48, 64))
    logits = np.log([[60, 30, 10], [200, 100, 180]]) / 1.7
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    with serving(tmp_path / "warm.onnx") as url, httpx2.Client(base_url=url) as client:
        answer = segment(client, encoded(image), include="confidence").json()
        heat = client.post(
            "/segment", content=encoded(image), headers={"Accept": "image/png"}, params={"heatmap": "blue"}
        )
    assert [c["confidence"] for c in answer["classes"]] == [pytest.approx(softmax[:, 0].mean()), None, None]
    plane = np.asarray(Image.open(io.BytesIO(heat.content)))
    assert [plane[0, 95], plane[0, 0]] == [round(255 * share) for share in softmax[:, 2]]


@pytest.mark.parametrize(
    ("spacing", "row", "column", "codes"),
    [
        ("0.5, 0.8", 0.5, 0.8, []),
        ("2,2", 2, 2, []),
        ("3", 3, 3, []),
        ("1,5", 1, 5, ["ambiguous_spacing"]),
        ("3,25", 3, 25, ["ambiguous_spacing"]),
    ],
)
def test_a_decimal_comma_is_not_taken_in_silence(
    client: httpx2.Client, spacing: str, row: float, column: float, codes: list[str]
) -> None:
    response = segment(client, encoded(quarters()), pixel_spacing_mm=spacing)
    answer = response.json()
    assert all(c["area_mm2"] == pytest.approx(c["pixels"] * row * column) for c in answer["classes"])
    assert [warning["code"] for warning in answer["warnings"]] == codes
    assert response.headers.get("X-Warnings", "") == ", ".join(codes)


def test_a_model_may_be_named(client: httpx2.Client) -> None:
    assert segment(client, encoded(quarters()), model="colours").status_code == 200


def test_a_heat_map_is_a_grey_png_of_the_uploads_size(client: httpx2.Client) -> None:
    image = Image.new("RGB", (300, 200), (60, 30, 10))
    response = segment(client, encoded(image), "image/png", heatmap="green")
    heatmap = Image.open(io.BytesIO(response.content))
    assert (heatmap.mode, heatmap.size) == ("L", (300, 200))
    assert heatmap.getextrema() == (round(255 * 0.3), round(255 * 0.3))


@pytest.mark.parametrize("accept", ["application/json", "multipart/mixed"])
def test_json_carries_the_heat_map_beside_the_mask(client: httpx2.Client, accept: str) -> None:
    response = segment(client, encoded(quarters()), accept, heatmap="red")
    text = response.text if accept == "application/json" else response.content.split(b"\r\n")[3].decode()
    heatmap = json.loads(text)["heatmap"]
    assert (heatmap["name"], heatmap["media_type"], heatmap["encoding"]) == ("red", "image/png", "base64")
    picture = Image.open(io.BytesIO(base64.b64decode(heatmap["data"])))
    assert np.array_equal(np.asarray(picture) > 127, np.asarray(quarters()).argmax(2) == 0)
    assert segment(client, encoded(quarters())).json()["heatmap"] is None


def test_an_overlaid_heat_map_lights_probable_areas(client: httpx2.Client) -> None:
    response = segment(client, encoded(quarters()), "image/webp", heatmap="blue")
    picture = np.asarray(Image.open(io.BytesIO(response.content)).convert("RGB")).astype(int)
    there = np.asarray(quarters()).argmax(2) == 2
    assert picture[there][:, 2].mean() > picture[~there].mean() + 60


def test_a_heat_map_of_no_class_is_a_422_that_names_the_classes(client: httpx2.Client) -> None:
    response = segment(client, encoded(quarters()), heatmap="road")
    assert response.status_code == 422
    assert response.json()["code"] == "unknown_class"
    assert "red, green, blue" in response.json()["detail"]


@pytest.mark.parametrize("accept", ["application/json", "image/png", "multipart/mixed"])
def test_mask_ids_is_a_grey_png_of_class_ids(client: httpx2.Client, accept: str) -> None:
    response = segment(client, encoded(quarters()), accept, mask="ids")
    if accept == "application/json":
        mask = mask_of(response.json())
    else:
        start = response.content.index(b"\x89PNG")
        mask = Image.open(io.BytesIO(response.content[start:]))
    assert mask.mode == "L"
    assert np.array_equal(np.asarray(mask), np.asarray(quarters()).argmax(2))


def test_16_bit_grey_of_few_values_needs_a_window(client: httpx2.Client) -> None:
    values = np.asarray(quarters().convert("L")).astype(np.uint16) * 16
    data = encoded(Image.fromarray(values))
    problem = segment(client, data).json()
    assert (problem["status"], problem["code"]) == (422, "window_needed")
    assert f"{values.min()} to {values.max()}" in problem["detail"]
    for window in ("auto", f"{values.min()},{values.max()}", " 0, 4095.5"):
        assert segment(client, data, window=window).json()["warnings"] == []


def test_warnings_are_in_the_answer(client: httpx2.Client) -> None:
    image = quarters()
    image.putalpha(0)
    for data, query, code in (
        (encoded(image), {}, "all_transparent"),
        (encoded(quarters()), {"window": "auto"}, "window_ignored"),
    ):
        answer = segment(client, data, **query)
        assert [warning["code"] for warning in answer.json()["warnings"]] == [code]
        assert answer.json()["warnings"][0]["detail"]
        for accept in ("application/json", "image/png", "image/webp"):
            assert segment(client, data, accept, **query).headers["X-Warnings"] == code
    plain = segment(client, encoded(quarters()))
    assert (plain.json()["warnings"], plain.headers.get("X-Warnings")) == ([], None)
