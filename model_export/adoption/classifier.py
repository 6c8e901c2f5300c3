"""An image classifier -> a fully convolutional network, by net surgery on its ONNX graph.

Long, Shelhamer and Darrell 2015, section 3.1: a fully connected layer over a map of h x w is a convolution with a
kernel of h x w, and the layers after it are convolutions of 1x1. So the network takes any larger image, and gives a map
of scores for each class in place of one score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, shape_inference

from model_export.adoption.foreign import Foreign
from model_export.errors import AdoptionError
from model_export.onnx.graph import drop_unused_weights

KEPT = {"Relu", "Clip", "LeakyRelu", "HardSwish", "Sigmoid", "Tanh", "Gelu", "Identity", "Dropout"}
"""What acts on each score by itself, and so on a map as on a vector."""
FLATTEN = {"Flatten", "Reshape", "Squeeze", "GlobalAveragePool", "ReduceMean"}
AXES = {"Softmax", "LogSoftmax"}
POOLS = {"GlobalAveragePool", "ReduceMean", "AveragePool"}
AT_ONE_PLACE = {"Conv", "BatchNormalization", "Transpose", "LayerNormalization"}
"""What acts on every place alike, and stays as it is, where it follows the last pool: a convolution of 1x1, say."""

LAYERS = KEPT | FLATTEN | AXES | POOLS | AT_ONE_PLACE | {"Add", "Gemm", "MatMul"}
"""Of which a head may consist."""

Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, eq=False)
class Convolutional:
    """A classifier as a fully convolutional network: float [N, 3, H, W] in, scores [N, classes, h, w] out; of an image
    of `side` x `side`, the classifier's own, h and w are 1."""

    model: onnx.ModelProto
    image: str
    output: str
    side: int


class Surgery:
    """Turns the last layers of a classifier into convolutions, from the map of features on."""

    def __init__(self, foreign: Foreign, side: int) -> None:
        """`side` is that of the images that it classifies. Raises AdoptionError where it is no such classifier."""
        if foreign.layout != "NCHW":
            raise AdoptionError("The classifier reads [N, H, W, 3]: export it with images of [N, 3, H, W].")
        self.model, self.side = onnx.ModelProto(), side
        self.model.CopyFrom(foreign.model)
        self.graph = self.model.graph
        self.image, self.output = foreign.image, foreign.output
        self.weights = {tensor.name: tensor for tensor in self.graph.initializer}
        self.makers = {output: node for node in self.graph.node for output in node.output}
        self.shapes = self._shapes()

    def _shapes(self) -> dict[str, list[int]]:
        """What every tensor is of an image of the classifier's own size."""
        reshape(self.graph.input[0], [1, 3, self.side, self.side])
        del self.graph.value_info[:]
        known = shape_inference.infer_shapes(self.model, data_prop=True).graph
        return {
            one.name: [dim.dim_value for dim in one.type.tensor_type.shape.dim]
            for one in (*known.value_info, *known.input, *known.output)
        }

    def operate(self) -> Convolutional:
        """Raises AdoptionError where a layer cannot become a convolution."""
        layers = self._head()
        # The map of features, then, once it is flat, 1x1.
        channels, height, width = self.shapes[layers[0].input[0]][1:]
        value, new = layers[0].input[0], list[onnx.NodeProto]()
        for layer in layers:
            if layer.op_type in {"GlobalAveragePool", "ReduceMean"}:
                new += [pool(value, layer.output[0], height, width)]
                height = width = 1
            elif layer.op_type == "AveragePool" or layer.op_type in KEPT | AT_ONE_PLACE:
                new += [renamed(layer, value)]
                if layer.op_type == "AveragePool":
                    height, width = self.shapes[layer.output[0]][2:]
                if layer.op_type == "Conv":
                    channels = self.shapes[layer.output[0]][1]
            elif layer.op_type in FLATTEN:
                continue
            elif layer.op_type in AXES:
                new += [onnx.helper.make_node(layer.op_type, [value], layer.output[:1], axis=1)]
            elif layer.op_type == "Add":
                new += [self._shift(layer, value)]
            else:
                kernel, bias = self._connected(layer)
                new += self._convolution(layer, value, kernel.reshape(-1, channels, height, width), bias)
                channels, height, width = len(kernel), 1, 1
            value = new[-1].output[0]
        first = list(self.graph.node).index(layers[0])
        before = [node for node in list(self.graph.node)[:first] if node not in layers]
        del self.graph.node[:]
        self.graph.node.extend([*before, *new])
        drop_unused_weights(self.model)
        reshape(self.graph.input[0], ["images", 3, "rows", "columns"])
        reshape(self.graph.output[0], ["images", channels, "map rows", "map columns"])
        del self.graph.value_info[:]
        if self._pools_everything():
            raise AdoptionError(
                "It pools the whole image before its last layers, so a larger one has no map either: take a classifier "
                "that pools at its end alone."
            )
        return Convolutional(self.model, self.image, value, self.side)

    def _pools_everything(self) -> bool:
        """Whether an image of four times the side still has one place in its map."""
        larger = onnx.ModelProto()
        larger.CopyFrom(self.model)
        reshape(larger.graph.input[0], [1, 3, 4 * self.side, 4 * self.side])
        larger.graph.output[0].type.tensor_type.ClearField("shape")
        (output,) = shape_inference.infer_shapes(larger, data_prop=True).graph.output
        return [dim.dim_value for dim in output.type.tensor_type.shape.dim][2:] == [1, 1]

    def _head(self) -> list[onnx.NodeProto]:
        """The layers after the last map of features, the pool before they are flat among them, in order."""
        layers: list[onnx.NodeProto] = []
        value = self.output
        while True:
            node = self.makers.get(value)
            if node is None or node.op_type not in LAYERS:
                break
            data = [name for name in node.input if name and name not in self.weights and not self._constant(name)]
            pools, before = node.op_type in POOLS, self.shapes.get(data[0], []) if data else []
            if len(data) != 1 or not (pools or one_place(self.shapes.get(node.output[0], []))):
                break
            if node.op_type in AT_ONE_PLACE and not one_place(before):
                break
            layers.insert(0, node)
            value = data[0]
            if pools and not one_place(before):
                break
        shape = self.shapes.get(value, [])
        if not layers or len(shape) != 4 or min(shape[1:], default=0) < 1:
            found = "nothing" if value not in self.makers else self.makers[value].op_type
            raise AdoptionError(
                f"Its scores do not follow from one map of features by pooling and fully connected layers alone "
                f"({found} is in between): take a convolutional network, such as a ResNet."
            )
        return layers

    def _constant(self, name: str) -> bool:
        return name in self.makers and self.makers[name].op_type == "Constant"

    def _connected(self, layer: onnx.NodeProto) -> tuple[Array, Array | None]:
        """The weights [outputs, inputs] and the bias of a fully connected layer. Raises AdoptionError."""
        if layer.input[1] not in self.weights:
            raise AdoptionError(
                f"The weights of {layer.name or layer.op_type} are computed in the graph: export it in float, with "
                f"constants folded."
            )
        given = {one.name: onnx.helper.get_attribute_value(one) for one in layer.attribute}
        matrix = self._value(layer.input[1])
        if layer.op_type == "MatMul" or not given.get("transB", 0):
            matrix = matrix.T
        bias = self._value(layer.input[2]) * given.get("beta", 1.0) if len(layer.input) > 2 else None
        return matrix * given.get("alpha", 1.0), bias

    def _value(self, name: str) -> Array:
        return np.asarray(numpy_helper.to_array(self.weights[name]), np.float32)

    def _convolution(
        self, layer: onnx.NodeProto, value: str, kernel: Array, bias: Array | None
    ) -> list[onnx.NodeProto]:
        names = [f"{layer.output[0]}.{part}" for part in ("kernel", "bias")][: 1 if bias is None else 2]
        for name, tensor in zip(names, (kernel, bias), strict=False):
            self.graph.initializer.append(numpy_helper.from_array(np.asarray(tensor, np.float32), name))
        sides = list(kernel.shape[2:])
        return [onnx.helper.make_node("Conv", [value, *names], layer.output[:1], kernel_shape=sides)]

    def _shift(self, layer: onnx.NodeProto, value: str) -> onnx.NodeProto:
        """An addition of a bias [outputs] to a map."""
        bias = next(name for name in layer.input if name in self.weights)
        name = f"{layer.output[0]}.bias"
        self.graph.initializer.append(numpy_helper.from_array(self._value(bias).reshape(-1, 1, 1), name))
        return onnx.helper.make_node("Add", [value, name], layer.output[:1])


def convolutional(foreign: Foreign, side: int | None = None) -> Convolutional:
    """A classifier made fully convolutional; `side` is that of its images, where the file does not say.

    Raises AdoptionError where it is no classifier, or has layers that cannot become convolutions.
    """
    own = foreign.size[0] if foreign.size is not None else side
    if own is None:
        raise AdoptionError("The file does not say which size the classifier takes: give it by --side, 224 for most.")
    return Surgery(foreign, own).operate()


def one_place(shape: Sequence[int]) -> bool:
    """Whether a tensor [N, C], [N, C, 1, 1] or [N, 1, 1, C] is of one place of a map."""
    return len(shape) < 4 or list(shape[2:]) == [1, 1] or list(shape[1:3]) == [1, 1]


def pool(value: str, output: str, height: int, width: int) -> onnx.NodeProto:
    """The average over the classifier's own map, at every place of a larger one."""
    return onnx.helper.make_node("AveragePool", [value], [output], kernel_shape=[height, width], strides=[1, 1])


def renamed(layer: onnx.NodeProto, value: str) -> onnx.NodeProto:
    """The same layer on another input."""
    node = onnx.NodeProto()
    node.CopyFrom(layer)
    node.input[0] = value
    return node


def reshape(tensor: onnx.ValueInfoProto, dims: Sequence[int | str]) -> None:
    """Set the shape of an input or output."""
    element = tensor.type.tensor_type.elem_type
    tensor.CopyFrom(onnx.helper.make_tensor_value_info(tensor.name, element, list(dims)))
