"""FCN-32s, FCN-16s, FCN-8s, and FCN-4s, one step finer than the paper's.

Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation, CVPR 2015. Class scores at strides
32, 16 and 8 are fused by summation, from coarse to fine, through learnable deconvolutions that start as bilinear
interpolation. The networks differ in one argument: the stride at which fusing ends.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from model_export.networks.backbone import Backbone, Features
from model_export.networks.network import SegmentationNetwork, score

STRIDES = (4, 8, 16, 32)
COARSEST = STRIDES[-1]
"""An image's sides must be multiples of it."""


class FCN(SegmentationNetwork):
    """`stride` 32, 16, 8 or 4 makes FCN-32s, FCN-16s, FCN-8s or FCN-4s over `backbone`, for `classes` classes."""

    architecture: ClassVar[str] = "fcn"

    def __init__(self, backbone: Backbone, classes: int, stride: int = 8) -> None:
        super().__init__(backbone)
        if stride not in STRIDES:
            raise ValueError(f"FCN ends at stride 4, 8, 16 or 32, not {stride}")
        fused = [channels for channels, s in zip(backbone.channels, STRIDES, strict=True) if s >= stride]
        self.score = nn.ModuleList([score(channels, classes) for channels in reversed(fused)])
        self.fuse = nn.ModuleList([Deconvolution(classes, factor=2) for _ in fused[1:]])
        self.upsample = Deconvolution(classes, factor=stride)

    @property
    def stride(self) -> int:
        return self.upsample.factor

    def features(self, image: Tensor) -> Features:
        """The backbone's features at strides 4, 8, 16 and 32."""
        features: Features = self.backbone(self.normalised(image))
        return features

    def sums(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The fused scores at strides 32, 16, 8 and 4, down to this network's stride; the last are its result.

        Features finer than this stride are not read and may be left out.
        """
        coarse_to_fine = features[::-1]
        sums = [self.score[0](coarse_to_fine[0])]
        for fuse, score_, feature in zip(self.fuse, self.score[1:], coarse_to_fine[1:], strict=False):
            sums.append(fuse(sums[-1]) + score_(feature))
        return sums

    def enlarge(self, logits: Tensor) -> Tensor:
        full: Tensor = self.upsample(logits)
        return full


def cut(network: FCN, stride: int) -> FCN:
    """The FCN of a coarser `stride` inside a network: its scores without the finer skips, enlarged by interpolation.

    In a network trained with losses at these strides, they are the paper's FCN-32s and FCN-16s.
    """
    coarser = FCN(network.backbone, network.upsample.out_channels, stride)
    coarser.score.load_state_dict(dict(network.score[: len(coarser.score)].state_dict()))
    coarser.fuse.load_state_dict(dict(network.fuse[: len(coarser.fuse)].state_dict()))
    return coarser


class Deconvolution(nn.ConvTranspose2d):
    """Learnable upsampling by `factor` (even), from all classes to all; starts as bilinear interpolation."""

    def __init__(self, classes: int, factor: int) -> None:
        super().__init__(classes, classes, 2 * factor, stride=factor, padding=factor // 2, bias=False)
        self.factor = factor
        with torch.no_grad():
            self.weight.zero_()
            self.weight[range(classes), range(classes)] = bilinear_kernel(factor)


def bilinear_kernel(factor: int) -> Tensor:
    """The deconvolution kernel [2f, 2f] that interpolates bilinearly by an even factor f."""
    ramp = (torch.arange(2 * factor) + 0.5) / factor
    tent = torch.minimum(ramp, 2 - ramp)
    return torch.outer(tent, tent)
