"""Models side by side."""

import numpy as np

from model_export.data.folder import SegmentationFolder
from model_export.data.place import Place
from model_export.reports import compare
from model_export.reports.evaluate import evaluate
from model_export.reports.mosaic import CAPTION, GAP
from service.segmentation.runtime.model import Model


def test_the_table_has_accuracy_and_cost(served: Model, place: Place) -> None:
    two = Place("two", place.folder, only="0000,0001")
    rows = compare.compare([served, served], [place, two])
    first = rows[0]
    assert first.evaluations == [evaluate(served, place), evaluate(served, two)]
    assert first.network is not None
    assert first.network.parameters == 56_856
    assert first.milliseconds > 0
    header, _, line, again = compare.table(rows).splitlines()
    assert header.count("|") == line.count("|") == again.count("|")
    assert "FCN-8s, tiny" in line
    for name, evaluation in zip(("drawn", "two"), first.evaluations, strict=True):
        assert f"| mean IU, {name} | pixel accuracy, {name} |" in header
        metrics = evaluation.metrics
        assert f"| {100 * metrics.mean_iu:.2f} | {100 * metrics.pixel_accuracy:.2f} |" in line


def test_the_picture_has_photo_truth_and_every_models_mask(served: Model, drawn: SegmentationFolder) -> None:
    picture = compare.picture([served, served], drawn, [0, 3])
    assert picture.size == (4 * 96 + 3 * GAP, CAPTION + 2 * 64 + GAP)
    pixels = np.asarray(picture)
    photo = np.asarray(drawn.read(0)[0])
    assert np.array_equal(pixels[CAPTION : CAPTION + 64, :96], photo)
    masks = [pixels[CAPTION : CAPTION + 64, left : left + 96] for left in (2 * (96 + GAP), 3 * (96 + GAP))]
    assert np.array_equal(masks[0], masks[1])


def test_an_unlabelled_photo_is_drawn_without_truth(served: Model, drawn: SegmentationFolder) -> None:
    pixels = np.asarray(compare.picture_of([served], drawn.file(0)))
    assert pixels.shape[:2] == (CAPTION + 64, 2 * 96 + GAP)
    beside_truth = np.asarray(compare.picture([served], drawn, [0]))
    assert np.array_equal(pixels[CAPTION:, 96 + GAP :], beside_truth[CAPTION:, 2 * (96 + GAP) :])


def test_multiply_accumulates_are_those_of_the_served_size(served: Model) -> None:
    """On 96x64: the five convolutions, each on a quarter of the one before; the scores; the deconvolutions."""
    network = served.contract.network
    assert network is not None
    convolutions = 9 * (3 * 12 * 1536 + 12 * 24 * 384 + 24 * 32 * 96 + 32 * 48 * 24 + 48 * 64 * 6)
    scores = 4 * (32 * 96 + 48 * 24 + 64 * 6)
    deconvolutions = 16 * (4 * 4 * 6 + 4 * 4 * 24 + 16 * 16 * 96)
    assert network.macs == convolutions + scores + deconvolutions
