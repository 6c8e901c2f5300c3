"""A backbone that learns drawn shapes from nothing in seconds, for tests and first steps."""

from torch import Tensor, nn

from model_export.networks.backbone import Backbone, Features


def halve(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Tiny(Backbone):
    channels = (24, 32, 48, 64)

    def __init__(self) -> None:
        super().__init__()
        self.to_4 = nn.Sequential(halve(3, 12), halve(12, 24))
        self.to_8 = halve(24, 32)
        self.to_16 = halve(32, 48)
        self.to_32 = halve(48, 64)

    def forward(self, image: Tensor) -> Features:
        x4 = self.to_4(image)
        x8 = self.to_8(x4)
        x16 = self.to_16(x8)
        return x4, x8, x16, self.to_32(x16)
