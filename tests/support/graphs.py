"""Graphs of a few nodes, and their output by onnxruntime."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

Array = np.ndarray[Any, Any]


def answer(model: onnx.ModelProto | bytes, **inputs: Array) -> Array:
    data = model if isinstance(model, bytes) else model.SerializeToString()
    return np.asarray(onnxruntime.InferenceSession(data).run(None, inputs)[0])


def model_of(
    nodes: list[onnx.NodeProto], given: tuple[str, int, list[int]], wanted: tuple[str, int, list[int]], **weights: Array
) -> onnx.ModelProto:
    inputs, outputs = ([helper.make_tensor_value_info(*tensor)] for tensor in (given, wanted))
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    return helper.make_model(
        helper.make_graph(nodes, "small", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )


def convolution_of_bytes(channels: int, side: int) -> onnx.ModelProto:
    """16 filters on `x`, uint8 [1, channels, 8, 8], between quantise and dequantise nodes as an int8 file has them."""
    draw = np.random.default_rng(0)
    scales = draw.uniform(0.01, 0.02, 16).astype(np.float32)
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "step", "zero"], ["image"]),
        helper.make_node("DequantizeLinear", ["weights", "steps", "zeros"], ["kernel"], axis=0),
        helper.make_node("Conv", ["image", "kernel"], ["sums"], kernel_shape=[side, side], pads=[side // 2] * 4),
        helper.make_node("QuantizeLinear", ["sums", "step_of_sums", "zero"], ["y"]),
    ]
    return model_of(
        nodes,
        ("x", TensorProto.UINT8, [1, channels, 8, 8]),
        ("y", TensorProto.UINT8, [1, 16, 8, 8]),
        step=np.array(0.1, np.float32),
        zero=np.array(100, np.uint8),
        weights=draw.integers(-127, 128, (16, channels, side, side), np.int8),
        steps=scales,
        zeros=np.zeros(16, np.int8),
        step_of_sums=np.array(0.02 * channels * side, np.float32),
    )
