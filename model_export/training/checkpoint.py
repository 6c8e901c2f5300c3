"""The files of a training run. They are read with `weights_only`, so code in them never runs."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from model_export import networks
from model_export.errors import CheckpointError, OptionError
from model_export.networks import FCN, SegmentationNetwork
from model_export.networks.fcn import STRIDES, cut
from model_export.training import options
from model_export.training.options import Options
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Metrics

NOTHING_MEASURED = Metrics(0, 0, 0, 0, ())
"""The figures of a network that was not validated."""


@dataclass(frozen=True)
class Trained:
    """A trained network, with its classes, the options of its run, and its figures on val."""

    network: SegmentationNetwork
    classes: ClassList
    options: Options
    epoch: int
    metrics: Metrics


def save(trained: Trained, path: Path) -> None:
    """Write the network and everything that is needed to build it again."""
    write(
        {
            "options": msgspec.to_builtins(trained.options),
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
        chosen = options.read(content["options"] if "options" in content else content["config"])
        classes = msgspec.convert(content["classes"], ClassList)
        network = networks.network(chosen.architecture, chosen.backbone, len(classes.classes), chosen.stride)
        network.load_state_dict(content["network"])
        metrics = msgspec.convert(content["metrics"], Metrics)
        return Trained(network.eval(), classes, chosen, content["epoch"], metrics)
    except (KeyError, TypeError, RuntimeError, OptionError, msgspec.ValidationError) as error:
        raise CheckpointError(f"{path} is not a checkpoint of this version: {error}") from error


def coarser(trained: Trained, stride: int) -> Trained:
    """The FCN of a coarser stride in a trained one.

    Raises OptionError where there is no FCN of this stride, and CheckpointError where it is finer than the trained one.
    """
    if stride not in STRIDES:
        raise OptionError(f"An FCN ends at stride 4, 8, 16 or 32, not {stride}.")
    if not isinstance(trained.network, FCN):
        raise CheckpointError(f"a {trained.options.architecture} contains no FCN-{stride}s.")
    if stride < trained.options.stride:
        raise CheckpointError(f"an FCN-{trained.options.stride}s contains no FCN-{stride}s.")
    if stride == trained.options.stride:
        return trained
    chosen = msgspec.structs.replace(trained.options, stride=stride)
    return replace(trained, network=cut(trained.network, stride).eval(), options=chosen)


def write(content: dict[str, Any], path: Path) -> None:
    """Save atomically: a run that is killed while it writes keeps its previous checkpoint."""
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def read(path: Path) -> dict[str, Any]:
    """The content of a checkpoint file. Raises CheckpointError where it is missing or invalid."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing.") from None
    except Exception as error:  # pickle, zip and PyTorch each raise their own kinds for a damaged file
        raise CheckpointError(f"{path} is not a checkpoint: {error}") from error
    return content


def fingerprint(state: dict[str, Tensor]) -> str:
    """sha256 over names, types, shapes and values: equal weights have equal fingerprints in any file."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
