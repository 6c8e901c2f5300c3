"""A folder of model files -> the models on offer."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest

from service.segmentation import catalog
from service.segmentation.catalog import Engine
from service.segmentation.contract import Input
from service.segmentation.errors import (
    ContractBroken,
    ModelTampered,
    ModelUnreadable,
    SelfTestFailed,
    UnknownModel,
)
from tests.support import colours
from tests.support.colours import model_bytes
from tests.support.pictures import quarters


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.onnx").write_bytes(model_bytes(name="zebra"))
    (tmp_path / "two.onnx").write_bytes(model_bytes(name="apple"))
    (tmp_path / "notes.txt").write_text("no model")
    return tmp_path


def test_every_model_of_a_folder_is_served_by_the_name_in_its_file(folder: Path) -> None:
    models = catalog.load(folder, None, Engine(1))
    assert list(models.segmenters) == ["apple", "zebra"]
    assert models.get("zebra").model.contract.name == "zebra"


def test_the_first_by_name_is_the_default_unless_another_is_named(folder: Path) -> None:
    assert catalog.load(folder, None, Engine(1)).get(None).model.contract.name == "apple"
    assert catalog.load(folder, "zebra", Engine(1)).get(None).model.contract.name == "zebra"


def test_one_file_is_a_catalog_too(folder: Path) -> None:
    assert list(catalog.load(folder / "one.onnx", None, Engine(1)).segmenters) == ["zebra"]


def test_a_name_nobody_has_is_answered_with_those_there_are(folder: Path) -> None:
    with pytest.raises(UnknownModel, match="'bear'; these are served: apple, zebra"):
        catalog.load(folder, None, Engine(1)).get("bear")


def test_a_default_that_is_not_there_stops_the_start(folder: Path) -> None:
    with pytest.raises(UnknownModel, match="'bear' is not in"):
        catalog.load(folder, "bear", Engine(1))


def test_two_models_of_one_name_stop_the_start(folder: Path) -> None:
    (folder / "three.onnx").write_bytes(model_bytes(name="apple", version="2"))
    with pytest.raises(ContractBroken, match="called 'apple' too"):
        catalog.load(folder, None, Engine(1))


def test_one_bad_file_among_good_ones_stops_the_start(folder: Path) -> None:
    data = model_bytes(name="bad")
    (folder / "bad.onnx").write_bytes(data.replace(b"strongest", b"strangest"))
    with pytest.raises(ModelTampered, match=r"bad\.onnx"):
        catalog.load(folder, None, Engine(1))


def test_a_folder_without_models_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match=r"neither an \.onnx file nor a folder that holds one"):
        catalog.load(tmp_path, None, Engine(1))


def test_batches_where_they_are_asked_for(folder: Path) -> None:
    image = quarters()
    alone = catalog.load(folder, None, Engine(1)).get(None).segment(image).labels
    segmenter = catalog.load(folder, None, Engine(1, batch=4, batch_wait_s=0.01)).get(None)
    with ThreadPoolExecutor(6) as callers:
        for answer in [callers.submit(segmenter.segment, image) for _ in range(6)]:
            assert np.array_equal(answer.result(10).labels, alone)


def test_a_model_that_cannot_hold_its_largest_image_stops_the_start(tmp_path: Path) -> None:
    picky = colours.graph()
    shift = onnx.helper.make_tensor("zeros", onnx.TensorProto.UINT8, [1, 64, 96], bytes(64 * 96), raw=True)
    picky.graph.initializer.append(shift)
    picky.graph.node[2].output[0] = "any size"
    picky.graph.node.append(onnx.helper.make_node("Add", ["any size", "zeros"], ["labels"]))
    large = Input(width=192, height=128, stride=32, padding="#ff0000")
    (tmp_path / "picky.onnx").write_bytes(colours.packed(picky, msgspec.json.encode(colours.contract(input=large))))
    with pytest.raises(SelfTestFailed, match=r"colours fails on an image of its native size: .*Add"):
        catalog.load(tmp_path, None, Engine(1))
