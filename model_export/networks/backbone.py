"""What a segmentation network requires of a classification network: features at strides 4, 8, 16 and 32."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import safetensors.torch
import torch
from torch import Tensor, nn

from model_export.errors import CheckpointError

Features = tuple[Tensor, Tensor, Tensor, Tensor]


class Backbone(nn.Module, ABC):
    """A classification network made fully convolutional, without its classifier.

    `channels` are those of the features at strides 4, 8, 16 and 32. `mean` and `std` (RGB, in 0..1) are what the
    pretrained weights expect of their input; the network normalises with them.
    """

    channels: tuple[int, int, int, int]
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    early: ClassVar[tuple[str, ...]] = ()
    """The first modules: their layers are large, slow to train, and good for any photo."""
    fresh: ClassVar[tuple[str, ...]] = ()
    """The modules that pretrained files do not contain."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = False

    @abstractmethod
    def forward(self, image: Tensor) -> Features:
        """Normalised images [N, 3, H, W], H and W multiples of 32, to features at strides 4, 8, 16 and 32."""

    def load_pretrained(self, path: Path) -> set[str]:
        """Load the weights of a classification network from a `.safetensors` or `.pth` file.

        Returns the names of the parameters that are pretrained now. Raises CheckpointError where the file is missing,
        unreadable or another network's.
        """
        try:
            self.load_state_dict(self.surgery(read_weights(path)))
        except Exception as error:  # safetensors, pickle, zip and load_state_dict each raise their own kinds
            name = type(self).__name__
            raise CheckpointError(f"{path} does not hold weights that fit {name}: {error}") from error
        return {name for name, _ in self.named_parameters() if not name.startswith(self.fresh)}

    def freeze(self) -> None:
        """Keep the pretrained first layers, and the statistics of pretrained norms, unchanged in training.

        Statistics over a few crops are noisier than ImageNet's, and a step takes half the time.
        """
        self.frozen = True
        for name in self.early:
            self.get_submodule(name).requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if self.frozen:
            for name, module in self.named_modules():
                if isinstance(module, nn.BatchNorm2d) and not name.startswith(self.fresh):
                    module.eval()
        return self

    def surgery(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Convert the classifier's weights to this backbone's; by default the keys fit already."""
        return weights


class PoolingBackbone(Backbone):
    """A backbone whose maps are halved by max pools of 2x2 and by nothing else, so that a decoder can undo each one.

    `stages` lie between the pools: channels in, channels out, and the number of convolutions of each.
    """

    stages: ClassVar[tuple[tuple[int, int, int], ...]]

    @abstractmethod
    def pooled(self, image: Tensor) -> tuple[list[Tensor], Tensor]:
        """The maps that the pools read, at strides 1, 2, 4, 8 and 16, and the features at stride 32."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of a PyTorch file of plain tensors (nothing else is unpickled)."""
    if path.suffix == ".safetensors":
        return safetensors.torch.load_file(path)
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights
