"""Invalid model files, each refused with its own sentence."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from service.segmentation.catalog import EMBEDDED
from service.segmentation.errors import ContractBroken, ModelTampered, ModelUnreadable, OutOfMemory, SelfTestFailed
from service.segmentation.modelfile.classes import Class
from service.segmentation.modelfile.contract import Scale
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.model import Model
from tests.support import colours
from tests.support.colours import contract, golden_of, graph, model_bytes, packed

STREET = Path("docs/street.jpg")


def document(**changes: Any) -> bytes:
    return msgspec.json.encode(contract(**changes))


def changed(**fields: Any) -> bytes:
    """A model file whose metadata document has these fields, valid or not."""
    return packed(graph(), msgspec.json.encode(msgspec.to_builtins(contract()) | fields))


def test_a_good_model_labels_an_image(model: Model) -> None:
    image = np.zeros((32, 64, 3), np.uint8)
    image[..., 1] = 9
    labels, cells = model.run(image, scores=True)
    assert (labels == 1).all()
    assert cells is not None
    scores = cells.logits()
    assert scores.shape == (3, 32, 64)
    assert (scores.argmax(0) == 1).all()
    assert model.run(image)[1] is None


@pytest.mark.parametrize("file", sorted(EMBEDDED.glob("*.onnx")), ids=lambda file: file.stem)
def test_the_output_is_the_same_on_one_core_and_on_several(file: Path) -> None:
    model = Model.load(file, threads=2, crowds=True)
    photo = np.asarray(Image.open(STREET).convert("RGB").resize((480, 352)))
    labels, cells = model.run(photo, scores=True)
    alone, its_cells = model.run_on_one_core(photo, scores=True)
    np.testing.assert_array_equal(alone, labels)
    assert cells is not None
    assert its_cells is not None
    np.testing.assert_array_equal(its_cells.values, cells.values)


def test_its_digest_is_that_of_the_file(model: Model, model_file: Path) -> None:
    assert model.digest == hashlib.sha256(model_file.read_bytes()).hexdigest()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match=r"gone\.onnx: it cannot be read: No such file"):
        Model.load(tmp_path / "gone.onnx", threads=1)


@pytest.mark.parametrize("data", [b"", b"not a model", model_bytes()[:-100], model_bytes()[:50]])
def test_a_truncated_or_foreign_file_is_refused(data: bytes) -> None:
    with pytest.raises(ModelUnreadable, match="truncated, or was not written"):
        Model(data, threads=1)


def test_every_flipped_bit_is_noticed() -> None:
    """Of a file of a few kilobytes, one bit in every seventh byte and in each of the last, each on its own."""
    data = model_bytes()
    for place in (*range(0, len(data), 7), *range(len(data) - 20, len(data))):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        with pytest.raises((ModelTampered, ModelUnreadable)):
            Model(bytes(damaged), threads=1)


def test_appended_bytes_are_detected() -> None:
    with pytest.raises(ModelTampered):
        Model(model_bytes() + b"\x10\x00", threads=1)


def test_a_sealed_file_without_a_graph_is_refused() -> None:
    with pytest.raises(ModelUnreadable, match="onnxruntime cannot load it"):
        Model(packed(onnx.ModelProto(), document()), threads=1)


def test_metadata_of_another_version_are_refused() -> None:
    with pytest.raises(ContractBroken, match=r"not understood.*format"):
        Model(changed(format=3), threads=1)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": "../../etc"}, r"\$\.name"),
        ({"name": "street\n"}, r"\$\.name"),
        ({"input": {"width": 0, "height": 64, "stride": 32, "padding": "#000000"}}, r"\$\.input\.width"),
        ({"labels": {"classes": [{"id": 0, "name": "a", "color": "red"}]}}, r"\$\.labels\.classes\[0\]\.color"),
        ({"labels": {"classes": [{"id": 1, "name": "a", "color": "#000000"}]}}, "ids must be 0, 1, 2"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_metadata_that_break_the_contract_are_refused_by_name(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ContractBroken, match=place):
        Model(changed(**fields), threads=1)


def test_a_graph_that_takes_floats_is_refused() -> None:
    with pytest.raises(ContractBroken, match="its input must be `image`, uint8"):
        Model(packed(graph(image_type=onnx.TensorProto.FLOAT), document()), threads=1)


def test_a_graph_without_labels_is_refused() -> None:
    renamed = graph()
    renamed.graph.output[0].name = "index"
    renamed.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT64
    with pytest.raises(ContractBroken, match="its output must be `labels`"):
        Model(packed(renamed, document()), threads=1)


def test_a_model_that_makes_nan_is_refused() -> None:
    with pytest.raises(SelfTestFailed, match="NaN"):
        Model(packed(graph(scale=float("nan")), document()), threads=1)


def test_a_model_that_gives_another_answer_than_when_it_was_exported_is_refused() -> None:
    other = golden_of(np.zeros((64, 96), np.uint8))
    with pytest.raises(SelfTestFailed, match=r"recorded label at .*%.*; at export it was 100\.0%"):
        Model(model_bytes(golden=other), threads=1)


@pytest.mark.parametrize("scores", [True, False])
def test_a_model_of_more_classes_than_it_names_is_refused(scores: bool) -> None:
    """Its third label would be in no area: the pixels would not add up."""
    two = msgspec.structs.replace(colours.CLASSES, classes=colours.CLASSES.classes[:2])
    with pytest.raises(ContractBroken, match="does not have the 2 classes that it names"):
        Model(packed(graph(scores=scores), document(labels=two)), threads=1)


def test_a_model_of_fewer_classes_than_it_names_is_refused() -> None:
    four = msgspec.structs.replace(colours.CLASSES, classes=(*colours.CLASSES.classes, Class(3, "grey", "#808080")))
    with pytest.raises(ContractBroken, match="does not have the 4 classes that it names"):
        Model(packed(graph(), document(labels=four)), threads=1)


def test_a_graph_that_fails_when_it_runs_is_refused_with_the_cause() -> None:
    broken = graph()
    (least,) = [tensor for tensor in broken.graph.initializer if tensor.name == "least"]
    least.CopyFrom(onnx.helper.make_tensor("least", onnx.TensorProto.FLOAT, [7], [0.0] * 7))
    with pytest.raises(SelfTestFailed, match=r"it fails on the golden picture: .*Max"):
        Model(packed(broken, document()), threads=1)


def test_a_run_that_gets_no_memory_is_told_from_one_that_fails() -> None:
    greedy = graph(scores=False)
    shape = onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [3], [1 << 40, 1, 1])
    greedy.graph.initializer.append(shape)
    greedy.graph.node[-1].output[0] = "one"
    greedy.graph.node.append(onnx.helper.make_node("Expand", ["one", "shape"], ["labels"]))
    with pytest.raises(SelfTestFailed, match="Failed to allocate memory") as caught:
        Model(packed(greedy, document()), threads=1)
    assert isinstance(caught.value.__cause__, OutOfMemory)


@pytest.mark.parametrize("changes", [{"picture": "AAAA"}, {"labels": "AAAA"}, {"scores": "eJw=", "scale": Scale(1, 0)}])
def test_a_golden_answer_that_cannot_be_read_is_refused(changes: dict[str, Any]) -> None:
    golden = msgspec.structs.replace(contract().golden, **changes)
    with pytest.raises(ContractBroken, match=r"golden (picture|answer) cannot be read"):
        Model(model_bytes(golden=golden), threads=1)


def test_golden_scores_of_a_graph_without_scores_are_refused() -> None:
    golden = msgspec.structs.replace(contract().golden, scores="", scale=Scale(1, 0))
    with pytest.raises(ContractBroken, match="the golden answer has scores, and the graph gives none"):
        Model(packed(graph(scores=False), document(golden=golden)), threads=1)


def test_scores_may_come_cell_by_cell() -> None:
    """As torch's pixel shuffle takes them: its f * f places of a class in a row."""
    cells = np.arange(2 * 4 * 3 * 5, dtype=np.float32).reshape(8, 3, 5)
    planes = torch.nn.functional.pixel_shuffle(torch.from_numpy(cells), 2).numpy()
    assert np.array_equal(Cells(cells, (6, 10), None).logits(), planes)
    assert np.array_equal(Cells(planes, (6, 10), None).logits(), planes)
    in_bytes = Cells(cells.astype(np.uint8), (6, 10), Scale(0.5, 7))
    assert np.array_equal(in_bytes.logits(), (planes - 7) / 2)
    ids, rows, columns = np.ogrid[:2, :6, :10]
    assert np.array_equal(Cells(cells, (6, 10), None).at(ids, rows, columns), planes)
    assert np.array_equal(in_bytes.at(ids, rows, columns), planes)


def test_scores_in_bytes_need_a_scale() -> None:
    """And a model that says so must give bytes."""
    in_bytes = graph()
    in_bytes.graph.node[-1].output[0] = "floats"
    in_bytes.graph.node.append(onnx.helper.make_node("Cast", ["positive"], ["scores"], to=onnx.TensorProto.UINT8))
    in_bytes.graph.output[1].type.tensor_type.elem_type = onnx.TensorProto.UINT8
    with pytest.raises(ContractBroken, match="`scores` must be float32, with four"):
        Model(packed(in_bytes, document()), threads=1)
    with pytest.raises(ContractBroken, match="`scores` must be uint8, as it says their scale"):
        Model(packed(graph(), document(scale=Scale(0.5, 0))), threads=1)
    image = np.full((32, 32, 3), (1, 9, 2), np.uint8)
    _, cells = Model(packed(in_bytes, document(scale=Scale(0.5, 1))), threads=1).run(image, scores=True)
    assert cells is not None
    assert cells.logits()[:, 0, 0].tolist() == [0.0, 4.0, 0.5]


def test_scores_that_do_not_fit_the_labels_are_refused() -> None:
    odd = graph()
    odd.graph.node[-1].output[0] = "planes of scores"
    odd.graph.node.append(
        onnx.helper.make_node("AveragePool", ["planes of scores"], ["scores"], kernel_shape=[1, 1], strides=[3, 3])
    )
    with pytest.raises(ContractBroken, match="its scores do not fit its labels"):
        Model(packed(odd, document()), threads=1)


def test_a_model_without_scores_is_served_without() -> None:
    plain = Model(packed(graph(scores=False), document()), threads=1)
    labels, scores = plain.run(np.zeros((32, 32, 3), np.uint8), scores=True)
    assert labels.shape == (32, 32)
    assert scores is None


def test_the_tests_graph_is_valid_onnx() -> None:
    onnx.checker.check_model(colours.graph())
