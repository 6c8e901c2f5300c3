"""Which parameters learn how fast, and which are pulled towards zero."""

from torch import nn

from model_export.networks import FCN
from model_export.networks.fcn import Deconvolution
from model_export.networks.tiny import Tiny
from model_export.training.optimizer import parameter_groups
from model_export.training.options import Options

OPTIONS = Options(data="", learning_rate=1e-2, pretrained_learning_rate=1e-4, weight_decay=0.5)


def test_norms_biases_and_deconvolutions_do_not_decay() -> None:
    network = FCN(Tiny(), classes=3)
    decay = {
        id(p): group["weight_decay"] for group in parameter_groups(network, set(), OPTIONS) for p in group["params"]
    }
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            kept = name == "bias" or isinstance(module, nn.BatchNorm2d | Deconvolution)
            assert decay[id(parameter)] == (0 if kept else 0.5), (module, name)


def test_loaded_parameters_learn_more_slowly_and_frozen_ones_not() -> None:
    network = FCN(Tiny(), classes=3)
    network.upsample.requires_grad_(requires_grad=False)
    loaded = {name for name, _ in network.named_parameters() if "to_8" in name}
    rate = {id(p): group["max_lr"] for group in parameter_groups(network, loaded, OPTIONS) for p in group["params"]}
    named = dict(network.named_parameters())
    assert {name for name, p in named.items() if rate.get(id(p)) == 1e-4} == loaded
    assert {name for name, p in named.items() if id(p) not in rate} == {"upsample.weight"}
    assert set(rate.values()) == {1e-4, 1e-2}
