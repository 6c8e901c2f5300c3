"""A real model of a few nodes: a pixel's label is its strongest channel, so every expected mask is known."""

from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper

from service.segmentation.modelfile import golden, seal
from service.segmentation.modelfile.classes import Class, ClassList
from service.segmentation.modelfile.contract import (
    METADATA_KEY,
    Contract,
    Distribution,
    Golden,
    Input,
    Labels,
    Reference,
    Training,
)
from service.segmentation.modelfile.reader import pattern

CLASSES = ClassList((Class(0, "red", "#e00000"), Class(1, "green", "#00b000"), Class(2, "blue", "#0000e0")), 255)
WIDTH, HEIGHT, STRIDE = 96, 64, 32

HALVES = Distribution(mean=0.5, edges=(0.5,), bins=(0.5, 0.5))
REFERENCES = (Reference("town", 100, {"red": HALVES, "green": HALVES, "blue": HALVES}, confidence=HALVES),)
"""Images whose shares are above one half as often as below."""


def contract(**changes: Any) -> Contract:
    """What the colours model says of itself, with `changes`."""
    whole = Contract(
        format=2,
        name="colours",
        version="1",
        description="The strongest channel of every pixel.",
        precision="float32",
        labels=CLASSES,
        input=Input(width=WIDTH, height=HEIGHT, stride=STRIDE, padding="#ff0000"),
        training=Training(data="none", licence="Apache-2.0", options={}, epoch=0, weights_sha256="0" * 64),
        evaluation=None,
        parity=None,
        golden=golden_of(pattern(WIDTH, HEIGHT).argmax(2).astype(np.uint8)),
    )
    return msgspec.structs.replace(whole, **changes)


def golden_of(labels: Labels) -> Golden:
    """A golden answer of labels alone, uint8 [HEIGHT, WIDTH]."""
    return golden.record(pattern(WIDTH, HEIGHT), labels, labels, None, None)


def graph(*, scale: float = 1.0, scores: bool = True, image_type: int = TensorProto.UINT8) -> onnx.ModelProto:
    """The graph; scores are logarithms of the channels, so that a label's probability is its channel's share.

    All scores are multiplied by `scale`.
    """
    shape = ["n", "h", "w"]
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ArgMax", ["float"], ["index"], axis=3, keepdims=0),
        helper.make_node("Cast", ["index"], ["labels"], to=TensorProto.UINT8),
    ]
    outputs = [helper.make_tensor_value_info("labels", TensorProto.UINT8, shape)]
    if scores:
        nodes += [
            helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Max", ["planes", "least"], ["positive"]),
            helper.make_node("Log", ["positive"], ["log"]),
            helper.make_node("Mul", ["log", "scale"], ["scores"]),
        ]
        outputs.append(helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 3, "h", "w"]))
    constants = [
        helper.make_tensor("least", TensorProto.FLOAT, [1], [1e-6]),
        helper.make_tensor("scale", TensorProto.FLOAT, [1], [scale]),
    ]
    image = helper.make_tensor_value_info("image", image_type, ["n", "h", "w", 3])
    whole = helper.make_graph(nodes, "colours", [image], outputs, constants if scores else [])
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def packed(model: onnx.ModelProto, document: bytes) -> bytes:
    """A sealed model file of the graph and any metadata document."""
    helper.set_model_props(model, {METADATA_KEY: document.decode()})
    return seal.sealed(model.SerializeToString())


def model_bytes(**changes: Any) -> bytes:
    """The colours model as a file's bytes, its contract with `changes`."""
    return packed(graph(), msgspec.json.encode(contract(**changes)))
