"""Rewrites of a graph for an int8 file, to operators for which onnxruntime has fast integer kernels."""

from itertools import pairwise

import numpy as np
import onnx
from onnx import numpy_helper

from model_export.onnx.graph import FLOAT_IMAGE, drop_unused_weights, fourth_channel, replace
from service.segmentation.runtime.amx import SHIFTABLE


def stem_on_cells(model: onnx.ModelProto) -> None:
    """Replace a first convolution of stride 2 by one of stride 1 on cells of 2x2 pixels; a 7x7 kernel becomes 4x4, a
    3x3 kernel 2x2. An integer convolution gathers its input byte by byte, and a cell has sixteen bytes in a row.

    A row and a column of zeros precede the kernel, so that it covers whole cells. A cell holds its twelve colours, then
    the fourth channel of its four pixels.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    convolution = next(node for node in model.graph.node if FLOAT_IMAGE in node.input)
    kernel = numpy_helper.to_array(weights[convolution.input[1]])
    given = {a.name: list(onnx.helper.get_attribute_value(a)) for a in convolution.attribute if a.name != "group"}
    side = kernel.shape[-1]
    if side not in {3, 7} or (given.get("strides"), given.get("pads")) != ([2, 2], [side // 2] * 4):
        return
    cells = (side + 1) // 2
    padded = np.pad(kernel, ((0, 0), (0, 0), (1, 0), (1, 0))).reshape(-1, 4, cells, 2, cells, 2)
    colours, fourths = (part.transpose(0, 3, 5, 1, 2, 4) for part in (padded[:, :3], padded[:, 3:]))
    parts = [part.reshape(len(kernel), -1, cells, cells) for part in (colours, fourths)]
    weights[convolution.input[1]].CopyFrom(numpy_helper.from_array(np.concatenate(parts, 1), convolution.input[1]))
    convolution.CopyFrom(
        onnx.helper.make_node(
            "Conv",
            convolution.input[:],
            convolution.output[:],
            convolution.name,
            kernel_shape=[cells, cells],
            strides=[1, 1],
            pads=[cells // 2, cells // 2, cells // 2 - 1, cells // 2 - 1],
        )
    )
    most = np.iinfo(np.int64).max
    constants = {
        "side_by_side": [0, 0, -1, 6],
        "first": [0],
        "second": [1],
        "two": [2],
        "end": [most],
        "four_channels": [most, most, most, 4],
    }
    names = {"image_shape", "fourth_shape", "fourth", "bytes"}  # the output of `widen`; a transpose follows
    widening = [node for node in model.graph.node if {*node.output} <= names or "bytes" in node.input]
    nodes = [
        onnx.helper.make_node("Reshape", ["image", "side_by_side"], ["pairs"]),
        onnx.helper.make_node("Slice", ["pairs", "first", "end", "second", "two"], ["upper"]),
        onnx.helper.make_node("Slice", ["pairs", "second", "end", "second", "two"], ["lower"]),
        *fourth_channel("upper", "four_channels"),
        onnx.helper.make_node("Concat", ["upper", "lower", "fourth"], ["cells"], axis=3),
        onnx.helper.make_node("Transpose", ["cells"], widening[-1].output[:], perm=[0, 3, 1, 2]),
    ]
    replace(model, widening, nodes)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()
    )
    drop_unused_weights(model)


def pools_as_convolutions(model: onnx.ModelProto) -> None:
    """Replace average pools by depthwise convolutions with equal weights, for which onnxruntime has a fast integer
    kernel."""
    tensors = onnx.shape_inference.infer_shapes(model).graph.value_info
    channels = {tensor.name: tensor.type.tensor_type.shape.dim[1].dim_value for tensor in tensors if is_image(tensor)}
    for node in model.graph.node:
        given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type != "AveragePool" or any(given.get("pads", ())) or not channels.get(node.input[0]):
            continue
        (image,), side = node.input, given["kernel_shape"]
        kernel = np.full((channels[image], 1, *side), 1 / np.prod(side), np.float32)
        name = f"{node.output[0]}.kernel"
        node.CopyFrom(
            onnx.helper.make_node(
                "Conv",
                [image, name],
                node.output[:],
                node.name,
                group=channels[image],
                kernel_shape=side,
                strides=given.get("strides", [1, 1]),
            )
        )
        model.graph.initializer.append(numpy_helper.from_array(kernel, name))


def is_image(tensor: onnx.ValueInfoProto) -> bool:
    return len(tensor.type.tensor_type.shape.dim) == 4


def scores_in_fours(model: onnx.ModelProto) -> None:
    """Pad the coarse scores with channels of zeros to a multiple of four: onnxruntime's kernels take four at a time.
    Otherwise the last convolution copies its whole input, nine times over."""
    makers = {node.output[0]: node for node in model.graph.node}
    weights = {tensor.name: tensor for tensor in model.graph.initializer}

    def fill(name: str, axis: int) -> None:
        values = numpy_helper.to_array(weights[name])
        margins = [(0, 0)] * values.ndim
        margins[axis] = (0, -values.shape[axis] % 4)
        weights[name].CopyFrom(numpy_helper.from_array(np.pad(values, margins), name))

    def fill_makers(name: str) -> None:
        maker = makers[name]
        if maker.op_type == "Add":
            for part in maker.input:
                fill_makers(part)
        elif maker.op_type == "ConvTranspose":
            fill(maker.input[1], 0)
            fill(maker.input[1], 1)
            fill_makers(maker.input[0])
        else:  # the convolution from features to scores
            for parameter in maker.input[1:]:
                fill(parameter, 0)

    last = makers["scores"]
    fill(last.input[1], 1)
    fill_makers(last.input[0])
    del model.graph.value_info[:]  # shapes as they were


def argmax_as_comparisons(model: onnx.ModelProto, classes: int) -> None:
    """Replace argmax by comparing each class's plane of scores with the best of those before it. onnxruntime compares
    many bytes at a time, while its ArgMax takes them one by one. Of equal scores both choose the first. With one class
    there is nothing to choose."""
    if classes == 1:
        return
    *_, argmax = (node for node in model.graph.node if node.op_type == "ArgMax")
    cast = next(node for node in model.graph.node if argmax.output[0] in node.input)
    planes = [f"plane_{number}" for number in range(classes)]
    nodes = [onnx.helper.make_node("Split", argmax.input[:], planes, axis=1, num_outputs=classes)]
    best: list[str] = []
    for number, (before, plane) in enumerate(pairwise(planes), 1):
        nodes += [
            onnx.helper.make_node("Max", [*best, before], [f"best_before_{number}"]),
            onnx.helper.make_node("Greater", [plane, f"best_before_{number}"], [f"{plane}_is_best"]),
            onnx.helper.make_node("Cast", [f"{plane}_is_best"], [f"{plane}_or_0"], to=onnx.TensorProto.UINT8),
            onnx.helper.make_node("Mul", [f"{plane}_or_0", f"number_{number}"], [f"label_{number}"]),
        ]
        best = [f"best_before_{number}"]
        model.graph.initializer.append(numpy_helper.from_array(np.array(number, np.uint8), f"number_{number}"))
    # The last class that beats all before it is the best.
    labels = [f"label_{number}" for number in range(1, classes)]
    nodes += [
        onnx.helper.make_node("Max", labels, ["labels_of_one_plane"]),
        onnx.helper.make_node("Squeeze", ["labels_of_one_plane", "plane_axis"], cast.output[:]),
    ]
    model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "plane_axis"))
    model.graph.node.remove(cast)
    replace(model, [argmax], nodes)


def name_shiftable_weights(model: onnx.ModelProto) -> None:
    """Mark the weights of convolutions that are faster as matrix products on AMX, for the service, which knows its
    processor: those with many inputs. With few, building the matrices costs more. They are quantised symmetrically, so
    none is -128.
    """
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {node.output[0]: node for node in model.graph.node}
    for node in model.graph.node:
        quantised = makers.get(node.input[1]) if node.op_type == "Conv" else None
        if quantised is None:
            continue
        _, channels, height, width = tensors[quantised.input[0]].dims
        if channels < 128 or channels * height * width < 256:
            continue
        for place in (0, 2):  # weights and zero points
            tensor = tensors[quantised.input[place]]
            quantised.input[place] += SHIFTABLE
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), quantised.input[place]))
