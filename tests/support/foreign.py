"""Small segmentation networks as other programs export them: random weights, and graphs of the same forms."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CLASSES = 5
NAMES = ["ground", "cat", "dog", "person", "sofa"]


class Builder:
    """A graph with an image input, to which layers are added."""

    def __init__(
        self, dims: Sequence[int | str] = ("batch", 3, "height", "width"), dtype: int = TensorProto.FLOAT
    ) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.input = helper.make_tensor_value_info("image", dtype, list(dims))
        self.draw = np.random.default_rng(0)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def convolution(self, value: str, inputs: int, outputs: int, side: int = 3, stride: int = 1) -> str:
        weight = self.constant(
            self.draw.normal(0, (2 / (inputs * side**2)) ** 0.5, (outputs, inputs, side, side)), np.float32
        )
        bias = self.constant(self.draw.normal(0, 0.1, outputs), np.float32)
        pads = [side // 2] * 4
        return self.add("Conv", value, weight, bias, kernel_shape=[side, side], strides=[stride, stride], pads=pads)

    def features(self, value: str, stride: int) -> str:
        """Sixteen maps at `stride`, a power of two."""
        value, channels = self.add("Relu", self.convolution(value, 3, 16, stride=min(stride, 2))), 16
        while (stride := stride // 2) > 1:
            value = self.add("Relu", self.convolution(value, channels, 16, stride=2))
        return value

    def scores(self, stride: int, classes: int = CLASSES, image: str = "image") -> str:
        """Scores of the image at `stride`, spread widely, so that rounding moves few labels."""
        coarse = self.convolution(self.features(image, stride), 16, classes, side=1)
        return self.add("Mul", coarse, self.constant(4, np.float32))

    def enlarged(self, value: str, mode: str = "half_pixel") -> str:
        """As `F.interpolate(scores, image.shape[-2:])` is exported."""
        planes = self.add("Slice", self.add("Shape", value), self.constant([0]), self.constant([2]))
        size = self.add("Slice", self.add("Shape", "image"), self.constant([2]), self.constant([4]))
        wanted = self.add("Concat", planes, size, axis=0)
        return self.add("Resize", value, "", "", wanted, mode="linear", coordinate_transformation_mode=mode)

    def output(self, value: str, name: str, dims: Sequence[int | str], dtype: int = TensorProto.FLOAT) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, list(dims)))

    def model(self, opset: int = 18) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, "foreign", [self.input], self.outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


WHOLE = ("batch", CLASSES, "height", "width")
COARSE = ("batch", CLASSES, "rows", "columns")


def torchvision() -> onnx.ModelProto:
    """FCN: `out` at the image's size, and `aux`, which training needed."""
    builder = Builder()
    builder.output(builder.enlarged(builder.scores(8)), "out", WHOLE)
    builder.output(builder.enlarged(builder.scores(4)), "aux", WHOLE)
    return builder.model()


def deeplab() -> onnx.ModelProto:
    """Scores enlarged in the graph, to which softmax is added; a fixed size, which is no multiple of the stride."""
    builder = Builder((1, 3, 65, 97))
    softmax = builder.add("Softmax", builder.enlarged(builder.scores(8)), axis=1)
    builder.output(softmax, "probabilities", (1, CLASSES, 65, 97))
    return builder.model()


def segformer() -> onnx.ModelProto:
    """Logits at stride 4."""
    builder = Builder()
    builder.output(builder.scores(4), "logits", COARSE)
    return builder.model()


def keras() -> onnx.ModelProto:
    """Channels last, in and out, one image of a fixed size."""
    builder = Builder((1, 64, 96, 3))
    planes = builder.add("Transpose", "image", perm=[0, 3, 1, 2])
    last = builder.add("Transpose", builder.scores(2, image=planes), perm=[0, 2, 3, 1])
    builder.output(last, "conv2d", (1, 32, 48, CLASSES))
    return builder.model()


def sigmoids() -> onnx.ModelProto:
    """A probability for every class by itself, at the image's size."""
    builder = Builder()
    builder.output(builder.add("Sigmoid", builder.enlarged(builder.scores(4))), "probabilities", WHOLE)
    return builder.model()


def labels() -> onnx.ModelProto:
    """Labels alone, at half the image's sides."""
    builder = Builder()
    chosen = builder.add("ArgMax", builder.scores(2), axis=1, keepdims=0)
    builder.output(chosen, "labels", ("batch", "rows", "columns"), TensorProto.INT64)
    return builder.model()


FORMS = {form.__name__: form for form in (torchvision, deeplab, segformer, keras, sigmoids, labels)}
