"""Batches: the answers are those of single images."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from service.segmentation.errors import Abandoned, InferenceFailed, TooLate
from service.segmentation.modelfile.contract import Pixels
from service.segmentation.runtime.batching import Batcher
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.runtime.turns import Turns
from tests.support import colours, slow
from tests.support.waiting import wait_until

POISON = np.full((32, 32, 3), 66, np.uint8)


class Watched(Model):
    """The colours model; it notes its batches, holds the first back until told, and fails on one image."""

    def __init__(self, *args: Any) -> None:
        self.batches: list[int] = []
        self.busy, self.go_on = Event(), Event()
        self.go_on.set()
        super().__init__(*args)

    def run(self, image: Pixels, scores: bool = False, call: Call | None = None) -> Any:
        self.note([image])
        return super().run(image, scores, call)

    def run_batch(self, images: Sequence[Pixels], scores: bool = False) -> Any:
        self.note(images)
        return super().run_batch(images, scores)

    def note(self, images: Sequence[Pixels]) -> None:
        self.busy.set()
        assert self.go_on.wait(60)
        if any(np.array_equal(image, POISON) for image in images):
            raise InferenceFailed("poison")
        self.batches.append(len(images))


@pytest.fixture
def watched(model_file: Path) -> Watched:
    model = Watched.load(model_file, threads=1)
    assert isinstance(model, Watched)
    model.batches.clear()
    model.busy.clear()
    return model


def pictures(count: int, height: int = 32) -> list[Pixels]:
    draw = np.random.default_rng(0)
    return [draw.integers(0, 255, (height, 32, 3), dtype=np.uint8) for _ in range(count)]


def send_while_busy(model: Watched, images: list[Pixels], largest: int) -> list[Any]:
    """Let one image hold the network while all others arrive; the outcome of each, labels or error."""
    batcher = Batcher(model, Turns(), largest, wait_s=0.05)

    def outcome(image: Pixels) -> Any:
        try:
            return batcher.run(image)[0]
        except InferenceFailed as error:
            return str(error)

    model.go_on.clear()
    with ThreadPoolExecutor(len(images) + 1) as callers:
        callers.submit(outcome, np.zeros((64, 64, 3), np.uint8))
        assert model.busy.wait(60)
        outcomes = [callers.submit(outcome, image) for image in images]
        wait_until(lambda: batcher.waiting == len(images))
        model.go_on.set()
        return [one.result(60) for one in outcomes]


def test_images_that_wait_go_together_and_are_answered_as_if_alone(model: Model, watched: Watched) -> None:
    images = pictures(7)
    answers = send_while_busy(watched, images, largest=4)
    for image, labels in zip(images, answers, strict=True):
        assert np.array_equal(labels, model.run(image)[0])
    assert sum(watched.batches) == 8
    assert max(watched.batches) == 4


def test_only_images_of_one_shape_go_together(model: Model, watched: Watched) -> None:
    images = [image for pair in zip(pictures(3), pictures(3, height=64), strict=True) for image in pair]
    answers = send_while_busy(watched, images, largest=8)
    for image, labels in zip(images, answers, strict=True):
        assert np.array_equal(labels, model.run(image)[0])
    assert max(watched.batches) == 3


def test_a_poisoned_image_fails_alone(model: Model, watched: Watched) -> None:
    images = [*pictures(3), POISON]
    *answers, refused = send_while_busy(watched, images, largest=8)
    assert refused == "poison"
    for image, labels in zip(images, answers, strict=False):
        assert np.array_equal(labels, model.run(image)[0])


def test_scores_come_where_they_are_asked_for(model: Model) -> None:
    batcher = Batcher(model, Turns(), 2, wait_s=0)
    (image,) = pictures(1)
    assert batcher.run(image)[1] is None
    labels, cells = batcher.run(image, scores=True)
    expected, expected_cells = model.run(image, scores=True)
    assert np.array_equal(labels, expected)
    assert cells is not None
    assert expected_cells is not None
    assert np.array_equal(cells.values, expected_cells.values)


def test_an_abandoned_image_enters_no_batch(watched: Watched) -> None:
    batcher = Batcher(watched, Turns(), 4, wait_s=0)
    (image,) = pictures(1)
    gone = Call()
    gone.abandon()
    with pytest.raises(Abandoned):
        batcher.run(image, call=gone)
    with pytest.raises(TooLate):
        batcher.run(image, call=Call(seconds=0))
    assert watched.batches == []
    assert batcher.run(image)[0].shape == (32, 32)


def test_waiting_for_company_and_the_network_are_timed(watched: Watched) -> None:
    batcher = Batcher(watched, Turns(), 2, wait_s=0)
    calls = [Call(), Call(), Call()]
    watched.go_on.clear()
    with ThreadPoolExecutor(3) as callers:
        for image, call in zip(pictures(3), calls, strict=True):
            callers.submit(batcher.run, image, False, call)
            assert watched.busy.wait(60)
        wait_until(lambda: batcher.waiting == 2)
        watched.go_on.set()
    assert sorted(watched.batches) == [1, 2]
    for call in calls:
        assert set(call.timings.milliseconds) == {"turn", "network"}


def test_a_batch_of_one_stops_with_its_call(tmp_path: Path) -> None:
    file = tmp_path / "slow.onnx"
    file.write_bytes(slow.model_bytes())
    batcher = Batcher(Model.load(file, threads=1), Turns(), 2, wait_s=0)
    call = Call()
    white = np.full((colours.HEIGHT, colours.WIDTH, 3), 255, np.uint8)
    with ThreadPoolExecutor(1) as callers:
        running = callers.submit(batcher.run, white, False, call)
        wait_until(lambda: "turn" in call.timings.milliseconds)
        call.abandon()
        with pytest.raises(Abandoned):
            running.result(60)
