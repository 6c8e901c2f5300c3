"""A real model of a few nodes: a pixel's label is its strongest channel, so every expected mask is known."""

from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper

from service.segmentation import seal
from service.segmentation.classes import Class, ClassList
from service.segmentation.contract import METADATA_KEY, Contract, Golden, Input, Training, pattern

CLASSES = ClassList((Class(0, "red", "#e00000"), Class(1, "green", "#00b000"), Class(2, "blue", "#0000e0")), 255)
WIDTH, HEIGHT, STRIDE = 96, 64, 32


def contract(**changes: Any) -> Contract:
    """What the colours model says of itself, with `changes`."""
    whole = Contract(
        format=1,
        name="colours",
        version="1",
        description="The strongest channel of every pixel.",
        precision="float32",
        labels=CLASSES,
        input=Input(width=WIDTH, height=HEIGHT, stride=STRIDE, padding="#ff0000"),
        training=Training(data="none", licence="Apache-2.0", options={}, epoch=0, weights_sha256="0" * 64),
        evaluation=None,
        parity=None,
        golden=Golden.record(pattern(WIDTH, HEIGHT).argmax(2).astype(np.uint8)),
    )
    return msgspec.structs.replace(whole, **changes)


def graph(*, scale: float = 1.0, confidence: bool = True, image_type: int = TensorProto.UINT8) -> onnx.ModelProto:
    """The graph; confidence is the strongest channel's share of the three, times `scale`."""
    shape = ["n", "h", "w"]
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ArgMax", ["float"], ["index"], axis=3, keepdims=0),
        helper.make_node("Cast", ["index"], ["labels"], to=TensorProto.UINT8),
    ]
    outputs = [helper.make_tensor_value_info("labels", TensorProto.UINT8, shape)]
    if confidence:
        nodes += [
            helper.make_node("ReduceMax", ["float", "channels"], ["strongest"], keepdims=0),
            helper.make_node("ReduceSum", ["float", "channels"], ["sum"], keepdims=0),
            helper.make_node("Max", ["sum", "one"], ["positive"]),
            helper.make_node("Div", ["strongest", "positive"], ["share"]),
            helper.make_node("Mul", ["share", "scale"], ["confidence"]),
        ]
        outputs.append(helper.make_tensor_value_info("confidence", TensorProto.FLOAT, shape))
    constants = [
        helper.make_tensor("channels", TensorProto.INT64, [1], [3]),
        helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
        helper.make_tensor("scale", TensorProto.FLOAT, [1], [scale]),
    ]
    image = helper.make_tensor_value_info("image", image_type, ["n", "h", "w", 3])
    whole = helper.make_graph(nodes, "colours", [image], outputs, constants if confidence else [])
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def packed(model: onnx.ModelProto, document: bytes) -> bytes:
    """A sealed model file of the graph and any metadata document."""
    helper.set_model_props(model, {METADATA_KEY: document.decode()})
    return seal.sealed(model.SerializeToString())


def model_bytes(**changes: Any) -> bytes:
    """The colours model as a file's bytes, its contract with `changes`."""
    return packed(graph(), msgspec.json.encode(contract(**changes)))
