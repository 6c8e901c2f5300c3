"""Parameter groups: which parameters learn how fast, and which have weight decay."""

from typing import Any

from torch import nn

from model_export.networks import SegmentationNetwork
from model_export.networks.fcn import Deconvolution
from model_export.training.options import Options


def parameter_groups(network: SegmentationNetwork, loaded: set[str], options: Options) -> list[dict[str, Any]]:
    """AdamW's groups, each with its peak learning rate, `max_lr`, and its weight decay; frozen parameters are in none.

    Parameters named in `loaded` are pretrained and learn more slowly. Norms, biases and deconvolutions have no decay,
    as it pulls towards zero: a norm's gain starts at one, and a deconvolution as an interpolation.
    """
    interpolations = {id(layer.weight) for layer in network.modules() if isinstance(layer, Deconvolution)}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            decays = parameter.ndim > 1 and id(parameter) not in interpolations
            groups.setdefault((name in loaded, decays), []).append(parameter)
    return [
        {
            "params": parameters,
            "max_lr": options.pretrained_learning_rate if pretrained else options.learning_rate,
            "weight_decay": options.weight_decay if decays else 0.0,
        }
        for (pretrained, decays), parameters in groups.items()
    ]
