"""The same function in operations that run faster: what is done to a graph between the exporter and the file."""

import numpy as np
import onnx
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from model_export.networks.fcn import Deconvolution


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
    used = {name for node in model.graph.node for name in node.input}
    unused = [tensor for tensor in model.graph.initializer if tensor.name not in used]
    for tensor in unused:
        model.graph.initializer.remove(tensor)
