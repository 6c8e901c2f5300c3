"""What a training run keeps on disk. Files are read with `weights_only`: no code in them ever runs."""

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from model_export.errors import CheckpointError
from model_export.networks import BACKBONES, FCN
from model_export.networks.fcn import cut
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Metrics


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run computes; kept with the run and in the model file."""

    data: str
    backbone: str
    stride: int
    weights: str | None
    init: str | None
    epochs: int
    batch: int
    crop_width: int
    crop_height: int
    smallest: float
    largest: float
    scale: float
    rate: float
    backbone_rate: float
    decay: float
    average: float
    freeze: bool
    fixed: bool
    deep: float
    lovasz: float
    teacher: str | None
    distil: float
    hold_out: str | None
    seed: int


@dataclass(frozen=True)
class Trained:
    """A trained network, with what it was trained for and how well it did on val."""

    network: FCN
    classes: ClassList
    config: Config
    epoch: int
    metrics: Metrics


def save(trained: Trained, path: Path) -> None:
    """Write the network and all that is needed to build it again."""
    write(
        {
            "config": asdict(trained.config),
            "classes": msgspec.to_builtins(trained.classes),
            "epoch": trained.epoch,
            "metrics": msgspec.to_builtins(trained.metrics),
            "network": trained.network.state_dict(),
        },
        path,
    )


def load(path: Path) -> Trained:
    """Read a network back, in evaluation mode. Raises CheckpointError."""
    content = read(path)
    try:
        config = Config(**content["config"])
        classes = msgspec.convert(content["classes"], ClassList)
        network = FCN(BACKBONES[config.backbone](), len(classes.classes), config.stride)
        network.load_state_dict(content["network"])
        metrics = msgspec.convert(content["metrics"], Metrics)
        return Trained(network.eval(), classes, config, content["epoch"], metrics)
    except (KeyError, TypeError, RuntimeError, msgspec.ValidationError) as error:
        raise CheckpointError(f"{path} is not a checkpoint of this version: {error}") from error


def coarser(trained: Trained, stride: int) -> Trained:
    """The FCN of a coarser stride in a trained one. Raises CheckpointError where it has none."""
    if stride < trained.config.stride:
        raise CheckpointError(f"an FCN-{trained.config.stride}s has no FCN-{stride}s in it.")
    if stride == trained.config.stride:
        return trained
    config = replace(trained.config, stride=stride)
    return replace(trained, network=cut(trained.network, stride).eval(), config=config)


def write(content: dict[str, Any], path: Path) -> None:
    """Save whole or not at all: a run stopped in mid-write keeps its previous checkpoint."""
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint file. Raises CheckpointError where there is none."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing.") from None
    except Exception as error:  # pickle, zip and PyTorch each raise their own kinds for a damaged file
        raise CheckpointError(f"{path} is not a checkpoint: {error}") from error
    return content


def fingerprint(state: dict[str, Tensor]) -> str:
    """sha256 over names, types, shapes and values: equal for equal weights, wherever they are stored."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
