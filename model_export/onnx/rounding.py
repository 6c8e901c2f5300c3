"""Biases that make up for the rounding of weights to int8.

A convolution's input is far from zero on average, after a ReLU as in an image's bytes, so rounding its weights shifts
its output. Biases keep 32 bits and can take the shift back: Nagel et al., Data-free quantization through weight
equalization and bias correction, ICCV 2019; here with the means of calibration images.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from model_export.onnx.graph import drop_unused_weights
from service.segmentation.modelfile.contract import Pixels
from service.segmentation.runtime.session import open_session

Weights = NDArray[np.float32]


def correct_biases(model: onnx.ModelProto, images: Sequence[Pixels]) -> None:
    """Change the bias of every convolution by what rounding its weights will shift its output on these images."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    convolutions = [
        node for node in model.graph.node if node.op_type == "Conv" and all(name in weights for name in node.input[1:])
    ]
    means = mean_inputs(model, {node.input[0] for node in convolutions}, images)
    for node in convolutions:
        kernel, *bias = (numpy_helper.to_array(weights[name]) for name in node.input[1:])
        corrected = np.asarray(sum(bias, shift(kernel, means[node.input[0]])), np.float32)
        name = f"{node.output[0]} corrected"
        model.graph.initializer.append(numpy_helper.from_array(corrected, name))
        del node.input[2:]
        node.input.append(name)
    drop_unused_weights(model)


def shift(kernel: Weights, means: Weights) -> Weights:
    """What a convolution's output loses on average as its `kernel` [out, in / groups, h, w] is rounded, for an input of
    these means [in]."""
    lost = (kernel - rounded(kernel)).sum((2, 3))
    groups = means.size // lost.shape[1]
    of_group = means.reshape(groups, 1, -1)
    loss: Weights = (lost.reshape(groups, -1, lost.shape[1]) * of_group).sum(2).ravel()
    return loss


def rounded(kernel: Weights) -> Weights:
    """As int8 holds a kernel [out, …]: in steps, for each output channel, of its largest weight / 127."""
    largest = np.abs(kernel).max((1, 2, 3), keepdims=True)
    step = np.where(largest > 0, largest, 1) / np.iinfo(np.int8).max
    return (np.rint(kernel / step) * step).astype(np.float32)


def mean_inputs(model: onnx.ModelProto, tensors: Iterable[str], images: Sequence[Pixels]) -> dict[str, Weights]:
    """The mean of each channel of these tensors, over the images."""
    pooled = onnx.ModelProto()
    pooled.CopyFrom(model)
    names = {tensor: f"{tensor} mean" for tensor in tensors}
    for tensor, name in names.items():
        pooled.graph.node.append(helper.make_node("GlobalAveragePool", [tensor], [name]))
        pooled.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = open_session(pooled.SerializeToString(), 0, ("cpu",))
    found = [session.run(list(names.values()), {"image": image[np.newaxis]}) for image in images]
    return {
        tensor: np.mean([np.asarray(values).ravel() for values in of_tensor], axis=0)
        for tensor, of_tensor in zip(names, zip(*found, strict=True), strict=True)
    }
