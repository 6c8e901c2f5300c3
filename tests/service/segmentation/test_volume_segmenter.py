"""A volume is labelled slice by slice, whatever its axes and its spacing, and its labels have its own grid."""

import threading
from pathlib import Path

import numpy as np
import pytest

from service.segmentation.errors import Abandoned, NotForScans
from service.segmentation.inputs.volume import Volume
from service.segmentation.measures.volumes import Extent, extents, intracranial_ml
from service.segmentation.modelfile.contract import Pixels, Scan
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model, Output
from service.segmentation.runtime.turns import Turns
from service.segmentation.volume_segmenter import VolumeSegmentation, VolumeSegmenter
from tests.support import tissues
from tests.support.scans import ORIENTATIONS, SHAPE, scan, truth, turned, turned_scan
from tests.support.waiting import wait_until


def model_of(**changes: object) -> Model:
    return Model(tissues.model_bytes(**changes), threads=1)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model() -> Model:
    return model_of()


def silent(done: int, of: int) -> None:
    """No progress is shown."""


def segmented(model: Model, volume: Volume) -> VolumeSegmentation:
    return VolumeSegmenter(model, model.run).segment(volume, Call(), silent)


def measured(volume: Volume, segmentation: VolumeSegmentation) -> list[Extent]:
    return extents(segmentation.tally, volume.voxel_mm3, segmentation.seen.spacing[0])


def test_every_voxel_is_labelled(model: Model) -> None:
    volume = scan((1, 1, 1))
    segmentation = segmented(model, volume)
    assert np.array_equal(segmentation.seen.restored(segmentation.labels), truth())
    background, csf, *_ = measured(volume, segmentation)
    assert background.voxels == np.count_nonzero(truth() == 0)
    assert background.share is None
    assert csf.ml == pytest.approx(np.count_nonzero(truth() == 1) / 1000)
    assert csf.confidence == pytest.approx(1, abs=1e-3)
    assert csf.slice_mm2 == tuple(np.count_nonzero(truth() == 1, axis=(0, 1)))


@pytest.mark.parametrize(("order", "flipped"), ORIENTATIONS)
def test_the_axes_of_the_file_change_nothing(model: Model, order: tuple[int, ...], flipped: tuple[bool, ...]) -> None:
    volume = scan((1, 1, 2))
    plain = segmented(model, volume)
    other = turned_scan(volume, order, flipped)
    segmentation = segmented(model, other)
    assert measured(other, segmentation) == measured(volume, plain)
    labels = turned(plain.seen.restored(plain.labels), order, flipped)
    assert np.array_equal(segmentation.seen.restored(segmentation.labels), labels)


@pytest.mark.parametrize("spacing", [(0.7, 0.7, 0.7), (1.5, 1.5, 1.5), (0.5, 1, 3)])
def test_the_spacing_changes_millilitres_and_hardly_the_labels(
    model: Model, spacing: tuple[float, float, float]
) -> None:
    volume = scan(spacing)
    segmentation = segmented(model, volume)
    assert (segmentation.seen.restored(segmentation.labels) == truth()).mean() > 0.85
    ml = intracranial_ml(measured(volume, segmentation))
    assert ml == pytest.approx(np.count_nonzero(truth()) * np.prod(spacing) / 1000, rel=0.06)


def test_shares_are_of_the_tissues(model: Model) -> None:
    volume = scan()
    shares = [extent.share for extent in measured(volume, segmented(model, volume))[1:]]
    assert sum(share or 0 for share in shares) == pytest.approx(1)


def test_labels_alone_are_enough() -> None:
    volume = scan()
    segmentation = segmented(model_of(scores=False), volume)
    assert np.array_equal(segmentation.seen.restored(segmentation.labels), truth())
    assert {extent.confidence for extent in measured(volume, segmentation)} == {None}


@pytest.mark.parametrize(
    ("channel", "slice_mm", "away"),
    [(tissues.BELOW, 1, -1), (tissues.ABOVE, 1, 1), (tissues.ABOVE, 0.5, 2), (tissues.ABOVE, 4, 1)],
)
def test_the_channels_are_the_slices_below_and_above(channel: int, slice_mm: float, away: int) -> None:
    """A voxel has the label of the voxel `away` slices up; at the ends, of the last one."""
    segmentation = segmented(model_of(channel=channel), scan((1, 1, slice_mm)))
    labels = segmentation.seen.restored(segmentation.labels)
    shown = truth().any(axis=(0, 1))
    expected = truth()[..., np.clip(np.arange(SHAPE[2]) + away, 0, SHAPE[2] - 1)] * shown
    assert np.array_equal(labels, expected)


def test_a_model_may_see_one_slice_three_times() -> None:
    segmentation = segmented(model_of(channel=tissues.ABOVE, scan=Scan(spacing=1.0, slices=1)), scan())
    assert np.array_equal(segmentation.seen.restored(segmentation.labels), truth())


def test_a_slice_of_much_air_is_scaled_down_and_its_labels_are_not(model: Model) -> None:
    volume = scan((1, 1, 1), (300, 200, 4))
    labels = segmented(model, volume).seen.restored(segmented(model, volume).labels)
    assert (labels == truth((300, 200, 4))).mean() > 0.95


def test_progress_is_told_slice_by_slice(model: Model) -> None:
    told: list[tuple[int, int]] = []
    VolumeSegmenter(model, model.run).segment(scan(), Call(), lambda done, of: told.append((done, of)))
    assert told == [(done, SHAPE[2]) for done in range(SHAPE[2] + 1)]


def test_a_volume_is_abandoned_between_two_slices(model: Model) -> None:
    call, told = Call(), []

    def progress(done: int, _: int) -> None:
        told.append(done)
        if done == 5:
            call.abandon()

    with pytest.raises(Abandoned):
        VolumeSegmenter(model, model.run).segment(scan(), call, progress)
    assert told == list(range(6))


def test_an_image_that_waits_is_answered_between_two_slices(model: Model) -> None:
    turns = Turns()
    order: list[str] = []
    images: list[threading.Thread] = []

    def labelled(image: Pixels, scores: bool = False, call: Call | None = None) -> Output:
        if len(order) == 3:  # an image arrives while the fourth slice has its turn
            images.append(threading.Thread(target=photo, args=(image,)))
            images[0].start()
            wait_until(lambda: turns.waiting == 1)
        order.append("slice")
        return model.run(image, scores, call)

    def segmented_photo(image: Pixels, scores: bool = False, call: Call | None = None) -> Output:
        order.append("image")
        return model.run(image, scores, call)

    photo = turns.taking(segmented_photo, segmented_photo)
    VolumeSegmenter(model, turns.taking(labelled, labelled)).segment(scan(), Call(), silent)
    images[0].join()
    assert order[:6] == ["slice", "slice", "slice", "slice", "image", "slice"]


def test_a_model_for_pictures_is_refused(model_file: Path) -> None:
    pictures = Model.load(model_file, 1)
    with pytest.raises(NotForScans, match="colours is for pictures"):
        VolumeSegmenter(pictures, pictures.run)
