"""ResNet-50 v2 (He et al. 2016, "Identity Mappings in Deep Residual Networks"), without its classifier.

Keys and shapes are those of the ONNX zoo's resnet50-v2-7 (from MXNet Gluon), up to stride 16. Its last stage, made for
one label per image, is replaced by three dilated units of another width. They start as the average of stride 16's
features, and see seven cells of stride 32 to every side.
"""

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from model_export.networks.backbone import Backbone, Features


class Normalised(nn.BatchNorm2d):
    """Batch norm and ReLU, which precede the convolutions in a pre-activation network."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x), inplace=True)


class Bottleneck(nn.Module):
    """Narrow (1x1), filter (3x3), widen (1x1); added to its input, which passes from unit to unit unchanged."""

    def __init__(self, inputs: int, outputs: int, stride: int, project: bool, dilation: int = 1) -> None:
        super().__init__()
        middle = outputs // 4
        self.bn1 = Normalised(inputs)
        self.conv1 = nn.Conv2d(inputs, middle, 1, bias=False)
        self.bn2 = Normalised(middle)
        self.conv2 = nn.Conv2d(middle, middle, 3, stride, dilation, dilation, bias=False)
        self.bn3 = Normalised(middle)
        self.conv3 = nn.Conv2d(middle, outputs, 1, bias=False)
        self.downsample = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if project else None
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(x)
        if self.downsample is not None:
            x = self.downsample(y)
        elif self.stride > 1:
            x = F.avg_pool2d(x, self.stride)
        widened: Tensor = self.conv3(self.bn3(self.conv2(self.bn2(self.conv1(y)))))
        return x + widened


def stage(inputs: int, outputs: int, units: int, stride: int) -> nn.Sequential:
    first = Bottleneck(inputs, outputs, stride, project=True)
    return nn.Sequential(first, *[Bottleneck(outputs, outputs, 1, project=False) for _ in range(units - 1)])


class ResNet50V2(Backbone):
    channels = (256, 512, 1024, 1024)
    early: ClassVar = ("bn0", "conv0", "bn1", "stage1")
    fresh: ClassVar = ("stage4", "end32")

    def __init__(self) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(3)
        self.conv0 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = Normalised(64)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.stage1 = stage(64, 256, 3, stride=1)
        self.stage2 = stage(256, 512, 4, stride=2)
        self.stage3 = stage(512, 1024, 6, stride=2)
        added = [Bottleneck(1024, 1024, stride, project=False, dilation=d) for stride, d in ((2, 1), (1, 2), (1, 4))]
        for unit in added:
            nn.init.zeros_(unit.conv3.weight)
        self.stage4 = nn.Sequential(*added)
        self.end8, self.end16, self.end32 = Normalised(512), Normalised(1024), Normalised(1024)
        self.dropout = nn.Dropout2d(0.1)

    def forward(self, image: Tensor) -> Features:
        x4 = self.stage1(self.pool(self.bn1(self.conv0(self.bn0(image)))))
        x8 = self.stage2(x4)
        x16 = self.stage3(x8)
        x32 = self.stage4(x16)
        return x4, self.end8(x8), self.end16(x16), self.dropout(self.end32(x32))

    def surgery(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Load the ImageNet network's stages; the norms at their ends start as the norms that follow there."""
        own = self.state_dict()
        taken = {key: weight.float() for key, weight in weights.items() if not key.startswith("post.")}
        for mine, theirs in (("end8", "stage3.0.bn1"), ("end16", "post"), ("end32", "post"), ("stage4.0.bn1", "post")):
            for part in ("weight", "bias", "running_mean", "running_var"):
                taken[f"{mine}.{part}"] = weights[f"{theirs}.{part}"].float()
        new = {key: own[key] for key in own if key.startswith("stage4.") or key.endswith("num_batches_tracked")}
        return {**new, **taken}
