"""VGG-16 (Simonyan and Zisserman 2015) with fc6 and fc7 as convolutions, as in Long, Shelhamer and Darrell 2015."""

from typing import ClassVar

from torch import Tensor, nn

from model_export.networks.backbone import Backbone, Features

STAGES = [(3, 64, 2), (64, 128, 2), (128, 256, 3), (256, 512, 3), (512, 512, 3)]
POOL2, POOL3, POOL4 = 9, 16, 23


def stage(inputs: int, outputs: int, convolutions: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for index in range(convolutions):
        layers += [nn.Conv2d(outputs if index else inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
    return [*layers, nn.MaxPool2d(2)]


class VGG16(Backbone):
    """Pool3, pool4 and conv7; keys of `features` are torchvision's, `classifier.0` and `.3` become fc6 and fc7."""

    channels: ClassVar = (128, 256, 512, 4096)
    # VGG's features are not normalised, and earlier ones are larger. The authors' reference code of FCN-8s at once
    # scales its skips by the last two factors (scale_pool3, scale_pool4).
    skip_scales: ClassVar = (0.0001, 0.0001, 0.01)

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*[layer for row in STAGES for layer in stage(*row)])
        self.fc6 = nn.Conv2d(512, 4096, 7, padding=3)
        self.fc7 = nn.Conv2d(4096, 4096, 1)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout2d(0.5)

    def forward(self, image: Tensor) -> Features:
        x = image
        skips = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in (POOL2, POOL3, POOL4):
                skips.append(x)
        x = self.dropout(self.relu(self.fc6(x)))
        x = self.dropout(self.relu(self.fc7(x)))
        x4, x8, x16 = (skip * scale for skip, scale in zip(skips, self.skip_scales, strict=True))
        return x4, x8, x16, x

    def surgery(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """torchvision's vgg16 file: a fully connected layer over a 7x7 map is a 7x7 convolution."""
        taken = {key: value for key, value in weights.items() if key.startswith("features.")}
        for layer, name, kernel in (("0", "fc6", 7), ("3", "fc7", 1)):
            weight = weights[f"classifier.{layer}.weight"]
            taken[f"{name}.weight"] = weight.view(weight.shape[0], -1, kernel, kernel)
            taken[f"{name}.bias"] = weights[f"classifier.{layer}.bias"]
        return taken
