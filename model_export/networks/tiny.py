"""A backbone that learns drawn shapes from nothing in seconds, for tests and first steps."""

from typing import ClassVar

from torch import Tensor, nn

from model_export.networks.backbone import Backbone, Features


def halve(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Tiny(Backbone):
    channels: ClassVar = (32, 48, 64)

    def __init__(self) -> None:
        super().__init__()
        self.to_8 = nn.Sequential(halve(3, 12), halve(12, 24), halve(24, 32))
        self.to_16 = halve(32, 48)
        self.to_32 = halve(48, 64)

    def forward(self, image: Tensor) -> Features:
        x8 = self.to_8(image)
        x16 = self.to_16(x8)
        return x8, x16, self.to_32(x16)
