"""A small random network, for tests that do not depend on training."""

from pathlib import Path

import torch
from msgspec.structs import replace

from model_export.data import shapes
from model_export.networks import FCN
from model_export.networks.tiny import Tiny
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


def trained() -> Trained:
    """The network of seed 0 as a run would keep it."""
    run = quick(Path("/home/me/shapes"))
    files = {"weights": "/home/me/tiny.pth", "init": "/home/me/tiny.safetensors", "teacher": "/home/me/best.pt"}
    options = replace(run, **files, also=(Source(data="/home/me/towns", share=0.5),))
    return Trained(network(0), shapes.CLASSES, options, 1, Metrics(0.9, 0.8, 0.7, 0.8, (0.7,) * 4))
