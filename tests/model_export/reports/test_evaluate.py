"""A model file judged through the code that serves it."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from model_export.data import shapes
from model_export.data.place import Place
from model_export.errors import DataError
from model_export.reports.evaluate import evaluate, measure
from service.segmentation.runtime.model import Model
from tests.support.colours import CLASSES
from tests.support.pictures import quarters


def write_pair(
    root: Path, name: str, image: Image.Image, labels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> None:
    for kind in ("images", "labels"):
        (root / "val" / kind).mkdir(parents=True, exist_ok=True)
    image.save(root / "val" / "images" / f"{name}.png")
    Image.fromarray(labels).save(root / "val" / "labels" / f"{name}.png")


def test_the_figures_are_those_of_the_services_answers(model: Model, tmp_path: Path) -> None:
    """One picture is labelled as the model sees it; of the other a quarter is void and the rest the wrong class."""
    (tmp_path / "classes.json").write_bytes(msgspec.json.encode(CLASSES))
    truth = np.asarray(quarters()).argmax(2).astype(np.uint8)
    wrong = np.full((64, 96), 1, np.uint8)
    wrong[:32, :48] = 255
    write_pair(tmp_path, "a", quarters(), truth)
    write_pair(tmp_path, "b", Image.new("RGB", (96, 64), "blue"), wrong)
    place = Place("corners", tmp_path)
    evaluation = evaluate(model, place)
    right, judged = 64 * 96, 64 * 96 + 64 * 96 * 3 // 4
    assert (evaluation.place, evaluation.split, evaluation.images) == ("corners", "val", 2)
    assert evaluation.metrics.pixel_accuracy == pytest.approx(right / judged)
    assert evaluation.metrics.iu[0] == 1
    assert measure(model, place.judged(model.contract.labels), [0]).mean_iu == 1


def test_data_of_other_classes_without_a_mapping_are_refused(model: Model, tmp_path: Path) -> None:
    shapes.write(tmp_path, train=1, val=1, width=32, height=32, seed=0)
    with pytest.raises(DataError, match=r"mapping\.json is missing.*'disc'.*the model's .*'red'"):
        evaluate(model, Place("shapes", tmp_path))
