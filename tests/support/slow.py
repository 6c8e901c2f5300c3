"""The colours model, slowed down: the brighter the first pixel, the slower."""

from typing import Any

import msgspec
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from tests.support import colours
from tests.support.pictures import encoded

SIDE = 400


def model_bytes(**changes: Any) -> bytes:
    """The model's file, its contract with `changes`. On two cores each level of the first pixel's red takes some ten
    milliseconds, so a white one takes seconds."""
    graph = colours.graph()
    nodes = graph.graph.node
    (label,) = [node for node in nodes if node.output[0] == "labels"]
    label.output[0] = "quick"
    tensor, matrix = TensorProto, [SIDE, SIDE]
    boolean: list[int] = []
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["state", "turn"], ["next"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", tensor.INT64, []),
            helper.make_tensor_value_info("go", tensor.BOOL, boolean),
            helper.make_tensor_value_info("state", tensor.FLOAT, matrix),
        ],
        [
            helper.make_tensor_value_info("go_on", tensor.BOOL, boolean),
            helper.make_tensor_value_info("next", tensor.FLOAT, matrix),
        ],
    )
    nodes.extend(
        [
            helper.make_node("Slice", ["image", "start", "end"], ["pixel"]),
            helper.make_node("Reshape", ["pixel", "scalar"], ["level"]),
            helper.make_node("Cast", ["level"], ["count"], to=tensor.INT64),
            helper.make_node("Mul", ["count", "times"], ["trips"]),
            helper.make_node("Loop", ["trips", "", "turn"], ["state"], body=body),
            helper.make_node("ReduceMin", ["state"], ["least_of_it"], keepdims=0),
            helper.make_node("Clip", ["least_of_it", "zero", "zero"], ["nothing"]),
            helper.make_node("Cast", ["nothing"], ["nothing_at_all"], to=tensor.UINT8),
            helper.make_node("Add", ["quick", "nothing_at_all"], ["labels"]),
        ]
    )
    constants = {
        "start": np.array([0, 0, 0, 0]),
        "end": np.array([1, 1, 1, 1]),
        "scalar": np.array([], np.int64),
        "times": np.array(8),
        "turn": np.eye(SIDE, dtype=np.float32),
        "zero": np.array(0, np.float32),
    }
    graph.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    return colours.packed(graph, msgspec.json.encode(colours.contract(**changes)))


def picture(red: int) -> bytes:
    """A photo of the native size that takes the model so long."""
    return encoded(Image.new("RGB", (colours.WIDTH, colours.HEIGHT), (red, 0, 0)))
