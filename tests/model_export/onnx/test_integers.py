"""The rewrites for integer kernels do not change the function."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from model_export.onnx import export, graph, integers
from service.segmentation.runtime import amx
from tests.support import networks
from tests.support.graphs import answer, convolution_of_bytes, model_of


@pytest.mark.parametrize(
    ("backbone", "kernel"), [("resnet50v2", [4, 4]), ("mobilenetv2", [2, 2]), ("vgg-small", [3, 3])]
)
def test_a_first_convolution_of_stride_two_reads_cells_of_pixels(backbone: str, kernel: list[int]) -> None:
    model = onnx.load_from_string(networks.begun(backbone))
    first = next(node for node in model.graph.node if graph.FLOAT_IMAGE in node.input)
    model.graph.output.insert(0, helper.make_empty_tensor_value_info(first.output[0]))
    image = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), np.uint8)
    before = answer(model, image=image)
    integers.stem_on_cells(model)
    (first,) = (node for node in model.graph.node if graph.FLOAT_IMAGE in node.input)
    assert next(list(a.ints) for a in first.attribute if a.name == "kernel_shape") == kernel
    np.testing.assert_allclose(answer(model, image=image), before, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("classes", [1, 2, 3, 11, 255])
def test_comparing_plane_with_plane_chooses_as_argmax_does(classes: int) -> None:
    choose = [
        helper.make_node("ArgMax", ["scores"], ["index"], axis=1, keepdims=0),
        helper.make_node("Cast", ["index"], ["labels"], to=TensorProto.UINT8),
    ]
    shape = [2, classes, 4, 30, 50]
    model = model_of(choose, ("scores", TensorProto.UINT8, shape), ("labels", TensorProto.UINT8, [2, 4, 30, 50]))
    scores = np.random.default_rng(0).integers(100, 106, shape, np.uint8)  # few values: many are equal
    integers.argmax_as_comparisons(model, classes)
    assert classes == 1 or "ArgMax" not in {node.op_type for node in model.graph.node}
    np.testing.assert_array_equal(answer(model, scores=scores), scores.argmax(1))


def test_an_average_pool_becomes_a_convolution_and_says_the_same() -> None:
    pool = [
        helper.make_node("Identity", ["x"], ["image"]),
        helper.make_node("AveragePool", ["image"], ["y"], "pool", kernel_shape=[2, 3], strides=[2, 1]),
    ]
    model = model_of(pool, ("x", TensorProto.FLOAT, [1, 6, 8, 5]), ("y", TensorProto.FLOAT, [1, 6, 4, 3]))
    x = np.random.default_rng(0).normal(size=(1, 6, 8, 5)).astype(np.float32)
    before = answer(model, x=x)
    integers.pools_as_convolutions(model)
    assert [node.op_type for node in model.graph.node] == ["Identity", "Conv"]
    np.testing.assert_allclose(answer(model, x=x), before, rtol=1e-5, atol=1e-6)


def test_an_average_pool_with_a_margin_is_left_alone() -> None:
    pool = [
        helper.make_node("Identity", ["x"], ["image"]),
        helper.make_node("AveragePool", ["image"], ["y"], "pool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    ]
    model = model_of(pool, ("x", TensorProto.FLOAT, [1, 6, 8, 5]), ("y", TensorProto.FLOAT, [1, 6, 8, 5]))
    integers.pools_as_convolutions(model)
    assert [node.op_type for node in model.graph.node] == ["Identity", "AveragePool"]


@pytest.mark.parametrize("stride", [4, 32])
def test_the_last_convolution_reads_channels_by_the_four_and_says_the_same(stride: int) -> None:
    model = export.to_onnx(networks.network(0, classes=3, stride=stride))
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3), np.uint8)
    model.graph.output.reverse()  # the scores first
    before = answer(model, image=image)
    integers.scores_in_fours(model)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    last = next(node for node in model.graph.node if "scores" in node.output)
    assert weights[last.input[1]].dims[1] == 4
    np.testing.assert_allclose(answer(model, image=image), before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("channels", "side", "shiftable"),
    [(64, 3, False), (128, 1, False), (128, 3, True), (256, 1, True)],
)
def test_weights_of_many_inputs_may_be_shifted_and_say_the_same(channels: int, side: int, shiftable: bool) -> None:
    model = convolution_of_bytes(channels, side)
    x = np.random.default_rng(1).integers(0, 256, (1, channels, 8, 8), np.uint8)
    before = answer(model, x=x)
    integers.name_shiftable_weights(model)
    named = [tensor for tensor in model.graph.initializer if tensor.name.endswith(amx.SHIFTABLE)]
    assert len(named) == (2 if shiftable else 0)
    assert all(numpy_helper.to_array(tensor).min() > -128 for tensor in named)
    np.testing.assert_array_equal(answer(model, x=x), before)
    np.testing.assert_array_equal(answer(amx.shifted(model.SerializeToString()), x=x), before)
