"""Random scale, crop, flip and colour: reproducible, and the same for image and label."""

import numpy as np
import pytest
from PIL import Image

from model_export.data.augment import OUTSIDE, Augmentation
from model_export.data.folder import VOID
from service.segmentation.modelfile.classes import rgb


def pair(width: int = 120, height: int = 90) -> tuple[Image.Image, Image.Image]:
    """A picture whose red channel says its label: left half 40 and class 0, right half 200 and class 1."""
    image = Image.new("RGB", (width, height), (40, 0, 0))
    image.paste((200, 0, 0), (width // 2, 0, width, height))
    label = Image.new("L", (width, height), 0)
    label.paste(1, (width // 2, 0, width, height))
    return image, label


SCALES = (0.75, 2.0)


def test_the_same_seed_epoch_and_index_give_the_same_crop() -> None:
    def draw(seed: int, epoch: int, index: int) -> bytes:
        return Augmentation(64, 48, SCALES, seed, epoch)(*pair(), index)[0].tobytes()

    assert draw(1, 2, 3) == draw(1, 2, 3)
    assert len({draw(*key) for key in ((1, 2, 3), (0, 2, 3), (1, 0, 3), (1, 2, 0))}) == 4


def test_label_and_image_stay_together() -> None:
    augmentation = Augmentation(64, 48, SCALES, seed=0, colour=0)
    for index in range(40):
        image, label = (np.asarray(picture) for picture in augmentation(*pair(), index))
        assert image.shape == (48, 64, 3)
        assert label.shape == (48, 64)
        judged = label != VOID
        assert ((image[..., 0] > 120) == (label == 1))[judged].mean() > 0.95


def test_no_id_appears_that_was_not_there() -> None:
    augmentation = Augmentation(64, 48, SCALES, seed=0)
    seen = {value for index in range(40) for value in augmentation(*pair(), index)[1].get_flattened_data()}
    assert {0, 1} <= seen <= {0, 1, VOID}


def test_the_area_outside_a_small_photo_is_void() -> None:
    _, label = Augmentation(256, 256, SCALES, seed=0)(*pair(32, 32), 0)
    assert label.histogram()[VOID] > 256 * 256 / 2


def test_the_area_outside_has_one_colour_in_any_light() -> None:
    for index in range(10):
        image, _ = (np.asarray(one) for one in Augmentation(96, 96, (1, 1), seed=0)(*pair(32, 32), index))
        outside = np.array(rgb(OUTSIDE))
        assert (image == outside).all(2).sum() == 96 * 96 - 32 * 32


def test_photos_of_any_size_are_varied_around_the_reference() -> None:
    """Twice as large, a photo fills the same part of the crop."""
    augmentation = Augmentation(256, 256, (1, 1), seed=0, reference=(120, 90))
    for width, height in ((120, 90), (240, 180), (60, 45)):
        _, label = augmentation(*pair(width, height), 0)
        assert 256 * 256 - label.histogram()[VOID] == pytest.approx(120 * 90, rel=0.03)


def test_some_are_mirrored_and_some_are_not() -> None:
    augmentation = Augmentation(120, 90, (1, 1), seed=0, colour=0)
    first = [np.asarray(augmentation(*pair(), index)[1])[0, 0] for index in range(40)]
    assert 5 < sum(first) < 35
