"""The graph of a model file around a foreign network: normalisation before it, enlargement and the choice behind it."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model_export.adoption.foreign import Foreign
from model_export.adoption.head import Head
from model_export.adoption.original import SMALLEST
from model_export.adoption.preprocessing import Preprocessing
from model_export.onnx.graph import fold_normalisation


class Graph:
    """Nodes and weights around a network, added one after the other."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def weight(self, name: str, values: object, dtype: type = np.float32) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name


def adopted(foreign: Foreign, preprocessing: Preprocessing, head: Head, classes: int) -> onnx.ModelProto:
    """The network as a graph of the contract."""
    model = onnx.ModelProto()
    model.CopyFrom(foreign.model)
    before, behind = Graph(), Graph()
    foldable = swallows_normalisation(model, foreign)
    mean, std = np.array(preprocessing.mean_byte), np.array(preprocessing.std_byte)
    backwards = preprocessing.order == "bgr"
    if foldable and backwards:
        reverse_channels(model, foreign.image)
        mean, std = mean[::-1], std[::-1]
    normalise(before, foreign, mean, std, reverse=backwards and not foldable)
    scored = choose(behind, foreign, head, classes)
    nodes = [*before.nodes, *model.graph.node, *behind.nodes]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend([*before.weights, *behind.weights])
    describe(model, foreign, scored)
    skip_identities(model)
    if foldable:
        fold_normalisation(model)
    del model.graph.value_info[:]
    model.ir_version = min(model.ir_version, 10)
    return model


def describe(model: onnx.ModelProto, foreign: Foreign, scored: bool) -> None:
    """Give the graph the contract's input and outputs."""
    batch = foreign.model.graph.input[0].type.tensor_type.shape.dim[0]
    images = 1 if batch.dim_value == 1 else "images"
    width, height = foreign.size or ("width", "height")
    del model.graph.input[:]
    del model.graph.output[:]
    model.graph.input.append(helper.make_tensor_value_info("image", TensorProto.UINT8, [images, height, width, 3]))
    outputs = [("labels", TensorProto.UINT8, [images, height, width])]
    if scored:
        outputs.append(("scores", TensorProto.FLOAT, [images, "planes", "rows", "columns"]))
    model.graph.output.extend(helper.make_tensor_value_info(*output) for output in outputs)


def skip_identities(model: onnx.ModelProto) -> None:
    """Let the network itself give `scores`, where nothing lies between: int8 looks for what makes them."""
    for node in [node for node in model.graph.node if node.op_type == "Identity" and node.output[0] == "scores"]:
        (name,) = node.input
        model.graph.node.remove(node)
        for other in model.graph.node:
            for names in (other.input, other.output):
                names[:] = ["scores" if one == name else one for one in names]


def swallows_normalisation(model: onnx.ModelProto, foreign: Foreign) -> bool:
    """Whether the image goes into one plain convolution, which can do the normalisation with its weights."""
    weights = {tensor.name for tensor in model.graph.initializer}
    readers = [node for node in model.graph.node if foreign.image in node.input]
    if foreign.layout != "NCHW" or foreign.dtype != TensorProto.FLOAT or len(readers) != 1:
        return False
    (first,) = readers
    used = [name for node in model.graph.node for name in node.input]
    return (
        first.op_type == "Conv"
        and all(one.i == 1 for one in first.attribute if one.name == "group")
        and all(name in weights and used.count(name) == 1 for name in first.input[1:])
    )


def reverse_channels(model: onnx.ModelProto, image: str) -> None:
    """Let the first convolution read RGB in place of BGR."""
    first = next(node for node in model.graph.node if image in node.input)
    kernel = next(tensor for tensor in model.graph.initializer if tensor.name == first.input[1])
    kernel.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(kernel)[:, ::-1].copy(), kernel.name))


def normalise(
    graph: Graph, foreign: Foreign, mean: NDArray[np.float64], std: NDArray[np.float64], reverse: bool
) -> None:
    """From `image` to the network's own input; `mean` and `std` are those of its channels, 0..255."""
    value = "image"
    if reverse:
        value = graph.add("Gather", [value, graph.weight("reversed", [2, 1, 0], np.int64)], "reversed_channels", axis=3)
    channels_first = foreign.layout == "NCHW"
    if channels_first:
        value = graph.add("Transpose", [value], "planes", perm=[0, 3, 1, 2])
    if foreign.dtype == TensorProto.UINT8:
        graph.add("Identity", [value], foreign.image)
        return
    value = graph.add("Cast", [value], "colours", to=TensorProto.FLOAT)
    shape = (1, 3, 1, 1) if channels_first else (1, 1, 1, 3)
    value = graph.add("Sub", [value, graph.weight("mean", mean.reshape(shape))], "centred")
    last = foreign.image if foreign.dtype == TensorProto.FLOAT else "normalised"
    value = graph.add("Div", [value, graph.weight("std", std.reshape(shape))], last)
    if foreign.dtype == TensorProto.FLOAT16:
        graph.add("Cast", [value], foreign.image, to=TensorProto.FLOAT16)


def choose(graph: Graph, foreign: Foreign, head: Head, classes: int) -> bool:
    """From the network's own output of `classes` planes to `labels`, and `scores` where it has them; returns whether
    it has."""
    dtype = foreign.model.graph.output[0].type.tensor_type.elem_type
    value = foreign.output
    if head.last:
        value = graph.add("Transpose", [value], "maps", perm=[0, 3, 1, 2])
    if head.labels:
        bytes_ = graph.add("Cast", [value], "small_labels", to=TensorProto.UINT8)
        if not head.planes:
            bytes_ = graph.add("Unsqueeze", [bytes_, graph.weight("plane", [1], np.int64)], "small_planes")
        repeated = repeat(graph, bytes_, head.stride or 1)
        graph.add("Squeeze", [repeated, graph.weight("only_plane", [1], np.int64)], "labels")
        return False
    if dtype != TensorProto.FLOAT:
        value = graph.add("Cast", [value], "floats", to=TensorProto.FLOAT)
    graph.add("Identity", [logits(graph, enlarged(graph, value, head), head)], "scores")
    side = head.stride or 1
    if side == 1:
        index = graph.add("ArgMax", ["scores"], "index", axis=1, keepdims=0)
        graph.add("Cast", [index], "labels", to=TensorProto.UINT8)
        return True
    # Labels are chosen before they are rearranged: one byte a pixel is moved, not a score per class.
    shape_by_class = [0, classes + (head.background is not None), side * side, -1]
    flat = graph.add("Reshape", ["scores", graph.weight("by_class", shape_by_class, np.int64)], "scores_by_class")
    index = graph.add("ArgMax", [flat], "index", axis=1, keepdims=0)
    places = graph.add("Cast", [index], "places", to=TensorProto.UINT8)
    size = graph.add("Shape", ["scores"], "size_of_cells", start=2)
    images = graph.add("Shape", ["scores"], "number_of_images", end=1)
    shape = graph.add("Concat", [images, graph.weight("cell", [side * side], np.int64), size], "cells_shape", axis=0)
    cells = graph.add("Reshape", [places, shape], "label_cells")
    plane = graph.add("DepthToSpace", [cells], "label_plane", blocksize=side, mode="CRD")
    graph.add("Squeeze", [plane, graph.weight("only_plane", [1], np.int64)], "labels")
    return True


def repeat(graph: Graph, labels: str, factor: int) -> str:
    """Labels [N, 1, h, w] by nearest neighbour."""
    scales = graph.weight("label_scales", [1, 1, factor, factor])
    return graph.add(
        "Resize",
        [labels, "", scales],
        "repeated",
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def enlarged(graph: Graph, scores: str, head: Head) -> str:
    """Scores [N, C, h, w] bilinearly enlarged: to cells [N, C * f * f, h, w] by a stride f, else to [N, C, H, W].

    Cells come from a 3x3 convolution of every plane with the weights of the interpolation. At the border, as
    everywhere in bilinear interpolation, the last place is repeated.
    """
    if head.stride == 1:
        return scores
    if head.stride is None:
        planes = graph.add("Shape", [scores], "planes_shape", end=2)
        size = graph.add("Shape", ["image"], "image_size", start=1, end=3)
        wanted = graph.add("Concat", [planes, size], "scores_shape", axis=0)
        return graph.add("Resize", [scores, "", "", wanted], "enlarged", mode="linear")
    margins = graph.weight("margins", [0, 0, 1, 1, 0, 0, 1, 1], np.int64)
    padded = graph.add("Pad", [scores, margins], "padded", mode="edge")
    kernel = graph.weight("interpolation", np.tile(interpolation(head.stride), (head.planes, 1, 1, 1)))
    return graph.add("Conv", [padded, kernel], "enlarged", group=head.planes, kernel_shape=[3, 3])


def interpolation(factor: int) -> NDArray[np.float32]:
    """The kernels [f * f, 1, 3, 3] that compute the f * f places of a cell from it and its neighbours, bilinearly."""
    place = (np.arange(factor) + 0.5) / factor - 0.5
    taps = np.stack((np.maximum(-place, 0), 1 - np.abs(place), np.maximum(place, 0)), 1)
    kernels: NDArray[np.float32] = np.einsum("ai,bj->abij", taps, taps).reshape(-1, 1, 3, 3).astype(np.float32)
    return kernels


def logits(graph: Graph, scores: str, head: Head) -> str:
    """The logits of scores that may be probabilities, with those of background before them."""
    if head.probabilities:
        least, most = graph.weight("least", SMALLEST), graph.weight("most", 1 - SMALLEST)
        clipped = graph.add("Clip", [scores, least, most], "probabilities")
        scores = graph.add("Log", [clipped], "logarithms")
        if head.threshold is not None:
            against = graph.add("Log", [graph.add("Sub", [graph.weight("one", 1), clipped], "others")], "against")
            scores = graph.add("Sub", [scores, against], "logits")
    if head.background is None:
        return scores
    bounds = {"from": 0, "to": (head.stride or 1) ** 2, "along": 1}
    first = graph.add(
        "Slice",
        [scores, *(graph.weight(f"{name}_class", [at], np.int64) for name, at in bounds.items())],
        "first_class",
    )
    nothing = graph.add("Mul", [first, graph.weight("nothing", 0)], "zeros")
    background = graph.add("Add", [nothing, graph.weight("threshold", head.background)], "background")
    return graph.add("Concat", [background, scores], "with_background", axis=1)
