"""Faster operations compute the same."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from model_export import export, graph
from model_export.networks import BACKBONES, FCN
from model_export.networks.fcn import Deconvolution


def answer(model: onnx.ModelProto, **inputs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)[0])


def model_of(
    nodes: list[onnx.NodeProto], given: tuple[str, int, list[int]], wanted: tuple[str, int, list[int]]
) -> onnx.ModelProto:
    inputs, outputs = ([helper.make_tensor_value_info(*tensor)] for tensor in (given, wanted))
    opset = [helper.make_opsetid("", 20)]
    return helper.make_model(helper.make_graph(nodes, "small", inputs, outputs), opset_imports=opset, ir_version=10)


@pytest.mark.parametrize("factor", [2, 8, 16, 32])
def test_a_convolution_and_a_rearrangement_are_the_deconvolution(factor: int) -> None:
    deconvolution = Deconvolution(3, factor).double()
    torch.nn.init.normal_(deconvolution.weight)
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    with torch.inference_mode():
        torch.testing.assert_close(graph.SubPixel(deconvolution)(x), deconvolution(x))


def test_a_norm_before_a_convolution_becomes_one_and_says_the_same() -> None:
    draw = np.random.default_rng(0)
    names = ("gain", "bias", "mean", "variance")
    values = {name: draw.uniform(0.5, 2, 6).astype(np.float32) for name in names}
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("BatchNormalization", ["x", *names], ["y"], "norm", epsilon=0.01)],
            "norm",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 6, 4, 5])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 6, 4, 5])],
            [onnx.numpy_helper.from_array(value, name) for name, value in values.items()],
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    x = draw.normal(size=(1, 6, 4, 5)).astype(np.float32)
    before = answer(model, x=x)
    graph.norms_as_convolutions(model)
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    assert len(model.graph.initializer) == 2
    np.testing.assert_allclose(answer(model, x=x), before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backbone", ["tiny", "resnet50v2"])
def test_the_first_convolution_reads_bytes(backbone: str) -> None:
    """Between the image and it, nothing is computed: that a file still says the same, edges too, is its parity."""
    nodes = export.to_onnx(FCN(BACKBONES[backbone](), classes=2).eval()).graph.node
    makers = {output: node for node in nodes for output in node.output}
    first = next(node for node in nodes if node.op_type == "Conv")
    chain = [makers[first.input[0]]]
    while chain[-1].input[0] in makers:
        chain.append(makers[chain[-1].input[0]])
    assert [node.op_type for node in chain] == ["Cast", "Transpose", "Concat"]


@pytest.mark.parametrize(("backbone", "kernel"), [("resnet50v2", [4, 4]), ("mobilenetv2", [3, 3])])
def test_a_large_first_convolution_reads_cells_of_pixels_and_says_the_same(backbone: str, kernel: list[int]) -> None:
    model = export.to_onnx(FCN(BACKBONES[backbone](), classes=2).eval())
    first = next(node for node in model.graph.node if graph.FLOAT_IMAGE in node.input)
    model.graph.output.insert(0, helper.make_empty_tensor_value_info(first.output[0]))
    image = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3), np.uint8)
    before = answer(model, image=image)
    graph.stem_on_cells(model)
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
    graph.argmax_as_comparisons(model, classes)
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
    graph.pools_as_convolutions(model)
    assert [node.op_type for node in model.graph.node] == ["Identity", "Conv"]
    np.testing.assert_allclose(answer(model, x=x), before, rtol=1e-5, atol=1e-6)


def test_an_average_pool_with_a_margin_is_left_alone() -> None:
    pool = [
        helper.make_node("Identity", ["x"], ["image"]),
        helper.make_node("AveragePool", ["image"], ["y"], "pool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    ]
    model = model_of(pool, ("x", TensorProto.FLOAT, [1, 6, 8, 5]), ("y", TensorProto.FLOAT, [1, 6, 8, 5]))
    graph.pools_as_convolutions(model)
    assert [node.op_type for node in model.graph.node] == ["Identity", "AveragePool"]
