"""Labels -> pictures."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from service.segmentation.errors import PictureTooLarge
from service.segmentation.modelfile.classes import Class, ClassList
from service.segmentation.modelfile.contract import Labels
from service.segmentation.outputs.rendering import heatmap_overlay, mask_png, overlay
from service.segmentation.segmenter import Heatmap
from tests.support.colours import CLASSES


@pytest.mark.parametrize("classes", [1, 2, 3, 11, 17, 255])
def test_a_masks_pixels_are_class_ids_and_its_palette_their_colours(classes: int) -> None:
    many = ClassList(tuple(Class(i, f"class {i}", f"#{i:02x}{255 - i:02x}{i ^ 0x5A:02x}") for i in range(classes)))
    labels = np.random.default_rng(0).integers(0, classes, (40, 57)).astype(np.uint8)
    image = Image.open(io.BytesIO(mask_png(labels, many)))
    assert (image.format, image.mode, image.size) == ("PNG", "P", (57, 40))
    assert np.array_equal(np.asarray(image), labels)
    colours = np.array([c.rgb for c in many.classes])
    assert np.array_equal(np.asarray(image.convert("RGB")), colours[labels])


@pytest.mark.parametrize("format_", ["JPEG", "WEBP"])
def test_an_overlay_lies_between_the_photo_and_the_colours(format_: str) -> None:
    labels = np.zeros((32, 32), np.uint8)
    image = Image.open(io.BytesIO(overlay(Image.new("RGB", (32, 32), "white"), labels, CLASSES, format_)))
    assert (image.format, image.size) == (format_, (32, 32))
    red, green, _ = np.asarray(image.convert("RGB"))[16, 16]
    assert red > 200
    assert 60 < green < 180


def test_a_picture_that_a_format_cannot_hold_is_refused_with_another_format() -> None:
    with pytest.raises(PictureTooLarge, match="image/png"):
        overlay(Image.new("RGB", (16_384, 1)), np.zeros((1, 16_384), np.uint8), CLASSES, "WEBP")


def saved(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def test_a_picture_drawn_in_stripes_is_the_picture_drawn_at_once() -> None:
    draw = np.random.default_rng(0)
    photo = Image.fromarray(draw.integers(0, 255, (1400, 1000, 3), dtype=np.uint8))
    plane: Labels = draw.integers(0, 255, (1400, 1000), dtype=np.uint8)
    labels: Labels = plane % np.uint8(len(CLASSES.classes))
    colours = np.array([c.rgb for c in CLASSES.classes], np.uint8)[labels]
    assert overlay(photo, labels, CLASSES, "JPEG") == saved(Image.blend(photo, Image.fromarray(colours), 0.55))
    class_ = CLASSES.classes[1]
    dim = ImageEnhance.Brightness(photo.convert("L").convert("RGB")).enhance(0.4)
    lit = Image.blend(photo, Image.new("RGB", photo.size, class_.rgb), 0.55)
    whole = saved(Image.composite(lit, dim, Image.fromarray(plane)))
    assert heatmap_overlay(photo, Heatmap(class_, plane), "JPEG") == whole
