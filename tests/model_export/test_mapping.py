"""A data set whose classes are others: how they map to a network's, and how a network is judged by them."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from model_export.data.folder import VOID, SegmentationFolder
from model_export.data.mapping import read_mapping
from model_export.errors import DataError
from model_export.reports.evaluate import measure
from service.segmentation.modelfile.classes import Class, ClassList
from service.segmentation.modelfile.contract import Labels
from service.segmentation.runtime.model import Model

TARGET = ClassList(tuple(Class(id_, name, f"#00000{id_}") for id_, name in enumerate(("road", "car", "bike", "tree"))))
OWN = ClassList(
    tuple(
        Class(id_, name, f"#0000a{id_}")
        for id_, name in enumerate(("lane", "van", "vehicles", "lorry", "wall", "mobile"))
    ),
    ignored=9,
)
MAPPING = {
    "lane": ["road"],
    "van": ["car"],
    "vehicles": ["car", "bike"],
    "lorry": ["car"],
    "wall": [],
    "mobile": ["bike", "car"],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "classes.json").write_bytes(msgspec.json.encode(OWN))
    (tmp_path / "mapping.json").write_text(json.dumps(MAPPING))
    for kind in ("images", "labels"):
        (tmp_path / "val" / kind).mkdir(parents=True)
    Image.new("RGB", (7, 1)).save(tmp_path / "val" / "images" / "a_1.png")
    Image.fromarray(np.array([[0, 1, 2, 3, 4, 5, 9]], np.uint8)).save(tmp_path / "val" / "labels" / "a_1.png")
    return tmp_path


def test_a_class_is_surely_one_or_one_of_several_or_ignored(root: Path) -> None:
    mapping = read_mapping(root, OWN, TARGET)
    several = mapping.several()
    assert several == [{1, 2}]  # vehicles and mobile are the same choice
    assert mapping.ids(several, 4) == [0, 1, 4, 1, None, 4]
    relabelled = SegmentationFolder(root, "val").relabel(mapping.ids(several, 4))
    assert relabelled.truth(0).tolist() == [[0, 1, 4, 1, VOID, 4, VOID]]


def test_equal_classes_need_no_mapping(tmp_path: Path) -> None:
    assert read_mapping(tmp_path, TARGET, TARGET).ids([], 4) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", r"mapping\.json: Input data was truncated"),
        ('{"lane": "road"}', r"mapping\.json: Expected `array`, got `str`"),
        (json.dumps({"lane": ["road"]}), r"mapping\.json does not map van; give it a list of classes, empty to ignore"),
        (json.dumps(MAPPING | {"cow": []}), r"mapping\.json maps cow, which is not in classes\.json"),
        (
            json.dumps(MAPPING | {"wall": ["walls"]}),
            r"mapping\.json maps wall to walls, but the classes are road, car, bike, tree\.",
        ),
        (json.dumps(dict.fromkeys(MAPPING, ())), r"mapping\.json ignores every class"),
    ],
)
def test_an_invalid_mapping_is_one_sentence(root: Path, content: str, said: str) -> None:
    (root / "mapping.json").write_text(content)
    with pytest.raises(DataError, match=said) as caught:
        SegmentationFolder(root, "val").judging(TARGET)
    assert "\n" not in str(caught.value)


def test_a_missing_mapping_is_one_sentence(root: Path) -> None:
    (root / "mapping.json").unlink()
    with pytest.raises(DataError, match=r"mapping\.json is missing: the classes of .* are \['lane'.*must say which"):
        SegmentationFolder(root, "val").judging(TARGET)


def test_classes_of_one_choice_are_judged_as_one(root: Path) -> None:
    data = SegmentationFolder(root, "val").judging(TARGET)
    assert data.classes.names == ["lane", "van + lorry", "vehicles + mobile"]
    assert data.truth(0).tolist() == [[0, 1, 2, 1, VOID, 2, VOID]]


def test_a_predicted_class_is_right_where_the_true_one_may_be_it(root: Path) -> None:
    merged = SegmentationFolder(root, "val").judging(TARGET).merged
    assert merged is not None
    lane, van, vehicles, nothing = 0, 1, 2, 3

    def outcome(truth: int) -> list[int]:
        predicted: Labels = np.arange(4, dtype=np.uint8)[None]
        labels: list[int] = merged.labels(predicted, np.full_like(predicted, truth))[0].tolist()
        return labels

    assert outcome(lane) == [lane, van, vehicles, nothing]  # a car is a van first; no class here may be a tree
    assert outcome(van) == [lane, van, vehicles, nothing]
    assert outcome(vehicles) == [lane, vehicles, vehicles, nothing]


def test_a_model_is_judged_by_the_classes_of_stretched_photos(model: Model, tmp_path: Path) -> None:
    """Of four stripes red, green, blue and red, the first three are right; the last may be green or blue alone."""
    own = ClassList(tuple(Class(id_, name, f"#00000{id_}") for id_, name in enumerate(("warm", "cold"))))
    (tmp_path / "classes.json").write_bytes(msgspec.json.encode(own))
    (tmp_path / "mapping.json").write_text('{"warm": ["red"], "cold": ["green", "blue"]}')
    for kind in ("images", "labels"):
        (tmp_path / "val" / kind).mkdir(parents=True)
    photo = np.zeros((64, 48, 3), np.uint8)
    for stripe, channel in enumerate((0, 1, 2, 0)):
        photo[16 * stripe : 16 * stripe + 16, :, channel] = 200
    Image.fromarray(photo).save(tmp_path / "val" / "images" / "north_1.png")
    truth = np.repeat(np.array([0, 1, 1, 1], np.uint8), 16)[:, None].repeat(48, 1)
    Image.fromarray(truth).save(tmp_path / "val" / "labels" / "north_1.png")
    data = SegmentationFolder(tmp_path, "val", stretch=(96, 64)).judging(model.contract.labels)
    assert data.sizes() == [(96, 64)]
    metrics = measure(model, data, [0])
    assert metrics.pixel_accuracy == pytest.approx(3 / 4)
    assert metrics.iu == pytest.approx((1 / 2, 2 / 3))
