"""The networks: FCN (32s, 16s, 8s, 4s) and its backbones.

To add a backbone, write a module with a `Backbone` subclass and add it to `BACKBONES`: no other place lists the names.
"""

from model_export.errors import OptionError
from model_export.networks.backbone import Backbone
from model_export.networks.fcn import COARSEST, FCN
from model_export.networks.mobilenet import MobileNetV2
from model_export.networks.resnet import ResNet50V2
from model_export.networks.tiny import Tiny
from model_export.networks.vgg import VGG16

BACKBONES: dict[str, type[Backbone]] = {
    "mobilenetv2": MobileNetV2,
    "resnet50v2": ResNet50V2,
    "vgg16": VGG16,
    "tiny": Tiny,
}


def backbone(name: str) -> Backbone:
    """A new backbone of this name. Raises OptionError if there is none."""
    if name not in BACKBONES:
        raise OptionError(f"There is no backbone {name}; there are {', '.join(BACKBONES)}.")
    return BACKBONES[name]()


__all__ = ["BACKBONES", "COARSEST", "FCN", "Backbone", "backbone"]
