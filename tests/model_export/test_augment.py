"""Random scale, crop, flip and colour: reproducible, and the same for image and label."""

import numpy as np
import pytest
from PIL import Image

from model_export.data.augment import Augmentation
from model_export.data.camera import AS_IT_IS, Camera
from model_export.data.folder import VOID
from model_export.data.outside import OUTSIDE
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
    augmentation = Augmentation(64, 48, SCALES, seed=0, camera=AS_IT_IS)
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
    augmentation = Augmentation(120, 90, (1, 1), seed=0, camera=AS_IT_IS)
    first = [np.asarray(augmentation(*pair(), index)[1])[0, 0] for index in range(40)]
    assert 5 < sum(first) < 35


def test_an_aspect_stretches_one_side_against_the_other() -> None:
    """The label's left half, 60 of 120 columns, is more or less than 60 rows high, 90, times 2/3."""
    augmentation = Augmentation(256, 256, (1, 1), seed=0, aspect=0.4, camera=AS_IT_IS)
    ratios = []
    for index in range(40):
        _, label = augmentation(*pair(), index)
        left, top, right, bottom = label.point(lambda value: 255 * (value != VOID)).getbbox() or (0, 0, 0, 0)
        ratios.append((right - left) / (bottom - top) / (120 / 90))
    assert min(ratios) == pytest.approx(np.exp(-0.4), abs=0.06)
    assert max(ratios) == pytest.approx(np.exp(0.4), abs=0.06)


@pytest.mark.parametrize(
    "camera",
    [
        Camera(light=0.3, saturation=0),
        Camera(light=0, saturation=0.3),
        Camera(light=0, saturation=0, gamma=0.3),
        Camera(light=0, saturation=0, white_balance=0.2),
        Camera(light=0, saturation=0, blur=1),
        Camera(light=0, saturation=0, compression=1),
    ],
)
def test_each_setting_of_the_camera_changes_a_photo_and_none_leaves_it(camera: Camera) -> None:
    photo = Image.effect_noise((64, 48), 60).convert("RGB")
    photo.paste((200, 80, 40), (0, 0, 30, 30))
    changed = camera(photo, np.random.default_rng(0))
    assert (changed.size, changed.mode) == (photo.size, "RGB")
    assert changed.tobytes() != photo.tobytes()
    assert camera(photo, np.random.default_rng(0)).tobytes() == changed.tobytes()
    assert AS_IT_IS(photo, np.random.default_rng(0)).tobytes() == photo.tobytes()


def test_light_gamma_and_blur_leave_grey_grey() -> None:
    """The three channels of a scan are slices, not colours: without saturation and white balance they stay apart."""
    photo = Image.effect_noise((64, 48), 60).convert("RGB")
    for seed in range(10):
        changed = Camera(light=0.3, saturation=0, gamma=0.3, blur=0.5)(photo, np.random.default_rng(seed))
        red, green, blue = (band.tobytes() for band in changed.split())
        assert red == green == blue
