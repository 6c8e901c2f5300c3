"""A model for scans of a few nodes: a voxel's class is the one whose grey is closest, so every volume is known."""

from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper

from service.segmentation.modelfile import golden
from service.segmentation.modelfile.classes import Class, ClassList
from service.segmentation.modelfile.contract import Input, Scan
from service.segmentation.modelfile.reader import pattern
from tests.support import colours

CLASSES = ClassList(
    (
        Class(0, "background", "#000000"),
        Class(1, "csf", "#3070e0"),
        Class(2, "grey matter", "#a0a0a0"),
        Class(3, "white matter", "#f0f0f0"),
    )
)
GREY = (0, 85, 170, 255)
"""What each class looks like, after the darkest and the brightest voxel of a volume have become 0 and 255."""
SIDE, STRIDE = 32, 8
SLICE, BELOW, ABOVE = 1, 0, 2


def graph(channel: int = SLICE, scores: bool = True) -> onnx.ModelProto:
    """Scores fall with the distance of a pixel's grey, in one of the three channels, from that of each class."""
    shape = ["n", "h", "w"]
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Gather", ["planes", "channel"], ["plane"], axis=1),
        helper.make_node("Sub", ["plane", "greys"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["distance"]),
        helper.make_node("Mul", ["distance", "slope"], ["scores"]),
        helper.make_node("ArgMax", ["scores"], ["index"], axis=1, keepdims=0),
        helper.make_node("Cast", ["index"], ["labels"], to=TensorProto.UINT8),
    ]
    outputs = [helper.make_tensor_value_info("labels", TensorProto.UINT8, shape)]
    if scores:
        outputs.append(helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 4, "h", "w"]))
    constants = [
        helper.make_tensor("channel", TensorProto.INT64, [1], [channel]),
        helper.make_tensor("greys", TensorProto.FLOAT, [1, 4, 1, 1], GREY),
        helper.make_tensor("slope", TensorProto.FLOAT, [1], [-0.1]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", 3])
    whole = helper.make_graph(nodes, "tissues", [image], outputs, constants)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def model_bytes(channel: int = SLICE, scores: bool = True, scan: Scan | None = None, **changes: Any) -> bytes:
    """The model as a file's bytes, its contract with `changes`; by default for pixels and slices of 1 mm."""
    picture = pattern(SIDE, SIDE)
    labels = np.abs(picture[..., channel, np.newaxis].astype(int) - GREY).argmin(2).astype(np.uint8)
    policy = Input(
        width=SIDE, height=SIDE, stride=STRIDE, padding="#000000", color="grey", scan=scan or Scan(spacing=1.0)
    )
    contract = colours.contract(
        **{
            "name": "tissues",
            "description": "The class whose grey is closest.",
            "labels": CLASSES,
            "input": policy,
            "golden": golden.record(picture, labels, labels, None, None),
            **changes,
        }
    )
    return colours.packed(graph(channel, scores), msgspec.json.encode(contract))
