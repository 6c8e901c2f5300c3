"""The float file of a shipped model, made again."""

import msgspec
import numpy as np
import pytest

from model_export.errors import CheckpointError
from model_export.onnx.restore import restore
from service.segmentation.catalog import EMBEDDED
from service.segmentation.modelfile.contract import pattern
from service.segmentation.runtime.model import Model


def test_a_shipped_models_float_file_is_one_call_away() -> None:
    """It answers as the int8 file does, but for what rounding costs."""
    shipped = Model.load(EMBEDDED / "street.onnx", threads=0)
    restored = Model(restore(shipped.contract), threads=0)
    assert restored.contract.precision == "float32"
    assert restored.contract.input == shipped.contract.input
    assert restored.contract.network == shipped.contract.network
    image = pattern(320, 256)
    assert (shipped.run(image)[0] == restored.run(image)[0]).mean() > 0.8
    assert not np.array_equal(shipped.run(image)[0], restored.run(image)[0])


def test_a_model_whose_weights_are_not_published_is_named() -> None:
    contract = Model.load(EMBEDDED / "street.onnx", threads=0).contract
    with pytest.raises(CheckpointError, match="no weights attic"):
        restore(msgspec.structs.replace(contract, name="attic"))
    fewer = msgspec.structs.replace(contract.labels, classes=contract.labels.classes[:-1])
    with pytest.raises(CheckpointError, match="tells other classes apart than street"):
        restore(msgspec.structs.replace(contract, labels=fewer))
