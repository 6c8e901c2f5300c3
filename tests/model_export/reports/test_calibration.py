"""A temperature makes probabilities say how often a model is right."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from model_export.commands import app
from model_export.data.place import Place
from model_export.errors import DataError
from model_export.onnx.temperature import heated, temperature_of
from model_export.reports import plots
from model_export.reports.calibration import BINS, Calibration, fit
from model_export.reports.sampled import Sampled, sampled
from service.segmentation.modelfile.classes import Class, ClassList
from service.segmentation.runtime.model import Model
from tests.support import colours, tissues

TWO = np.tile(np.arange(2, dtype=np.uint8), (256, 1))
"""The outcomes of two classes that are not merged."""


def ids(*values: int) -> NDArray[np.uint8]:
    return np.array(values, np.uint8)


def write(root: Path, split: str, classes: ClassList = colours.CLASSES, seed: int = 0) -> None:
    """Four noisy photos; a pixel's label is drawn with its channels' shares as probabilities, class ids modulo
    `classes`."""
    draw = np.random.default_rng(seed)
    root.mkdir(exist_ok=True)
    (root / "classes.json").write_bytes(msgspec.json.encode(classes))
    for kind in ("images", "labels"):
        (root / split / kind).mkdir(parents=True)
    for number in range(4):
        pixels = draw.integers(1, 256, (colours.HEIGHT, colours.WIDTH, 3)).astype(np.uint8)
        steps = pixels.cumsum(axis=2) / pixels.sum(axis=2, keepdims=True)
        labels = (draw.random((*pixels.shape[:2], 1)) > steps[..., :2]).sum(axis=2) % len(classes.classes)
        Image.fromarray(pixels).save(root / split / "images" / f"{number}.png")
        Image.fromarray(labels.astype(np.uint8)).save(root / split / "labels" / f"{number}.png")


@pytest.fixture(scope="module")
def sure() -> bytes:
    """The colours model, its logits three times too large."""
    return colours.packed(colours.graph(scale=3), msgspec.json.encode(colours.contract()))


def calibration(model: Model, place: Place, temperature: float) -> Calibration:
    data, found = place.judged(model.contract.labels), Calibration(temperature)
    for pixels in sampled(model, data, range(len(data))):
        found.add(pixels)
    return found


def test_logits_that_are_three_times_too_large_get_a_temperature_of_three(sure: bytes, tmp_path: Path) -> None:
    write(tmp_path / "data", "val")
    place, model = Place("noise", tmp_path / "data"), Model(sure, threads=1)
    temperature = temperature_of(model, [place], 4)
    assert temperature == pytest.approx(3, rel=0.1)
    assert temperature == temperature_of(model, [place], 4)
    before, after = (calibration(model, place, one) for one in (1, temperature))
    assert before.error > 0.15
    assert after.error < 0.03


def test_a_merged_class_has_the_probability_of_its_members(sure: bytes, tmp_path: Path) -> None:
    warm = ClassList((Class(0, "warm", "#e00000"), Class(1, "other", "#00b000")), 255)
    write(tmp_path / "data", "val", warm)
    (tmp_path / "data" / "mapping.json").write_bytes(msgspec.json.encode({"warm": ["red", "blue"], "other": ["green"]}))
    model, place = Model(sure, threads=1), Place("merged", tmp_path / "data")
    first = next(sampled(model, place.judged(model.contract.labels), [0]))
    assert {tuple(column) for column in first.chosen.T.tolist()} == {(True, False, True), (False, True, False)}
    logits = first.scores[:, 0].astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=0)
    red_or_blue = logits.argmax(axis=0) != 1
    found = Calibration(1)
    found.add(first)
    assert found.confidence.sum() == pytest.approx(np.where(red_or_blue, shares[0] + shares[2], shares[1]).sum())
    assert temperature_of(model, [place], 4) == pytest.approx(3, rel=0.1)


def test_the_error_is_the_difference_in_each_bin_weighted_by_its_pixels() -> None:
    """Three pixels at 0.9, of which two are right, and one at 0.6, which is right."""
    scores = np.log([[0.9, 0.9, 0.9, 0.6], [0.1, 0.1, 0.1, 0.4]]).astype(np.float32)[:, np.newaxis]
    found = Calibration(1)
    found.add(Sampled(scores, ids(0, 0, 0, 0), ids(0, 0, 1, 0), TWO, 2))
    assert found.error == pytest.approx(0.75 * abs(0.9 - 2 / 3) + 0.25 * 0.4)
    assert len(found.pixels) == BINS


def test_places_count_alike_however_many_images_they_have() -> None:
    scores = np.log([[0.9], [0.1]]).astype(np.float32)[:, np.newaxis]
    right, wrong = (Sampled(scores, ids(0), ids(truth), TWO, 2) for truth in (0, 1))
    few, many = [right, right, wrong], [right, wrong] * 20
    assert fit([few, many]) == fit([few * 30, many])


def test_calibrate_writes_the_same_model_with_its_temperature(sure: bytes, tmp_path: Path) -> None:
    """Fitted on training images, or on those of --fit; labels are equal, and the file passes its own self-test."""
    for seed, split in enumerate(("train", "val")):
        write(tmp_path / "data", split, seed=seed)
    (tmp_path / "sure.onnx").write_bytes(sure)
    for number, more in enumerate(([], ["--fit", f"{tmp_path / 'data'},split=val"])):
        output, picture = tmp_path / f"{number}.onnx", tmp_path / f"{number}.png"
        arguments = [tmp_path / "sure.onnx", tmp_path / "data", output, "--picture", picture, *more]
        answer = CliRunner().invoke(app, ["calibrate", *map(str, arguments)])
        assert answer.exit_code == 0, answer.output
        before, after = Model(sure, threads=1), Model.load(output, threads=1)
        assert after.contract.temperature == pytest.approx(3, rel=0.1)
        assert "data: expected calibration error" in answer.output
        assert msgspec.structs.replace(after.contract, temperature=1.0, seal=before.contract.seal) == before.contract
        image = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
        np.testing.assert_array_equal(before.run(image)[0], after.run(image)[0])
        with Image.open(picture) as drawn:
            assert min(drawn.size) > 300


def test_a_reliability_diagram_has_a_panel_for_each_place(sure: bytes, tmp_path: Path) -> None:
    write(tmp_path / "data", "val")
    model, place = Model(sure, threads=1), Place("noise", tmp_path / "data")
    pair = calibration(model, place, 1), calibration(model, place, 3)
    for count in (1, 3):
        plots.reliability({f"place {number}": pair for number in range(count)}, tmp_path / f"{count}.png")
    with Image.open(tmp_path / "1.png") as one, Image.open(tmp_path / "3.png") as three:
        assert three.width > 2 * one.width
    assert Model(heated(sure, 3.0), threads=1).contract.temperature == 3


def test_a_model_for_scans_gets_no_temperature() -> None:
    with pytest.raises(DataError, match="is for scans"):
        heated(tissues.model_bytes(), 3.0)
