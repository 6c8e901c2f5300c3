"""Faster operations compute the same."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from model_export import export, graph
from model_export.networks import BACKBONES, FCN
from model_export.networks.fcn import Deconvolution


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

    def run() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        session = onnxruntime.InferenceSession(model.SerializeToString())
        return np.asarray(session.run(None, {"x": x})[0])

    before = run()
    graph.norms_as_convolutions(model)
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    assert len(model.graph.initializer) == 2
    np.testing.assert_allclose(run(), before, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("backbone", ["tiny", "resnet50v2"])
def test_the_first_convolution_reads_bytes(backbone: str) -> None:
    """Between the image and it, nothing is computed: that a file still says the same, edges too, is its parity."""
    nodes = export.to_onnx(FCN(BACKBONES[backbone](), classes=2).eval()).graph.node
    makers = {output: node for node in nodes for output in node.output}
    first = next(node for node in nodes if node.op_type == "Conv")
    chain = [makers[first.input[0]]]
    while chain[-1].input[0] in makers:
        chain.append(makers[chain[-1].input[0]])
    assert [node.op_type for node in chain] == ["Cast", "Concat", "Transpose"]
