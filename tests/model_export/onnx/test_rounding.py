"""What rounding the weights shifts is taken back by the biases."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from model_export.data.folder import SegmentationFolder
from model_export.onnx import export
from model_export.onnx.rounding import correct_biases, mean_inputs, rounded, shift
from service.segmentation.runtime.model import Model

Change = Callable[[onnx.ModelProto], None]


@pytest.mark.parametrize("groups", [1, 2, 8])
def test_the_shift_is_what_a_constant_input_loses(groups: int) -> None:
    draw = np.random.default_rng(groups)
    kernel = draw.normal(size=(16, 8 // groups, 3, 3)).astype(np.float32)
    kernel[3] = 0
    means = draw.uniform(1, 5, 8).astype(np.float32)
    flat = torch.from_numpy(means).view(1, 8, 1, 1).expand(1, 8, 3, 3)
    whole, coarse = (
        torch.nn.functional.conv2d(flat, torch.from_numpy(weights), groups=groups).numpy().ravel()
        for weights in (kernel, rounded(kernel))
    )
    np.testing.assert_allclose(shift(kernel, means), whole - coarse, atol=1e-5)
    assert np.abs(whole - coarse).max() > 0.01


def test_biases_take_back_what_rounding_shifts(source: bytes, drawn: SegmentationFolder) -> None:
    """On images other than those that gave the means, too."""
    images = export.samples(drawn, 5, Model(source, threads=1).contract.input)

    def means(*changes: Change) -> list[NDArray[np.float32]]:
        model = onnx.load_from_string(source)
        for change in changes:
            change(model)
        outputs = [node.output[0] for node in model.graph.node if node.op_type == "Conv"]
        found = mean_inputs(model, outputs, images[3:])
        return [found[output] for output in outputs]

    def correct(model: onnx.ModelProto) -> None:
        correct_biases(model, images[:3])

    wanted, *others = means(), means(round_weights), means(correct, round_weights)
    off, corrected = (
        sum(np.abs(one - as_wanted).max() for one, as_wanted in zip(other, wanted, strict=True)) for other in others
    )
    assert corrected < off / 2


def round_weights(model: onnx.ModelProto) -> None:
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Conv":
            kernel = weights[node.input[1]]
            kernel.CopyFrom(numpy_helper.from_array(rounded(numpy_helper.to_array(kernel)), kernel.name))
