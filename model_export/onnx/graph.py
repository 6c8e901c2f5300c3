"""Rewrites of every exported graph to faster operators that compute the same function."""

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
    Network, CVPR 2016. Row a of a cell of f rows takes kernel row a + f/2 - f*d from the cell d below it, if there is
    such a row.
    """

    def __init__(self, deconvolution: Deconvolution) -> None:
        super().__init__()
        inputs, outputs, kernel, _ = deconvolution.weight.shape
        self.factor = f = kernel // 2
        # With zeros around the kernel there is such a row for every a and d, so whole cells can be sliced.
        padded = F.pad(deconvolution.weight.detach(), (f // 2,) * 4)
        cells = padded.view(inputs, outputs, 3, f, 3, f).flip(2, 4)
        weight = cells.permute(1, 3, 5, 0, 2, 4).reshape(outputs * f * f, inputs, 3, 3)
        self.convolution = nn.Conv2d(inputs, outputs * f * f, 3, padding=1, bias=False)
        self.convolution.weight = nn.Parameter(weight, requires_grad=False)

    def forward(self, logits: Tensor) -> Tensor:
        return F.pixel_shuffle(self.convolution(logits), self.factor)


def fold_normalisation(model: onnx.ModelProto) -> None:
    """Fold the normalisation of each colour into the weights of the first convolution, so that it reads plain bytes.

    The normalisation is a gain and a shift. The convolution pads with zeros at the border, where there is no shift, so
    the shift cannot go into the bias. Instead the image gets a fourth channel of 255s, whose weights carry it.
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
    """Give the image its fourth channel before the NHWC->NCHW transpose: onnxruntime's integer convolutions read
    interleaved channels, and it removes the transpose."""
    transpose = next(node for node in model.graph.node if "image" in node.input and node.op_type == "Transpose")
    transpose.input[0] = "bytes"
    nodes = [
        *fourth_channel("image", "one_channel"),
        onnx.helper.make_node("Concat", ["image", "fourth"], ["bytes"], axis=3),
        onnx.NodeProto.FromString(transpose.SerializeToString()),
    ]
    replace(model, [transpose], nodes)
    most = np.iinfo(np.int64).max
    model.graph.initializer.append(numpy_helper.from_array(np.array([most, most, most, 1]), "one_channel"))


def fourth_channel(image: str, shape: str) -> list[onnx.NodeProto]:
    """Nodes that compute `fourth`, 255 everywhere, with the shape of `image` but no dimension above that of `shape`."""
    brightest = numpy_helper.from_array(np.array([255], np.uint8))
    return [
        onnx.helper.make_node("Shape", [image], ["image_shape"]),
        onnx.helper.make_node("Min", ["image_shape", shape], ["fourth_shape"]),
        onnx.helper.make_node("ConstantOfShape", ["fourth_shape"], ["fourth"], value=brightest),
    ]


def norms_as_convolutions(model: onnx.ModelProto) -> None:
    """Replace batch norms before a convolution, which the exporter cannot fold, by depthwise 1x1 convolutions: these
    are quantised, and fused with the ReLU that follows."""
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


def replace(model: onnx.ModelProto, old: list[onnx.NodeProto], new: list[onnx.NodeProto]) -> None:
    """Replace consecutive nodes by others."""
    nodes = list(model.graph.node)
    at = nodes.index(old[0])
    del model.graph.node[:]
    model.graph.node.extend([*nodes[:at], *new, *nodes[at + len(old) :]])


def drop_unused_weights(model: onnx.ModelProto) -> None:
    used = {name for node in model.graph.node for name in node.input}
    for tensor in [tensor for tensor in model.graph.initializer if tensor.name not in used]:
        model.graph.initializer.remove(tensor)
