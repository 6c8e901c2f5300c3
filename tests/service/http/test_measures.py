"""The measures of POST /segment that are made on request."""

from typing import Any

import httpx2
import numpy as np
from PIL import Image
from pycocotools import mask as coco

from tests.service.http.test_segment import segment
from tests.support.pictures import encoded, pixels, quarters


def island() -> Image.Image:
    """Red, with a green island of 20x10 in a blue lake of 40x30, and one blue pixel."""
    colours = np.zeros((64, 96, 3), np.uint8)
    colours[..., 0] = 200
    colours[10:40, 20:60] = (0, 0, 200)
    colours[20:30, 30:50] = (0, 200, 0)
    colours[60, 90] = (0, 0, 200)
    return Image.fromarray(colours)


def measured(client: httpx2.Client, image: Image.Image, **query: str) -> dict[str, Any]:
    response = segment(client, encoded(image), **query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_regions_are_in_their_classes_the_largest_first(client: httpx2.Client) -> None:
    answer = measured(client, island(), include="regions", pixel_spacing_mm="0.5,0.2")
    red, green, blue = (class_["regions"] for class_ in answer["classes"])
    assert [len(red), len(green)] == [1, 1]
    assert green == [{"pixels": 200, "area_mm2": 20.0, "box": [30, 20, 20, 10], "centroid": [40.0, 25.0]}]
    assert [(region["pixels"], region["box"]) for region in blue] == [
        (30 * 40 - 200, [20, 10, 40, 30]),
        (1, [90, 60, 1, 1]),
    ]
    assert answer["mask"] is None


def test_a_polygon_has_its_outline_and_its_holes(client: httpx2.Client) -> None:
    answer = measured(client, island(), include="polygons", min_region="2")
    (lake,) = answer["classes"][2]["regions"]
    assert lake["polygon"] == [
        [[20, 10], [60, 10], [60, 40], [20, 40], [20, 10]],
        [[50, 20], [30, 20], [30, 30], [50, 30], [50, 20]],
    ]


def test_a_tolerance_of_nothing_keeps_every_corner(client: httpx2.Client) -> None:
    y, x = np.indices((64, 96))
    image = Image.fromarray(np.where((x > y)[..., np.newaxis], (0, 200, 0), (200, 0, 0)).astype(np.uint8))
    corners = {}
    for tolerance in ("0", "1", "5"):
        (region,) = measured(client, image, include="polygons", tolerance=tolerance)["classes"][0]["regions"]
        corners[tolerance] = len(region["polygon"][0])
    assert corners["0"] > 100
    assert corners["5"] <= corners["1"] <= 6


def test_they_are_not_there_where_nobody_asks_for_them(client: httpx2.Client) -> None:
    answer = measured(client, quarters())
    assert answer.keys() == {"model", "image", "classes", "mask", "heatmap", "warnings", "timings_ms"}
    plain = {"id", "name", "color", "pixels", "fraction", "area_mm2", "confidence"}
    assert [set(class_) for class_ in answer["classes"]] == [plain] * 3


def test_more_regions_than_are_listed_are_a_warning(client: httpx2.Client) -> None:
    dots = np.zeros((64, 96, 3), np.uint8)
    dots[..., 0] = 200
    dots[::2, ::2] = (0, 200, 0)
    response = segment(client, encoded(Image.fromarray(dots)), include="polygons", min_region="1")
    answer = response.json()
    assert [warning["code"] for warning in answer["warnings"]] == ["regions_left_out"]
    assert response.headers["X-Warnings"] == "regions_left_out"
    assert "1537 regions of at least 1 pixels" in answer["warnings"][0]["detail"]
    assert sum(len(class_["regions"]) for class_ in answer["classes"]) == 1000
    few = measured(client, Image.fromarray(dots), include="polygons", min_region="2")
    assert few["warnings"] == []
    assert [len(class_["regions"]) for class_ in few["classes"]] == [1, 0, 0]
    assert len(few["classes"][0]["regions"][0]["polygon"]) == 1 + 31 * 47


def test_impossible_values_are_refused(client: httpx2.Client) -> None:
    for name, value in (("min_region", "0"), ("tolerance", "nan"), ("include", "polygon"), ("threshold", "1.1")):
        problem = segment(client, encoded(quarters()), **{name: value}).json()
        assert (problem["status"], problem["code"]) == (422, "invalid_parameter"), name


def test_maps_of_confidence_and_entropy_have_the_uploads_size(client: httpx2.Client) -> None:
    """Channels of 60, 30 and 10 are probabilities of 0.6, 0.3 and 0.1."""
    image = Image.new("RGB", (192, 128), (60, 30, 10))
    image.paste((0, 255, 0), (0, 0, 96, 128))
    answer = measured(client, image, include="confidence_map,entropy")
    assert answer["mask"] is None
    likely, entropy = (pixels(answer[name]["data"]) for name in ("confidence_map", "entropy"))
    assert likely.shape == entropy.shape == (128, 192)
    assert (likely[:, :90] == 255).all()
    assert (likely[:, 102:] == round(255 * 0.6)).all()
    assert (entropy[:, :90] == 0).all()
    shares = np.array([0.6, 0.3, 0.1])
    assert (entropy[:, 102:] == round(-255 * (shares * np.log(shares)).sum() / np.log(3))).all()


def test_low_confidence_is_the_share_of_pixels_below_the_threshold(client: httpx2.Client) -> None:
    image = Image.new("RGB", (96, 64), (60, 30, 10))
    image.paste((0, 255, 0), (0, 0, 24, 64))
    for threshold, red in ((0.7, 1), (0.59, 0)):
        answer = measured(client, image, include="low_confidence", threshold=str(threshold))
        assert [class_.get("low_confidence") for class_ in answer["classes"]] == [red, 0, None]
        assert answer["low_confidence"] == {"threshold": threshold, "fraction": 0.75 * red}


def test_run_lengths_are_the_mask(client: httpx2.Client) -> None:
    answer = measured(client, island(), include="mask,rle")
    mask = pixels(answer["mask"]["data"])
    for class_ in answer["classes"]:
        theirs = coco.encode(np.asfortranarray(mask == class_["id"], np.uint8))
        assert class_["rle"] == {"size": [64, 96], "counts": theirs["counts"].decode()}
