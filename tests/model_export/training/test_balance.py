"""Logits are raised where that makes the mean IU higher."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from model_export.commands import app
from model_export.data.folder import SegmentationFolder
from model_export.networks import FCN
from model_export.networks.fcn import Deconvolution
from model_export.networks.tiny import Tiny
from model_export.reports.sampled import Sampled
from model_export.training import checkpoint
from model_export.training.balance import fit, mean_iu, raise_logits
from model_export.training.validate import validate
from tests.support import networks

CLASSES = 3


def pixels(shift: float, judged: int = CLASSES) -> Sampled:
    """The logit of each pixel's class is 1, but lowered by `shift` for class 2; classes 0 and 1 may be merged."""
    truth = np.repeat(np.arange(CLASSES), 50)
    scores = np.random.default_rng(0).normal(0, 0.3, (CLASSES, truth.size)).astype(np.float32)
    scores[truth, np.arange(truth.size)] += 1
    scores[2] -= shift
    counts_as = np.array([0, 1, 2] if judged == CLASSES else [0, 0, 1], np.uint8)
    outcomes = np.tile(counts_as, (256, 1))
    labels = scores.argmax(0).astype(np.uint8)
    return Sampled(scores[:, np.newaxis], labels, counts_as[truth], outcomes, judged)


@pytest.mark.parametrize("judged", [3, 2])
def test_a_class_whose_logit_is_too_low_is_raised_by_about_what_it_lacks(judged: int) -> None:
    images = [pixels(1.2, judged)]
    assert mean_iu([images], np.zeros(CLASSES, np.float32)) < 0.75
    bias = fit([images])
    assert mean_iu([images], bias) > 0.95
    assert bias[2] - bias[:2].mean() == pytest.approx(1.2, abs=0.5)


def test_nothing_is_raised_where_every_pixel_is_right() -> None:
    assert not fit([[pixels(0)], [pixels(0)]]).any()


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_a_networks_logits_are_raised_by_as_much_as_asked_and_its_graph_stays_the_same(stride: int) -> None:
    """Through deconvolutions that mix the classes, too."""
    torch.manual_seed(0)
    network = FCN(Tiny(), CLASSES, stride).eval()
    mixing = torch.tensor([[1.0, 0.2, 0.0], [0.0, 0.8, 0.1], [-0.1, 0.0, 1.1]])
    network.upsample.weight.data = torch.einsum("ij,jkhw->ikhw", mixing, network.upsample.weight.data)
    image, bias = torch.rand(1, 3, 128, 128) * 255, np.array([0.4, -0.6, 0.2], np.float32)
    before, names = network(image), list(network.state_dict())
    raise_logits(network, bias)
    inner = (network(image) - before)[0, :, stride:-stride, stride:-stride]
    torch.testing.assert_close(inner, torch.from_numpy(bias)[:, None, None].expand_as(inner), rtol=0, atol=1e-4)
    assert list(network.state_dict()) == names


def test_balance_writes_a_checkpoint_with_a_higher_mean_iu_on_training_images(
    drawn: SegmentationFolder, tmp_path: Path
) -> None:
    network = networks.network(0)
    network.upsample = Deconvolution(4, factor=8)  # all pixels of a cell are raised alike
    trained = replace(networks.trained(), network=network)
    checkpoint.save(trained, tmp_path / "best.pt")
    arguments = map(str, (tmp_path / "best.pt", drawn.root, tmp_path / "balanced.pt"))
    answer = CliRunner().invoke(app, ["balance", *arguments, "--native", "96x64"])
    assert answer.exit_code == 0, answer.output
    assert "balanced.pt: " in answer.output
    balanced = checkpoint.load(tmp_path / "balanced.pt")
    assert balanced.metrics == checkpoint.NOTHING_MEASURED
    training, device = SegmentationFolder(drawn.root, "train"), torch.device("cpu")
    before, after = (
        validate(one.network, one.classes, training, (96, 64), device).metrics().mean_iu for one in (trained, balanced)
    )
    assert after > before
