"""A DeconvNet's decoder in the operators that onnxruntime runs fast; the function is that of the trained network."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from model_export.networks import SegmentationNetwork
from model_export.networks.deconvnet import Unpooling

Attributes = dict[str, int | float | str | bool | Sequence[int] | Sequence[float] | Sequence[str] | Sequence[bool]]

CELLS: Attributes = {"kernel_shape": [2, 2], "strides": [2, 2]}


def runnable(network: SegmentationNetwork) -> SegmentationNetwork:
    """A copy: its unpoolings are ONNX's own, its deconvolutions of stride 1 convolutions. An FCN has neither."""
    copied = copy.deepcopy(network)
    for parent in list(copied.modules()):
        for name, module in parent.named_children():
            if isinstance(module, nn.ConvTranspose2d) and module.stride == (1, 1):
                setattr(parent, name, as_convolution(module))
            elif isinstance(module, Unpooling):
                setattr(parent, name, OnnxUnpooling())
    return copied


def as_convolution(deconvolution: nn.ConvTranspose2d) -> nn.Conv2d:
    """The convolution that equals a deconvolution: its kernel turned by half a turn, with as much padding as is left.

    A deconvolution of stride s equals it on an image with s - 1 zeros between neighbours, so one of stride 1 equals it
    on the image itself. onnxruntime has faster kernels for it, folds the norm that follows into it, and quantises it.
    """
    inputs, outputs, side, _ = deconvolution.weight.shape
    assert isinstance(deconvolution.padding, tuple)  # and no word
    padding = side - 1 - deconvolution.padding[0]
    convolution = nn.Conv2d(inputs, outputs, side, padding=padding, bias=False)
    with torch.no_grad():
        convolution.weight.copy_(deconvolution.weight.flip(2, 3).transpose(0, 1))
    return convolution


class OnnxUnpooling(nn.Module):
    """`Unpooling` by ONNX's MaxPool, which tells its switches, and MaxUnpool. Of equal values both take the first, too.

    The exporter of torch would pool a third time to compute the switches, and scatter by indices (ScatterND). It only
    runs in a graph: in torch it is without a meaning.
    """

    def forward(self, values: Tensor, pooled: Tensor) -> Tensor:
        types, shapes = (torch.float32, torch.int64), (values.shape, values.shape)
        _, switches = torch.onnx.ops.symbolic_multi_out("MaxPool", (pooled,), CELLS, dtypes=types, shapes=shapes)
        return torch.onnx.ops.symbolic("MaxUnpool", (values, switches), CELLS, dtype=torch.float32, shape=pooled.shape)
