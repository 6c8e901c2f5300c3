"""The equalities and pictures of docs/explanation/deconvolution.md."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from typer.testing import CliRunner

from model_export.commands import app
from model_export.networks.fcn import Deconvolution
from model_export.onnx.decoder import as_convolution
from model_export.reports import deconvolution
from tests.support.server import ROOT

PAGE = ROOT / "docs" / "explanation" / "deconvolution.md"


def test_two_ways_to_compute_the_same_differ_by_rounding() -> None:
    differences = deconvolution.differences()
    assert len(differences) == 6
    assert all(difference < 1e-4 for difference in differences.values()), differences


@pytest.mark.parametrize(("side", "stride", "padding"), [(4, 2, 1), (16, 8, 4), (3, 1, 1), (5, 3, 0)])
def test_any_deconvolution_is_zeros_and_a_convolution(side: int, stride: int, padding: int) -> None:
    layer = nn.ConvTranspose2d(3, 4, side, stride, padding, bias=False)
    x = torch.randn(2, 3, 5, 6)
    torch.testing.assert_close(as_convolution(layer)(deconvolution.zeros_inserted(x, stride)), layer(x))


def test_zeros_are_inserted_between_neighbours_only() -> None:
    x = torch.tensor([[1.0, 2], [3, 4]])[None, None]
    spread = torch.tensor([[1.0, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]])[None, None]
    assert torch.equal(deconvolution.zeros_inserted(x, 3), spread)


def test_the_page_has_the_pictures_and_the_equalities_that_the_command_makes(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["deconvolution", str(tmp_path)]).stdout.splitlines()
    page = PAGE.read_text()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {path.name for path in PAGE.with_suffix("").glob("*.png")}
    assert all(f"](deconvolution/{name})" in page for name in names)
    equalities = [line.split("  ")[1] for line in printed if "  " in line]
    assert len(equalities) == 6
    assert all(equality in page for equality in equalities)


def test_the_page_says_how_far_learned_kernels_went() -> None:
    layer = deconvolution.learned()
    weight, start = layer.weight.detach(), Deconvolution(layer.in_channels, layer.factor).weight
    own = weight[range(layer.in_channels), range(layer.in_channels)]
    alike = F.cosine_similarity(weight.flatten(), start.detach().flatten(), dim=0).item()
    elsewhere = 1 - (own.abs().sum() / weight.abs().sum()).item()
    page = PAGE.read_text()
    assert f"cosine of {alike:.2f}" in page
    assert f"{100 * elsewhere:.0f} % of the absolute weight" in page
