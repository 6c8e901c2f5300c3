"""A mask is enlarged so that its outlines run where interpolated scores cross."""

import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from service.segmentation import footprint
from service.segmentation.inputs.raster import Size
from service.segmentation.measures.areas import count
from service.segmentation.modelfile.contract import Labels, Pixels
from service.segmentation.outlines import enlarged, redraw
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.model import Model, Output
from service.segmentation.segmenter import Segmenter
from tests.support import colours
from tests.support.effort import EFFORT
from tests.support.pictures import quarters

SIZES = [(960, 640), (640, 960), (1000, 667), (311, 207), (97, 65)]
sides = st.integers(1, 12)


def beyond(size: Size) -> NDArray[np.float64]:
    """How far each pixel's centre is beyond a slanted line through the middle, in pixels."""
    width, height = size
    x, y = np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2
    distance: NDArray[np.float64] = (x + 0.4 * y[:, np.newaxis]) / np.hypot(1, 0.4)
    return distance


def slanted(size: Size) -> Image.Image:
    """Red fades into blue across the line, so that their scores cross on it."""
    blue = np.clip(np.rint(128 + 3000 / max(size) * beyond(size)), 1, 255).astype(np.uint8)
    return Image.fromarray(np.stack((np.uint8(255) - blue, np.zeros_like(blue), blue), axis=2))


def silent() -> Model:
    """The colours model, which gives no scores."""
    return Model(colours.packed(colours.graph(scores=False), msgspec.json.encode(colours.contract())), threads=1)


def in_cells(scores: NDArray[np.uint8], side: int) -> Cells:
    """Scores [classes, H, W] as a network gives them, in cells of `side`."""
    classes, height, width = scores.shape
    cells = scores.reshape(classes, height // side, side, width // side, side).transpose(0, 2, 4, 1, 3)
    return Cells(cells.reshape(-1, height // side, width // side), (height, width), None)


def around(places: int, pixels: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The places before and after each pixel, [2, pixels], and their shares; beyond the ends, the last place twice."""
    at = (np.arange(pixels) + 0.5) * places / pixels - 0.5
    before = np.floor(at).astype(np.intp)
    return np.clip((before, before + 1), 0, places - 1), np.stack((1 - at + before, at - before))


def leading(scores: NDArray[np.uint8], labels: Labels, size: Size) -> NDArray[np.float64]:
    """Scores [classes, H, W] enlarged bilinearly, and minus infinity for classes that are at none of four corners."""
    (columns, across), (rows, down) = around(labels.shape[1], size[0]), around(labels.shape[0], size[1])
    sums, near = np.zeros((len(scores), size[1], size[0])), np.zeros((len(scores), size[1], size[0]), bool)
    for row, high in zip(rows, down, strict=True):
        for column, wide in zip(columns, across, strict=True):
            corner = np.ix_(row, column)
            sums += scores[:, *corner] * np.outer(high, wide)
            near |= np.arange(len(scores))[:, np.newaxis, np.newaxis] == labels[corner]
    return np.where(near, sums, -np.inf)


@pytest.mark.parametrize("size", SIZES)
def test_a_slanted_line_is_enlarged_to_a_line(model: Model, size: Size) -> None:
    labels = Segmenter(model).segment(slanted(size)).labels
    wrong = (labels == 2) != (beyond(size) > 0)
    half = -(-max(size) // 96) // 2 + 1  # of a place: beyond the outermost centres scores stay as they are
    inner = np.s_[half:-half, half:-half]
    assert np.abs(beyond(size)[inner][wrong[inner]]).max(initial=0) < 1


def test_without_scores_a_slanted_line_is_made_of_steps() -> None:
    labels = Segmenter(silent()).segment(slanted((960, 640))).labels
    wrong = (labels == 2) != (beyond((960, 640)) > 0)
    assert np.abs(beyond((960, 640))[wrong]).max() > 3


@EFFORT
@given(st.tuples(*[st.integers(1, 60)] * 2), st.tuples(*[st.integers(1, 300)] * 2))
def test_a_mask_without_outlines_is_enlarged_as_pillow_does_it(shape: tuple[int, int], size: Size) -> None:
    labels = np.random.default_rng(0).integers(0, 11, shape).astype(np.uint8)
    nearest = Image.fromarray(labels).resize(size, Image.Resampling.NEAREST)
    np.testing.assert_array_equal(enlarged(labels, size), np.asarray(nearest))


@EFFORT
@given(
    st.tuples(sides, sides),
    st.tuples(*[st.integers(0, 30)] * 2),
    st.integers(1, 3),
    st.integers(2, 5),
    st.integers(0, 2**32 - 1),
)
def test_every_pixel_has_the_greatest_score_of_the_classes_around_it(
    grid: tuple[int, int], more: tuple[int, int], side: int, classes: int, seed: int
) -> None:
    height, width = grid[0] * side, grid[1] * side
    size = width + more[0], height + more[1]
    scores = np.random.default_rng(seed).integers(0, 256, (classes, height, width), np.uint8)
    labels = scores.argmax(0).astype(np.uint8)
    whole = enlarged(labels, size).copy()
    before = np.array(count(whole, 256))
    change = redraw(whole, labels, in_cells(scores, side))
    assert np.array_equal(before + change, count(whole, 256))
    planes = leading(scores, labels, size)
    (taken,) = np.take_along_axis(planes, whole[np.newaxis].astype(int), axis=0)
    assert (taken >= planes.max(0) - 1e-2).all()


def test_squares_are_drawn_a_few_at_a_time_as_all_at_once() -> None:
    """400 x 300 squares are more than are drawn at a time."""
    scores = np.random.default_rng(0).integers(0, 256, (3, 300, 400), np.uint8)
    labels = scores.argmax(0).astype(np.uint8)
    whole = enlarged(labels, (1200, 900))
    redraw(whole, labels, in_cells(scores, 1))
    part = enlarged(labels[:60], (1200, 180))
    redraw(part, labels[:60], in_cells(scores[:, :60], 1))
    assert np.array_equal(whole[:177], part[:177])  # the part ends 1.5 pixels after its last centre


def test_a_line_of_one_place_stays_a_line() -> None:
    scores = np.full((2, 20, 20), 100, np.uint8)
    scores[0, :, 7], scores[1, :, 7] = 90, 110
    scores[0, :, :7], scores[0, :, 8:] = 120, 120
    labels = scores.argmax(0).astype(np.uint8)
    whole = enlarged(labels, (111, 111))
    redraw(whole, labels, in_cells(scores, 1))
    assert (whole.sum(1) >= 5).all()
    assert (whole.sum(1) <= 6).all()


def test_equal_scores_are_the_first_class_as_in_the_network() -> None:
    scores = np.full((3, 4, 4), 7, np.uint8)
    scores[2, 1, 1] = 9
    labels = scores.argmax(0).astype(np.uint8)
    whole = enlarged(labels, (20, 20))
    redraw(whole, labels, in_cells(scores, 1))
    assert set(np.unique(whole)) == {0, 2}


@pytest.mark.parametrize("size", SIZES)
def test_areas_are_those_of_the_mask(model: Model, size: Size) -> None:
    for image in (slanted(size), quarters(*size)):
        segmentation = Segmenter(model).segment(image)
        assert segmentation.pixels == count(segmentation.labels, 3)
        assert sum(segmentation.pixels) == size[0] * size[1]


@pytest.mark.parametrize("size", [(96, 64), (64, 96), (48, 32), (95, 63), (1, 1)])
def test_a_mask_that_is_not_enlarged_costs_no_scores(model: Model, size: Size) -> None:
    asked = []

    def run(image: Pixels, scores: bool = False, call: Call | None = None) -> Output:
        asked.append(scores)
        return model.run(image, scores, call)

    labels: Labels = Segmenter(model, run).segment(slanted(size)).labels
    assert asked == [False]
    assert np.array_equal(labels, Segmenter(silent()).segment(slanted(size)).labels)


@pytest.mark.parametrize("size", [(721, 541), (1440, 1080), (4000, 3000)])
def test_the_memory_for_outlines_is_set_aside_even_where_every_pixel_differs(size: Size) -> None:
    scores = np.random.default_rng(0).integers(0, 256, (11, 540, 720), np.uint8)
    labels = scores.argmax(0).astype(np.uint8)
    cells = in_cells(scores, 1)
    whole = enlarged(labels, size)
    tracemalloc.start()
    redraw(whole, labels, cells)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak + cells.values.nbytes < footprint.of_outlines(labels.size, 11)
