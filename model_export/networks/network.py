"""What training, export and evaluation require of a segmentation network."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from model_export.networks.backbone import Backbone


class SegmentationNetwork(nn.Module, ABC):
    """A backbone, `score`, which are 1x1 classifiers of features, and what enlarges their scores to the image's size.

    It normalises images with the backbone's mean and deviation.
    """

    architecture: ClassVar[str]
    """Its tag in options, checkpoints and model files."""

    continuous: ClassVar[bool] = True
    """Whether errors of rounding stay small. A switch of a pool turns, and moves a value, where two inputs are equal up
    to rounding."""

    score: nn.ModuleList
    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.register_buffer("mean", 255 * torch.tensor(backbone.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(backbone.std).view(3, 1, 1), persistent=False)

    @property
    @abstractmethod
    def stride(self) -> int:
        """The stride of the finest scores that it computes; beyond them it only enlarges."""

    @abstractmethod
    def features(self, image: Tensor) -> Sequence[Tensor]:
        """RGB [N, 3, H, W] in 0..255, H and W multiples of 32, to the features that are scored, from fine to coarse."""

    @abstractmethod
    def sums(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The scores of the features, [N, classes, H / s, W / s], from coarse to fine; the last are the result."""

    @abstractmethod
    def enlarge(self, logits: Tensor) -> Tensor:
        """The finest scores at the image's size."""

    def forward(self, image: Tensor) -> Tensor:
        """RGB [N, 3, H, W] in 0..255, H and W multiples of 32, to logits [N, classes, H, W]."""
        return self.enlarge(self.sums(self.features(image))[-1])

    def normalised(self, image: Tensor) -> Tensor:
        """The image as the backbone expects it."""
        normalised: Tensor = (image - self.mean) / self.std
        return normalised


def score(channels: int, classes: int) -> nn.Conv2d:
    """A 1x1 classifier at every position; starts at zero, as in the paper of FCN."""
    layer = nn.Conv2d(channels, classes, 1)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # Conv2d has a bias by default
    return layer
