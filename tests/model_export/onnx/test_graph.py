"""The graph rewrites do not change the function."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from model_export.networks.fcn import Deconvolution
from model_export.onnx import graph
from tests.support import networks
from tests.support.graphs import answer, model_of


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
    norm = [helper.make_node("BatchNormalization", ["x", *names], ["y"], "norm", epsilon=0.01)]
    shape = [1, 6, 4, 5]
    model = model_of(norm, ("x", TensorProto.FLOAT, shape), ("y", TensorProto.FLOAT, shape), **values)
    x = draw.normal(size=(1, 6, 4, 5)).astype(np.float32)
    before = answer(model, x=x)
    graph.norms_as_convolutions(model)
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    assert len(model.graph.initializer) == 2
    np.testing.assert_allclose(answer(model, x=x), before, rtol=1e-5, atol=1e-6)


def test_the_first_convolution_reads_bytes(exported: bytes) -> None:
    """Between the image and it, nothing is computed: that a file still says the same, edges too, is its parity."""
    for file in (exported, networks.begun("resnet50v2")):
        assert before_the_first_convolution(onnx.load_from_string(file)) == ["Cast", "Transpose", "Concat"]


def before_the_first_convolution(model: onnx.ModelProto) -> list[str]:
    """The operators between it and the image, backwards."""
    nodes = model.graph.node
    makers = {output: node for node in nodes for output in node.output}
    first = next(node for node in nodes if node.op_type == "Conv")
    chain = [makers[first.input[0]]]
    while chain[-1].input[0] in makers:
        chain.append(makers[chain[-1].input[0]])
    return [node.op_type for node in chain]
