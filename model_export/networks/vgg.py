"""VGG-16 (Simonyan and Zisserman 2015) with fc6 and fc7 as convolutions, as in Long, Shelhamer and Darrell 2015."""

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from model_export.networks.backbone import Features, PoolingBackbone


class VGG16(PoolingBackbone):
    """Pool3, pool4 and conv7; keys of `features` are torchvision's, `classifier.0` and `.3` become fc6 and fc7."""

    channels = (128, 256, 512, 4096)
    stages: ClassVar = ((3, 64, 2), (64, 128, 2), (128, 256, 3), (256, 512, 3), (512, 512, 3))
    # VGG's features are not normalised, and earlier ones are larger. The authors' reference code of FCN-8s at once
    # scales its skips by the last two factors (scale_pool3, scale_pool4).
    skip_scales: ClassVar = (0.0001, 0.0001, 0.01)
    dropout: ClassVar = 0.5

    def __init__(self) -> None:
        super().__init__()
        *_, (_, last, _) = self.stages
        width = self.channels[-1]
        self.features = nn.Sequential(*[layer for stage in self.stages for layer in self._stage(*stage)])
        self.fc6, self.norm6 = nn.Conv2d(last, width, 7, padding=3), nn.Sequential(*self.norms(width))
        self.fc7, self.norm7 = nn.Conv2d(width, width, 1), nn.Sequential(*self.norms(width))

    def norms(self, channels: int) -> list[nn.Module]:  # noqa: ARG002  # of the networks with norms
        """What lies between a convolution to so many channels and its ReLU."""
        return []

    def _stage(self, inputs: int, outputs: int, convolutions: int) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for index in range(convolutions):
            convolution = nn.Conv2d(outputs if index else inputs, outputs, 3, padding=1)
            layers += [convolution, *self.norms(outputs), nn.ReLU(inplace=True)]
        return [*layers, nn.MaxPool2d(2)]

    def pooled(self, image: Tensor) -> tuple[list[Tensor], Tensor]:
        x, maps = image, list[Tensor]()
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                maps.append(x)
            x = layer(x)
        for convolution, norm in ((self.fc6, self.norm6), (self.fc7, self.norm7)):
            x = F.dropout2d(F.relu(norm(convolution(x)), inplace=True), self.dropout, self.training)
        return maps, x

    def forward(self, image: Tensor) -> Features:
        maps, x = self.pooled(image)
        x4, x8, x16 = (F.max_pool2d(map_, 2) * scale for map_, scale in zip(maps[1:4], self.skip_scales, strict=True))
        return x4, x8, x16, x

    def surgery(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """torchvision's file: a fully connected layer over a 7x7 map is a 7x7 convolution."""
        taken = {key: value for key, value in weights.items() if key.startswith("features.")}
        for layer, name, kernel in (("0", "fc6", 7), ("3", "fc7", 1)):
            weight = weights[f"classifier.{layer}.weight"]
            taken[f"{name}.weight"] = weight.view(weight.shape[0], -1, kernel, kernel)
            taken[f"{name}.bias"] = weights[f"classifier.{layer}.bias"]
        own = self.state_dict()
        return {key: own[key] for key in own if key.startswith(self.fresh)} | taken


class VGG16WithNorms(VGG16):
    """VGG-16 with a batch norm after every convolution, as DeconvNet has it; its files are torchvision's vgg16_bn."""

    skip_scales: ClassVar = (1.0, 1.0, 1.0)
    fresh: ClassVar = ("norm6", "norm7")
    dropout: ClassVar = 0.0

    def norms(self, channels: int) -> list[nn.Module]:
        return [nn.BatchNorm2d(channels)]


class SmallVGG(VGG16WithNorms):
    """The same with a quarter of the channels: it learns from nothing, on one core, in minutes."""

    channels = (32, 64, 128, 256)
    stages: ClassVar = ((3, 16, 2), (16, 32, 2), (32, 64, 3), (64, 128, 3), (128, 128, 3))
