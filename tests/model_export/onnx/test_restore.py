"""The float file of a shipped model is restored from its weights."""

import msgspec
import numpy as np
import pytest
from PIL import Image

from model_export.errors import CheckpointError
from model_export.onnx.restore import repictured, restore
from service.segmentation.catalog import EMBEDDED
from service.segmentation.modelfile import golden
from service.segmentation.runtime.model import Model
from tests.support.server import ROOT


def test_a_shipped_models_float_file_is_one_call_away() -> None:
    """It answers as the int8 file does, but for what rounding costs."""
    shipped = Model.load(EMBEDDED / "street.onnx", threads=0)
    restored = Model(restore(shipped.contract), threads=0)
    assert restored.contract.precision == "float32"
    assert restored.contract.input == shipped.contract.input
    assert restored.contract.network == shipped.contract.network
    image = golden.picture(shipped.contract.golden)
    assert (shipped.run(image)[0] == restored.run(image)[0]).mean() > 0.95
    assert not np.array_equal(shipped.run(image)[0], restored.run(image)[0])


def test_another_golden_picture_leaves_the_network_as_it_is() -> None:
    """And the shipped file's golden answer is torch's to docs/street.jpg, made by this function."""
    data = (EMBEDDED / "street-small.onnx").read_bytes()
    shipped = Model(data, threads=0).contract
    with Image.open(ROOT / "docs" / "street.jpg") as photo:
        again = Model(repictured(data, photo, "again"), threads=0).contract
    assert again.version == "again"
    assert again.golden.picture == shipped.golden.picture
    labels, before = (golden.torch_labels(contract.golden, 256, 320) for contract in (again, shipped))
    assert (labels != before).mean() < 1e-3  # rounding in torch's own sums


def test_a_model_whose_weights_are_not_published_is_named() -> None:
    contract = Model.load(EMBEDDED / "street.onnx", threads=0).contract
    with pytest.raises(CheckpointError, match="no weights called attic"):
        restore(msgspec.structs.replace(contract, name="attic"))
    fewer = msgspec.structs.replace(contract.labels, classes=contract.labels.classes[:-1])
    with pytest.raises(CheckpointError, match="has other classes than street"):
        restore(msgspec.structs.replace(contract, labels=fewer, references=()))
