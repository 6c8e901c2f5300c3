"""DeepLabV3 on MobileNetV2, its batch norms folded: for weights that are trained already.

Chen et al.: Rethinking Atrous Convolution for Semantic Image Segmentation, 2017. Sandler et al.: MobileNetV2, CVPR
2018, section 6.3: of the pyramid only the 1x1 convolution and the pooled image remain. Keys and shapes are those of
deeplabv3_mnv2_pascal_trainval, of TensorFlow's models, each batch norm folded into its convolution. It is served as a
network from elsewhere is: written by `export`, then adopted.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model_export.errors import CheckpointError
from model_export.networks.backbone import read_weights
from model_export.networks.mobilenet import BLOCKS

STRIDE = 16
"""Of the scores. An image's sides are multiples of it."""

VOC = [
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "monitor"),
]
"""The classes of Pascal VOC 2012, in the order of their ids."""


class SameConvolution(nn.Module):
    """A convolution with as many outputs as inputs / stride. ReLU6 follows, except where it is `linear`.

    At stride 2, one row and one column of zeros are added to even sides. They lie `before` the image, above and left,
    or behind it.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        rate: int = 1,
        groups: int = 1,
        linear: bool = False,
        before: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, dilation=rate, groups=groups)
        around = rate if kernel > 1 else 0
        at_stride_2 = (1, 0, 1, 0) if before else (0, 1, 0, 1)
        self.margins = (around,) * 4 if stride == 1 else at_stride_2
        self.linear = linear

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(F.pad(x, self.margins))
        return y if self.linear else F.relu6(y)


def bottleneck(inputs: int, outputs: int, expansion: int, stride: int, rate: int, before: bool) -> nn.Sequential:
    """Expand (1x1), filter (3x3, by channel), project (1x1, linear); nothing is expanded at an expansion of 1."""
    hidden = inputs * expansion
    expand = [] if expansion == 1 else [SameConvolution(inputs, hidden)]
    return nn.Sequential(
        *expand,
        SameConvolution(hidden, hidden, 3, stride, rate, groups=hidden, before=before),
        SameConvolution(hidden, outputs, linear=True),
    )


class DeepLabV3(nn.Module):
    """Images [N, 3, H, W], RGB in -1..1, H and W multiples of 16, to logits [N, classes, H / 16, W / 16].

    Strides beyond 16 become dilation: the blocks after them look at every other place.

    The weights were trained on images of 513x513, where TensorFlow's SAME padding puts a zero on both sides, and cell i
    lies at pixel 16 i. On even sides it puts all zeros behind the image, and cells lie at 16 i + 15; as a map is
    enlarged with its cells at 16 i + 7.5, it is 7.5 pixels off. Here the zeros of the last stride alone lie behind the
    image: cells are at 16 i + 8.
    """

    def __init__(self, classes: int = len(VOC)) -> None:
        super().__init__()
        self.stem = SameConvolution(3, 32, 3, 2)
        self.blocks = nn.ModuleList()
        reached, rate = 2, 1
        for inputs, outputs, expansion, stride in BLOCKS:
            kept = stride if reached * stride <= STRIDE else 1
            last = reached * kept == STRIDE
            self.blocks.append(bottleneck(inputs, outputs, expansion, kept, rate, before=not last))
            reached, rate = reached * kept, rate * stride // kept
        features = BLOCKS[-1][1]
        self.aspp0 = nn.Conv2d(features, 256, 1)
        self.pool = nn.Conv2d(features, 256, 1)
        # A 1x1 convolution of both, concatenated: that of the pooled image is the same everywhere, and is added once.
        self.proj_local = nn.Conv2d(256, 256, 1)
        self.proj_whole = nn.Conv2d(256, 256, 1, bias=False)
        self.logits = nn.Conv2d(256, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        for block, (inputs, outputs, _, stride) in zip(self.blocks, BLOCKS, strict=True):
            y = block(x)
            x = x + y if stride == 1 and inputs == outputs else y
        local, whole = F.relu(self.aspp0(x)), F.relu(self.pool(F.adaptive_avg_pool2d(x, 1)))
        joined = self.proj_local(local) + self.proj_whole(whole)
        scores: Tensor = self.logits(F.relu(joined))
        return scores


def load(path: Path) -> DeepLabV3:
    """The network with the weights in a file. Raises CheckpointError where they are another network's."""
    try:
        weights = read_weights(path)
        of_whole, of_local = weights.pop("proj.weight").split(256, dim=1)
        parts = {
            "proj_local.weight": of_local,
            "proj_local.bias": weights.pop("proj.bias"),
            "proj_whole.weight": of_whole,
        }
        network = DeepLabV3(len(weights["logits.bias"]))
        network.load_state_dict(weights | parts)
    except Exception as error:  # safetensors, pickle, zip and load_state_dict each raise their own kinds
        raise CheckpointError(f"{path} does not hold weights that fit DeepLabV3: {error}") from error
    return network.eval()


def export(network: DeepLabV3, path: Path) -> None:
    """Write the network as ONNX, as others export theirs: `image`, normalised floats, in, and `logits` out."""
    example = torch.zeros(2, 3, 4 * STRIDE, 6 * STRIDE)
    count, rows, columns = (torch.export.Dim(name) for name in ("images", "rows", "columns"))
    shapes: dict[int, Any] = {0: count, 2: STRIDE * rows, 3: STRIDE * columns}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own housekeeping
        torch.onnx.export(
            network,
            (example,),
            path,
            input_names=["image"],
            output_names=["logits"],
            dynamic_shapes=(shapes,),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
