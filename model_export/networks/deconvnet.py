"""DeconvNet: an encoder that pools, and its mirror image, which unpools.

Noh, Hong, Han: Learning Deconvolution Network for Semantic Segmentation, ICCV 2015. Every max pool remembers which of
its four inputs was the largest (its switches); the decoder's unpooling puts each value back there, zeros elsewhere, and
deconvolutions, each with a batch norm, fill the gaps. Unlike the paper, it sees whole images and not proposals of
224x224: its 7x7 layers are padded, so any size goes through.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model_export.errors import OptionError
from model_export.networks.backbone import Backbone, PoolingBackbone
from model_export.networks.network import SegmentationNetwork, score


class DeconvNet(SegmentationNetwork):
    """A DeconvNet over `backbone`, for `classes` classes. Raises OptionError where the backbone does not pool."""

    architecture: ClassVar[str] = "deconvnet"
    continuous: ClassVar[bool] = False
    stride = 1
    backbone: PoolingBackbone

    def __init__(self, backbone: Backbone, classes: int) -> None:
        super().__init__(backbone)
        if not isinstance(backbone, PoolingBackbone):
            raise OptionError(f"A DeconvNet undoes max pools of 2x2, and {type(backbone).__name__} has other layers.")
        *_, (_, last, _) = backbone.stages
        self.widen = deconvolution(backbone.channels[-1], last, kernel=7)
        self.unpool = Unpooling()
        self.stages = nn.ModuleList([mirrored(*stage) for stage in reversed(backbone.stages)])
        _, first, _ = backbone.stages[0]
        self.score = nn.ModuleList([score(first, classes)])

    def features(self, image: Tensor) -> tuple[Tensor]:
        """The decoder's last map, at the image's own size."""
        maps, x = self.backbone.pooled(self.normalised(image))
        x = self.widened(x)
        for stage, pooled in zip(self.stages, reversed(maps), strict=True):
            x = stage(self.unpool(x, pooled))
        return (x,)

    def widened(self, x: Tensor) -> Tensor:
        """The encoder's result through the 7x7 deconvolution.

        Where a map is smaller than 3x3, gradients in bfloat16 on a processor are whatever was in memory (torch 2.13.0
        with oneDNN), so the layer runs in float32 there.
        """
        if self.training and min(x.shape[2:]) < 3:
            with torch.autocast(x.device.type, enabled=False):
                exact: Tensor = self.widen(x.float())
            return exact
        widened: Tensor = self.widen(x)
        return widened

    def sums(self, features: Sequence[Tensor]) -> list[Tensor]:
        return [self.score[0](features[0])]

    def enlarge(self, logits: Tensor) -> Tensor:
        return logits


class Unpooling(nn.Module):
    """Undoes a max pool of 2x2: values [N, C, H, W] go where the maxima were in the map that was pooled.

    That map, and the result, are [N, C, 2H, 2W]. Elsewhere there are zeros. Of equal values in a cell the first, row by
    row, is its maximum.
    """

    def forward(self, values: Tensor, pooled: Tensor) -> Tensor:
        _, switches = F.max_pool2d(pooled, 2, return_indices=True)
        return F.max_unpool2d(values, switches, [2, 2])


def mirrored(inputs: int, outputs: int, convolutions: int) -> nn.Sequential:
    """The decoder's stage for a stage of the encoder: as many deconvolutions, back to its number of input channels."""
    back = outputs if inputs == 3 else inputs  # the first stage ends in features, not in colours
    last = convolutions - 1
    return nn.Sequential(*[deconvolution(outputs, back if at == last else outputs) for at in range(convolutions)])


def deconvolution(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    """A deconvolution of stride 1, its batch norm and a ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
