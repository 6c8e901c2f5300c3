"""The graphs that are timed: street as it is shipped, the same in float, and an FCN-8s on VGG-16 in float."""

import time
from pathlib import Path

import numpy as np
import torch

from model_export.networks import BACKBONES, FCN
from model_export.onnx import export
from model_export.onnx.restore import restore
from model_export.training import published
from service.segmentation.catalog import EMBEDDED
from service.segmentation.runtime import cores
from service.segmentation.runtime.model import Model
from service.segmentation.runtime.session import open_session

FOLDER = Path(".bench")
CLASSES = 11
PLAIN = FOLDER / "street-plain.onnx"
"""street as torch.onnx exports it unaided: normalised floats in, scores of every pixel out."""


def street() -> Model:
    return Model.load(EMBEDDED / "street.onnx", cores.available())


def street_float() -> Path:
    """street before quantisation, from its published weights."""
    path = FOLDER / "street-float.onnx"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(restore(street().contract))
    return path


def vgg16_float() -> Path:
    """An FCN-8s on VGG-16 with 1,024-channel conv6 and conv7. Its weights are random: they do not change its speed."""
    return _built(FOLDER / "vgg16-float.onnx", FCN(BACKBONES["vgg16"](), CLASSES).eval())


def street_plain() -> Path:
    if not PLAIN.exists():
        PLAIN.parent.mkdir(exist_ok=True)
        rows, columns = torch.export.Dim("rows"), torch.export.Dim("columns")
        torch.onnx.export(
            Unnormalised(_street()).eval(),
            (torch.zeros(1, 3, 64, 96),),
            PLAIN,
            input_names=["image"],
            output_names=["scores"],
            dynamic_shapes=({2: 32 * rows, 3: 32 * columns},),
            dynamo=True,
            verbose=False,
        )
    return PLAIN


class Unnormalised(torch.nn.Module):
    """The network without normalisation, which the script does in NumPy."""

    def __init__(self, network: FCN) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.network.enlarge(self.network.sums(self.network.backbone(image))[-1])
        return scores


def _street() -> FCN:
    path = published.locate("street")
    origin = published.origin(path)
    network = FCN(BACKBONES[origin.backbone](), len(origin.classes.classes), origin.stride)
    published.initialise(network, path, origin.classes)
    return network.eval()


def _built(path: Path, network: FCN) -> Path:
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(export.to_onnx(network).SerializeToString())
    return path


class Bare:
    """`session.run` alone, on all cores: the ceiling."""

    def __init__(self, model: Path, width: int, height: int) -> None:
        self._session = open_session(model.read_bytes(), cores.available(), ("cpu",))
        shape = (1, height + -height % 32, width + -width % 32, 3)
        self._feed = {"image": np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)}

    def milliseconds(self) -> float:
        began = time.perf_counter()
        self._session.run(["labels"], self._feed)
        return 1000 * (time.perf_counter() - began)
