"""MobileNetV2 1.0 (Sandler et al. 2018, "Inverted Residuals and Linear Bottlenecks"), without its classifier.

Keys and shapes are those of the ONNX zoo's mobilenetv2-1.0 (from MXNet Gluon), whose first block, unlike the
paper's, also has a 1x1 expansion.
"""

from typing import ClassVar

from torch import Tensor, nn

from model_export.networks.backbone import Backbone, Features

# Channels in, channels out, expansion, stride. A comment marks the last row of a stride.
BLOCKS = [
    (32, 16, 1, 1),
    (16, 24, 6, 2),
    (24, 24, 6, 1),  # stride 4
    (24, 32, 6, 2),
    (32, 32, 6, 1),
    (32, 32, 6, 1),  # stride 8
    (32, 64, 6, 2),
    (64, 64, 6, 1),
    (64, 64, 6, 1),
    (64, 64, 6, 1),
    (64, 96, 6, 1),
    (96, 96, 6, 1),
    (96, 96, 6, 1),  # stride 16
    (96, 160, 6, 2),
    (160, 160, 6, 1),
    (160, 160, 6, 1),
    (160, 320, 6, 1),
]
STRIDE_4, STRIDE_8, STRIDE_16 = 2, 5, 12


def convolution(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution and batch norm, without an activation, since bottlenecks end linearly."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)
    )


def activated(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return convolution(inputs, outputs, kernel, stride, groups).append(nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """Expand (1x1), filter (3x3, by channel), project (1x1, linear); added to its input where the shapes allow."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            activated(inputs, hidden),
            activated(hidden, hidden, 3, stride, groups=hidden),
            convolution(hidden, outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.residual else y


class MobileNetV2(Backbone):
    channels = (24, 32, 96, 1280)
    early: ClassVar = ("stem", "blocks.0", "blocks.1", "blocks.2")

    def __init__(self) -> None:
        super().__init__()
        self.stem = activated(3, 32, 3, 2)
        self.blocks = nn.ModuleList([InvertedResidual(*row) for row in BLOCKS])
        self.last = activated(320, 1280)
        self.dropout = nn.Dropout2d(0.1)

    def forward(self, image: Tensor) -> Features:
        x = self.stem(image)
        ends = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in (STRIDE_4, STRIDE_8, STRIDE_16):
                ends.append(x)
        x4, x8, x16 = ends
        return x4, x8, x16, self.dropout(self.last(x))
