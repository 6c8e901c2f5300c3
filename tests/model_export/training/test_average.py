"""Two networks are averaged weight by weight."""

from typing import Literal

import pytest
import torch

from model_export.data import shapes
from model_export.errors import CheckpointError
from model_export.networks import FCN
from model_export.networks.tiny import Tiny
from model_export.training.average import average
from model_export.training.checkpoint import NOTHING_MEASURED, Trained
from model_export.training.options import Options


def trained(value: float, stride: Literal[8, 16] = 8) -> Trained:
    """A network whose weights, statistics of norms included, are all `value`."""
    network = FCN(Tiny(), len(shapes.CLASSES.classes), stride)
    for tensor in network.state_dict().values():
        tensor.fill_(value)
    options = Options(data="", backbone="tiny", stride=stride)
    return Trained(network, shapes.CLASSES, options, 1, NOTHING_MEASURED)


def test_each_weight_is_between_the_two_by_the_share_of_the_second() -> None:
    state = average(trained(2), trained(6), 0.75).network.state_dict()
    for name, tensor in state.items():
        wanted = 5.0 if tensor.is_floating_point() else 6
        torch.testing.assert_close(tensor, torch.full_like(tensor, wanted), msg=name)


def test_networks_of_other_kinds_are_refused() -> None:
    with pytest.raises(CheckpointError, match="one backbone, one stride"):
        average(trained(1), trained(1, stride=16), 0.5)
