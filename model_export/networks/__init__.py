"""The networks: FCN (32s, 16s, 8s, 4s) and DeconvNet, and their backbones.

To add a backbone, write a module with a `Backbone` subclass and add it to `BACKBONES`: no other place lists the names.
Those of timm go by `timm:NAME`.
"""

from typing import Literal

from model_export.errors import OptionError
from model_export.networks.backbone import Backbone
from model_export.networks.deconvnet import DeconvNet
from model_export.networks.fcn import COARSEST, FCN
from model_export.networks.mobilenet import MobileNetV2
from model_export.networks.network import SegmentationNetwork
from model_export.networks.pytorch_image_models import PREFIX, PyTorchImageModel
from model_export.networks.resnet import ResNet50V2
from model_export.networks.tiny import Tiny
from model_export.networks.vgg import VGG16, SmallVGG, VGG16WithNorms

BACKBONES: dict[str, type[Backbone]] = {
    "mobilenetv2": MobileNetV2,
    "resnet50v2": ResNet50V2,
    "vgg16": VGG16,
    "vgg16-bn": VGG16WithNorms,
    "vgg-small": SmallVGG,
    "tiny": Tiny,
}

Architecture = Literal["fcn", "deconvnet"]


def backbone(name: str) -> Backbone:
    """A new backbone of this name. Raises OptionError if there is none."""
    if name.startswith(PREFIX):
        return PyTorchImageModel(name.removeprefix(PREFIX))
    if name not in BACKBONES:
        raise OptionError(f"There is no backbone {name}; there are {', '.join(BACKBONES)}, and {PREFIX}NAME.")
    return BACKBONES[name]()


def network(architecture: Architecture, backbone_name: str, classes: int, stride: int) -> SegmentationNetwork:
    """A new network for `classes` classes; `stride` is where an FCN ends, and a DeconvNet has none to choose.

    Raises OptionError where there is no such backbone, or where it does not fit the architecture.
    """
    encoder = backbone(backbone_name)
    return FCN(encoder, classes, stride) if architecture == "fcn" else DeconvNet(encoder, classes)


__all__ = [
    "BACKBONES",
    "COARSEST",
    "FCN",
    "Architecture",
    "Backbone",
    "DeconvNet",
    "SegmentationNetwork",
    "backbone",
    "network",
]
