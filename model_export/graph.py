"""The same function in operations that run faster: what is done to a graph between the exporter and the file."""

from itertools import pairwise

import numpy as np
import onnx
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from model_export.networks.fcn import Deconvolution

FLOAT_IMAGE = "colours_and_255"
"""The tensor that the first convolution reads: the image's bytes as floats, [N, 4, H, W]."""


class SubPixel(nn.Module):
    """A deconvolution whose kernel is twice its stride, as a 3x3 convolution and a rearrangement of its channels.

    Shi et al.: Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
    Network, CVPR 2016. Row a of a cell of f rows takes kernel row a + f/2 - f*d from the cell d below it, where there
    is such a row.
    """

    def __init__(self, deconvolution: Deconvolution) -> None:
        super().__init__()
        inputs, outputs, kernel, _ = deconvolution.weight.shape
        self.factor = f = kernel // 2
        # Zeros around the kernel, and there is such a row for every a and d: whole cells can be cut out.
        padded = F.pad(deconvolution.weight.detach(), (f // 2,) * 4)
        cells = padded.view(inputs, outputs, 3, f, 3, f).flip(2, 4)
        weight = cells.permute(1, 3, 5, 0, 2, 4).reshape(outputs * f * f, inputs, 3, 3)
        self.convolution = nn.Conv2d(inputs, outputs * f * f, 3, padding=1, bias=False)
        self.convolution.weight = nn.Parameter(weight, requires_grad=False)

    def forward(self, logits: Tensor) -> Tensor:
        return F.pixel_shuffle(self.convolution(logits), self.factor)


def fold_normalisation(model: onnx.ModelProto) -> None:
    """Put what is done to each colour before the first convolution into its weights, so that it reads plain bytes.

    What is done is a gain and a shift. At the image's edge the convolution pads with zeros, for no shift at all, so
    shifts cannot go into its bias: the image gets a fourth channel, 255 everywhere, whose weights carry them.
    """
    nodes = model.graph.node
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    cast = next(node for node in nodes if node.op_type == "Cast")
    gain, shift, (value,) = np.ones(3), np.zeros(3), cast.output
    while True:
        node = next(node for node in nodes if value in node.input)
        first, *others = (numpy_helper.to_array(weights[name]).astype(np.float64) for name in node.input[1:])
        if node.op_type == "Sub":
            shift -= first.ravel()
        elif node.op_type == "Div":
            gain, shift = gain / first.ravel(), shift / first.ravel()
        elif first.shape[1:] == (1, 1, 1):  # a norm
            gain, shift = gain * first.ravel(), shift * first.ravel() + others[0]
        else:
            break
        nodes.remove(node)
        (value,) = node.output
    shifts = np.tensordot(first, shift, (1, 0))[:, np.newaxis] / 255
    folded = np.concatenate((first * gain.reshape(-1, 1, 1), shifts), 1).astype(np.float32)
    weights[node.input[1]].CopyFrom(numpy_helper.from_array(folded, node.input[1]))
    node.input[0] = cast.output[0] = FLOAT_IMAGE
    widen(model)
    del model.graph.value_info[:]  # shapes as the exporter knew them
    drop_unused_weights(model)


def widen(model: onnx.ModelProto) -> None:
    """Give the image its fourth channel, before its colours are parted into planes: in integers, convolutions want them
    together, and onnxruntime leaves the parting out."""
    brightest = numpy_helper.from_array(np.array([255], np.uint8))
    fourth = [
        onnx.helper.make_node("Shape", ["image"], ["image_shape"]),
        onnx.helper.make_node("Min", ["image_shape", "one_channel"], ["fourth_shape"]),
        onnx.helper.make_node("ConstantOfShape", ["fourth_shape"], ["fourth"], value=brightest),
        onnx.helper.make_node("Concat", ["image", "fourth"], ["bytes"], axis=3),
    ]
    transpose = next(node for node in model.graph.node if "image" in node.input and node.op_type == "Transpose")
    transpose.input[0] = "bytes"
    replace(model, [transpose], [*fourth, onnx.NodeProto.FromString(transpose.SerializeToString())])
    most = np.iinfo(np.int64).max
    model.graph.initializer.append(numpy_helper.from_array(np.array([most, most, most, 1]), "one_channel"))


def norms_as_convolutions(model: onnx.ModelProto) -> None:
    """Write the batch norms that the exporter could not fold, those before a convolution, as 1x1 convolutions of one
    channel each: these are quantised, and take the ReLU that follows into themselves."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "BatchNormalization":
            continue
        image, *names = node.input
        gain, bias, mean, variance = (numpy_helper.to_array(weights[name]) for name in names)
        epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
        scale = gain / np.sqrt(variance + epsilon)
        kernel = {
            "kernel": scale.reshape(-1, 1, 1, 1).astype(np.float32),
            "shift": (bias - scale * mean).astype(np.float32),
        }
        node.CopyFrom(
            onnx.helper.make_node(
                "Conv",
                [image, *(f"{node.output[0]}.{part}" for part in kernel)],
                node.output[:1],
                node.name,
                group=len(scale),
                kernel_shape=[1, 1],
            )
        )
        model.graph.initializer.extend(
            numpy_helper.from_array(value, f"{node.output[0]}.{part}") for part, value in kernel.items()
        )
    drop_unused_weights(model)


def stem_on_cells(model: onnx.ModelProto) -> None:
    """Write a first convolution of 7x7 and stride 2 as one of 4x4 and stride 1 on cells of 2x2 pixels: in integers, a
    convolution gathers what it reads byte by byte, and of a cell there are sixteen in a row.

    Before its kernel come a row and a column of zeros, so that it covers whole cells.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    convolution = next(node for node in model.graph.node if FLOAT_IMAGE in node.input)
    kernel = numpy_helper.to_array(weights[convolution.input[1]])
    given = {a.name: list(onnx.helper.get_attribute_value(a)) for a in convolution.attribute if a.name != "group"}
    if (kernel.shape[1:], given["strides"], given["pads"]) != ((4, 7, 7), [2, 2], [3, 3, 3, 3]):
        return
    padded = np.pad(kernel, ((0, 0), (0, 0), (1, 0), (1, 0)))
    cells = padded.reshape(-1, 4, 4, 2, 4, 2).transpose(0, 3, 5, 1, 2, 4).reshape(-1, 16, 4, 4)
    weights[convolution.input[1]].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(cells), convolution.input[1]))
    convolution.CopyFrom(
        onnx.helper.make_node(
            "Conv",
            convolution.input[:],
            convolution.output[:],
            convolution.name,
            kernel_shape=[4, 4],
            strides=[1, 1],
            pads=[2, 2, 1, 1],
        )
    )
    transpose = next(node for node in model.graph.node if "bytes" in node.input)
    rearranged = onnx.helper.make_node("Transpose", ["cells"], transpose.output[:], perm=[0, 3, 1, 2])
    constants = {
        "side_by_side": [0, 0, -1, 8],
        "first": [0],
        "second": [1],
        "two": [2],
        "end": [np.iinfo(np.int64).max],
    }
    nodes = [
        onnx.helper.make_node("Reshape", ["bytes", "side_by_side"], ["pairs"]),
        onnx.helper.make_node("Slice", ["pairs", "first", "end", "second", "two"], ["upper"]),
        onnx.helper.make_node("Slice", ["pairs", "second", "end", "second", "two"], ["lower"]),
        onnx.helper.make_node("Concat", ["upper", "lower"], ["cells"], axis=3),
    ]
    replace(model, [transpose], [*nodes, rearranged])
    model.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()
    )


def pools_as_convolutions(model: onnx.ModelProto) -> None:
    """Write average pools as convolutions of one channel each with all weights alike: in integers, onnxruntime has a
    fast kernel for these alone."""
    tensors = onnx.shape_inference.infer_shapes(model).graph.value_info
    channels = {tensor.name: tensor.type.tensor_type.shape.dim[1].dim_value for tensor in tensors if is_image(tensor)}
    for node in model.graph.node:
        given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type != "AveragePool" or any(given.get("pads", ())):
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
                strides=given["strides"],
            )
        )
        model.graph.initializer.append(numpy_helper.from_array(kernel, name))


def is_image(tensor: onnx.ValueInfoProto) -> bool:
    return len(tensor.type.tensor_type.shape.dim) == 4


def argmax_as_comparisons(model: onnx.ModelProto, classes: int) -> None:
    """Choose the labels by holding each class's plane of scores against the best of those before it. onnxruntime
    compares many bytes at a time, while its ArgMax takes them one by one; of equal ones both choose the first. Of one
    class nothing is to be chosen."""
    if classes == 1:
        return
    argmax = next(node for node in model.graph.node if node.op_type == "ArgMax")
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
    # The last that is better than all before it is the best.
    labels = [f"label_{number}" for number in range(1, classes)]
    nodes += [
        onnx.helper.make_node("Max", labels, ["labels_of_one_plane"]),
        onnx.helper.make_node("Squeeze", ["labels_of_one_plane", "plane_axis"], cast.output[:]),
    ]
    model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "plane_axis"))
    replace(model, [argmax, cast], nodes)


def replace(model: onnx.ModelProto, old: list[onnx.NodeProto], new: list[onnx.NodeProto]) -> None:
    """Put nodes in the place of others, which follow one another."""
    nodes = list(model.graph.node)
    at = nodes.index(old[0])
    del model.graph.node[:]
    model.graph.node.extend([*nodes[:at], *new, *nodes[at + len(old) :]])


def drop_unused_weights(model: onnx.ModelProto) -> None:
    used = {name for node in model.graph.node for name in node.input}
    for tensor in [tensor for tensor in model.graph.initializer if tensor.name not in used]:
        model.graph.initializer.remove(tensor)
