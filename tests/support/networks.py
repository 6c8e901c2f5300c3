"""A small random network, for tests that do not depend on training."""

from functools import cache
from pathlib import Path

import torch
from msgspec.structs import replace
from torch import nn

from model_export.data import shapes
from model_export.networks import BACKBONES, FCN
from model_export.networks.mobilenet import MobileNetV2
from model_export.networks.resnet import ResNet50V2
from model_export.networks.tiny import Tiny, halve
from model_export.networks.vgg import SmallVGG
from model_export.onnx import export
from model_export.training.checkpoint import Trained
from model_export.training.options import Source
from service.segmentation.modelfile.contract import Metrics
from tests.support.runs import quick

CARD = export.Card(
    name="shapes",
    version="3",
    description="Drawn shapes.",
    data="shapes drawn by seed 0",
    licence="Apache-2.0",
    use="For tests.",
    limits="Nothing at all.",
)


def network(seed: int, classes: int = 4, stride: int = 8) -> FCN:
    """Random, also where training would begin at zero, so that every layer has a say."""
    torch.manual_seed(seed)
    fcn = FCN(Tiny(), classes, stride)
    with torch.no_grad():
        for layer in (*fcn.score, *fcn.fuse, fcn.upsample):
            torch.nn.init.normal_(layer.weight, std=0.2)
    return fcn.eval()


class Begun(Tiny):
    """The tiny backbone behind the first layers of another one: a whole one takes ten seconds to export."""

    def __init__(self, first: nn.Module, channels: int) -> None:
        super().__init__()
        self.to_4 = nn.Sequential(first, halve(channels, 24))


@cache
def begun(backbone: str) -> bytes:
    """The graph of an FCN whose first convolution, and the norm before it, are those of a backbone."""
    match BACKBONES[backbone]():
        case ResNet50V2() as resnet:
            begun = Begun(nn.Sequential(resnet.bn0, resnet.conv0), 64)
        case MobileNetV2() as mobilenet:
            begun = Begun(mobilenet.stem, 32)
        case SmallVGG() as vgg:
            begun = Begun(vgg.features[:3], vgg.stages[0][1])
        case other:
            raise AssertionError(other)
    graph: bytes = export.to_onnx(FCN(begun, classes=2).eval()).SerializeToString()
    return graph


def trained() -> Trained:
    """The network of seed 0 as a run would keep it."""
    run = quick(Path("/home/me/shapes"))
    files = {"weights": "/home/me/tiny.pth", "init": "/home/me/tiny.safetensors", "teacher": "/home/me/best.pt"}
    options = replace(run, **files, also=(Source(data="/home/me/towns", share=0.5),))
    return Trained(network(0), shapes.CLASSES, options, 1, Metrics(0.9, 0.8, 0.7, 0.8, (0.7,) * 4))
