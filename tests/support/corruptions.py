"""What can be wrong with an int8 network that loads and runs, one fault at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

Array = np.ndarray[Any, Any]


def convolutions(model: onnx.ModelProto) -> list[list[onnx.TensorProto]]:
    """Of each quantised convolution, first to last: its weights, their scales and their zero points."""
    makers = {node.output[0]: node for node in model.graph.node}
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    kernels = [makers[node.input[1]] for node in model.graph.node if node.op_type == "Conv" and node.input[1] in makers]
    return [[tensors[name] for name in kernel.input] for kernel in kernels]


def change(tensor: onnx.TensorProto, how: Callable[[Array], Array]) -> None:
    values = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(how(values.copy()).astype(values.dtype), tensor.name))


def flip_sign_bit(model: onnx.ModelProto) -> None:
    """Of the greatest weight of the first layer."""
    weights, scales, _ = convolutions(model)[0]
    sizes = numpy_helper.to_array(weights).astype(np.float32) * numpy_helper.to_array(scales).reshape(-1, 1, 1, 1)

    def flipped(kernel: Array) -> Array:
        kernel.reshape(-1)[sizes.argmax()] ^= np.int8(-128)
        return kernel

    change(weights, flipped)


def first_two_swapped(kernel: Array) -> Array:
    """Filters 0 and 1."""
    kernel[[0, 1]] = kernel[[1, 0]]
    return kernel


def red_and_blue_swapped(kernel: Array) -> Array:
    """Of a first convolution, whose inputs are the colours of four pixels, or of one, and then others."""
    inputs = 12 if kernel.shape[1] > 12 else 3
    colours = kernel[:, :inputs].reshape(-1, inputs // 3, 3, *kernel.shape[2:])
    kernel[:, :inputs] = colours[:, :, ::-1].reshape(-1, inputs, *kernel.shape[2:])
    return kernel


def tenth_more(scales: Array) -> Array:
    return scales * 1.1


CORRUPTIONS: dict[str, Callable[[onnx.ModelProto], None]] = {
    "sign bit of the greatest weight of the first layer flipped": flip_sign_bit,
    "two filters of the first layer swapped": lambda model: change(convolutions(model)[0][0], first_two_swapped),
    "red and blue swapped": lambda model: change(convolutions(model)[0][0], red_and_blue_swapped),
    "weights of the first layer a tenth too large": lambda model: change(convolutions(model)[0][1], tenth_more),
    "weights of the last layer a tenth too large": lambda model: change(convolutions(model)[-1][1], tenth_more),
}
