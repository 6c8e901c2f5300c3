"""The colours model with a graph that fails on all images but landscape ones of its native size."""

from typing import Any

import msgspec
from onnx import TensorProto, helper

from tests.support import colours


def model_bytes(**changes: Any) -> bytes:
    """The file, its contract with `changes`. Start-up passes, as it tries the native size; a portrait image fails."""
    graph = colours.graph()
    (label,) = [node for node in graph.graph.node if node.output[0] == "labels"]
    label.output[0] = "any size"
    shape = [1, colours.HEIGHT, colours.WIDTH]
    zeros = helper.make_tensor("zeros", TensorProto.UINT8, shape, bytes(colours.HEIGHT * colours.WIDTH), raw=True)
    graph.graph.initializer.append(zeros)
    graph.graph.node.append(helper.make_node("Add", ["any size", "zeros"], ["labels"]))
    return colours.packed(graph, msgspec.json.encode(colours.contract(**changes)))
