"""The image is scaled to the model, the labels to the image."""

import msgspec
import numpy as np
import pytest
from PIL import Image

from service.segmentation.errors import NoScores, UnknownClass
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.contract import Input
from service.segmentation.request import Request
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter, fit, pad, to_pixels
from tests.support import colours
from tests.support.pictures import quarters

POLICY = Input(width=480, height=360, stride=32, padding="#7c7468")


def expected(width: int, height: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    labels: np.ndarray[tuple[int, int], np.dtype[np.int64]] = np.asarray(quarters(width, height)).argmax(2)
    return labels


def test_at_the_native_size_every_pixel_is_labelled_exactly(model: Model) -> None:
    assert np.array_equal(Segmenter(model).segment(quarters()).labels, expected(96, 64))


@pytest.mark.parametrize("size", [(192, 128), (960, 640), (48, 32), (64, 96), (300, 301), (95, 63)])
def test_labels_have_the_images_size_and_lie_where_its_colours_do(model: Model, size: tuple[int, int]) -> None:
    labels = Segmenter(model).segment(quarters(*size)).labels
    assert labels.shape == (size[1], size[0])
    assert (labels != expected(*size)).mean() < 0.06


def test_an_enlarged_mask_has_no_class_that_the_network_did_not_choose(model: Model) -> None:
    """Between red, 0, and blue, 2, an interpolated label would be green, 1."""
    image = Image.new("RGB", (960, 640), "red")
    image.paste("blue", (480, 0, 960, 640))
    assert set(np.unique(Segmenter(model).segment(image).labels)) == {0, 2}


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 5)])
def test_extreme_shapes_are_segmented(model: Model, size: tuple[int, int]) -> None:
    assert (Segmenter(model).segment(Image.new("RGB", size, "blue")).labels == 2).all()


@pytest.mark.parametrize("size", [(192, 128), (960, 641)])
def test_labels_of_an_image_that_came_smaller_have_the_uploads_size(model: Model, size: Size) -> None:
    segmenter = Segmenter(model)
    labels = segmenter.segment(quarters(*segmenter.needed(size)), size=size).labels
    assert labels.shape == (size[1], size[0])
    assert (labels != expected(*size)).mean() < 0.06


def test_confidence_is_the_mean_over_a_classs_pixels(model: Model) -> None:
    image = Image.new("RGB", (96, 64), (60, 30, 10))
    first, *others = Segmenter(model).segment(image, Request(confidence=True)).confidence
    assert first == pytest.approx(0.6)
    assert others == [None, None]
    assert Segmenter(model).segment(image).confidence == (None, None, None)


def test_a_heat_map_has_a_classs_probability_at_every_pixel(model: Model) -> None:
    image = Image.new("RGB", (192, 128), (60, 30, 10))
    image.paste((0, 255, 0), (0, 0, 96, 128))
    heatmap = Segmenter(model).segment(image, Request(heatmap="green")).heatmap
    assert heatmap is not None
    assert heatmap.class_.color == "#00b000"
    assert heatmap.probability.shape == (128, 192)
    assert (heatmap.probability[:, :90] == 255).all()
    assert (heatmap.probability[:, 102:] == round(255 * 0.3)).all()
    assert Segmenter(model).segment(image).heatmap is None


def test_logits_are_divided_by_the_temperature_of_the_file_and_labels_stay() -> None:
    """Channels of 60, 30 and 10 are probabilities of 0.6, 0.3 and 0.1; at 2, their square roots are."""
    image, roots = Image.new("RGB", (96, 64), (60, 30, 10)), np.sqrt([60, 30, 10])
    plain, warm = (Segmenter(Model(colours.model_bytes(temperature=t), threads=1)) for t in (1.0, 2.0))
    segmented = warm.segment(image, Request(confidence=True, heatmap="green"))
    assert segmented.confidence[0] == pytest.approx(roots[0] / roots.sum())
    assert segmented.heatmap is not None
    assert (segmented.heatmap.probability == round(255 * roots[1] / roots.sum())).all()
    assert np.array_equal(warm.segment(quarters()).labels, plain.segment(quarters()).labels)


def test_a_heat_map_of_a_class_that_is_not_there_is_refused_with_those_that_are(model: Model) -> None:
    with pytest.raises(UnknownClass, match="red, green, blue"):
        Segmenter(model).segment(quarters(), Request(heatmap="road"))


def test_a_model_of_labels_alone_has_no_heat_map() -> None:
    silent = Model(colours.packed(colours.graph(scores=False), msgspec.json.encode(colours.contract())), threads=1)
    with pytest.raises(NoScores, match="leave out heatmap"):
        Segmenter(silent).segment(quarters(), Request(heatmap="red"))


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((480, 360), (480, 360)),
        ((960, 720), (480, 360)),
        ((240, 180), (480, 360)),
        ((720, 960), (360, 480)),
        ((1280, 720), (480, 270)),
        ((1000, 1000), (360, 360)),
        ((1, 1), (360, 360)),
        ((10_000, 1), (480, 1)),
    ],
)
def test_an_image_is_brought_into_the_native_size_upright_or_turned(
    size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    assert fit(size, POLICY) == fitted


def test_no_shape_makes_the_network_see_more_than_its_padded_native_size() -> None:
    sizes = [(w, h) for w in (1, 7, 99, 480, 4000, 50_000) for h in (1, 8, 100, 361, 3000, 20_000)]
    assert max(np.prod(fit(size, POLICY)) for size in sizes) <= 480 * 360


def test_padding_lies_right_and_below_in_the_models_colour() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    padded = pad(pixels, Input(width=8, height=8, stride=4, padding="#010203"))
    assert padded.shape == (4, 4, 3)
    assert np.array_equal(padded[:2, :3], pixels)
    assert (padded[2:] == (1, 2, 3)).all()
    assert (padded[:, 3:] == (1, 2, 3)).all()


def test_a_grey_models_image_is_grey() -> None:
    grey = to_pixels(quarters(), Input(width=96, height=64, stride=32, padding="#000000", color="grey"))
    assert (grey == grey[..., :1]).all()
    assert np.array_equal(to_pixels(quarters(), POLICY), np.asarray(quarters()))


@pytest.mark.parametrize("size", [(480, 360), (360, 480), (4000, 3000), (1, 1), (10, 9000)])
def test_a_model_of_a_fixed_size_always_sees_it(size: Size) -> None:
    policy = msgspec.structs.replace(POLICY, width=97, height=65, stride=1, fixed=True)
    width, height = fit(size, policy)
    assert pad(np.zeros((height, width, 3), np.uint8), policy).shape == (65, 97, 3)
    assert width == 97 or height == 65
