"""The shipped models' self-test finds what is wrong with a network, and is not misled by rounding."""

from functools import cache

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest

from service.segmentation.catalog import EMBEDDED
from service.segmentation.errors import SelfTestFailed
from service.segmentation.modelfile import golden, reader
from service.segmentation.modelfile.contract import METADATA_KEY, Contract
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.model import Model
from tests.support.colours import packed
from tests.support.corruptions import CORRUPTIONS

NAMES = sorted(file.stem for file in EMBEDDED.glob("*.onnx"))


@cache
def graph(name: str) -> bytes:
    return (EMBEDDED / f"{name}.onnx").read_bytes()


@cache
def contract(name: str) -> Contract:
    (metadata,) = onnx.load_from_string(graph(name)).metadata_props
    assert metadata.key == METADATA_KEY
    return reader.read(metadata.value)


def refused(model: onnx.ModelProto, contract: Contract) -> str:
    """Why the model is refused, sealed anew as it is."""
    with pytest.raises(SelfTestFailed) as caught:
        Model(packed(model, msgspec.json.encode(contract)), threads=2)
    return str(caught.value)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_corrupted_network_is_refused(name: str, corruption: str) -> None:
    model = onnx.load_from_string(graph(name))
    CORRUPTIONS[corruption](model)
    assert "steps off" in refused(model, contract(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_scale_of_scores_is_refused(name: str) -> None:
    scale = contract(name).scale
    assert scale is not None
    wrong = msgspec.structs.replace(scale, step=1.1 * scale.step)
    assert "steps off" in refused(
        onnx.load_from_string(graph(name)), msgspec.structs.replace(contract(name), scale=wrong)
    )


@pytest.mark.parametrize(("name", "other"), [("street", "street-small"), ("street-small", "street")])
def test_the_network_of_another_model_with_the_same_classes_is_refused(name: str, other: str) -> None:
    assert "steps off" in refused(onnx.load_from_string(graph(other)), contract(name))


@pytest.mark.parametrize("name", NAMES)
def test_rounding_in_floats_is_within_the_bound(name: str) -> None:
    """As accelerators compute: no two operators in one, every layer in floats, rounded to bytes after it."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(graph(name), options, providers=["CPUExecutionProvider"])
    answer = contract(name).golden
    picture = golden.picture(answer)
    labels, cells = (np.asarray(output)[0] for output in session.run(["labels", "scores"], {"image": picture[None]}))
    scores = Cells(cells, labels.shape, contract(name).scale).logits()
    golden.check(answer, labels, scores)
    assert 0.2 < golden.distance(answer, scores) < 0.85 * golden.MAX_DISTANCE


@pytest.mark.parametrize("name", [name for name in NAMES if name != "objects"])  # no photo has a cow and a monitor
def test_the_golden_picture_has_all_classes(name: str) -> None:
    answer = contract(name).golden
    height, width, _ = golden.picture(answer).shape
    shown = np.unique(golden.torch_labels(answer, height, width))
    assert len(shown) == len(contract(name).labels.classes)
    assert answer.agreement > 0.97
