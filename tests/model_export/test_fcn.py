"""The network of the paper: shapes, bilinear beginnings, fusion by summation."""

import pytest
import torch
from torch.nn import functional as F

from model_export.networks import BACKBONES, FCN
from model_export.networks.fcn import Deconvolution, cut
from model_export.networks.tiny import Tiny
from tests.support import networks


@pytest.mark.parametrize("backbone", ["mobilenetv2", "tiny"])
@pytest.mark.parametrize("stride", [4, 8, 16, 32])
def test_scores_have_the_images_size_and_one_plane_per_class(backbone: str, stride: int) -> None:
    network = FCN(BACKBONES[backbone](), classes=5, stride=stride).eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 64, 96)).shape == (2, 5, 64, 96)


@pytest.mark.parametrize(("stride", "scores", "fusions"), [(32, 1, 0), (16, 2, 1), (8, 3, 2), (4, 4, 3)])
def test_the_networks_differ_in_how_many_strides_they_fuse(stride: int, scores: int, fusions: int) -> None:
    network = FCN(Tiny(), classes=4, stride=stride)
    assert (len(network.score), len(network.fuse)) == (scores, fusions)
    assert network.upsample.stride == (stride, stride)


def test_any_other_stride_is_an_error() -> None:
    with pytest.raises(ValueError, match="8, 16 or 32, not 2"):
        FCN(Tiny(), classes=4, stride=2)


@pytest.mark.parametrize("factor", [2, 4, 8, 16, 32])
def test_a_deconvolution_starts_as_bilinear_interpolation(factor: int) -> None:
    x = torch.randn(1, 3, 6, 7)
    ours = Deconvolution(3, factor)(x)
    bilinear = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    inner = slice(factor // 2, -factor // 2)  # at the border interpolation repeats the edge, a deconvolution sees zeros
    torch.testing.assert_close(ours[..., inner, inner], bilinear[..., inner, inner])


def test_deconvolutions_learn() -> None:
    network = FCN(Tiny(), classes=3)
    with torch.no_grad():
        for parameter in network.score.parameters():
            torch.nn.init.normal_(parameter)
    network(torch.rand(2, 3, 64, 64) * 255).square().sum().backward()
    for layer in (*network.fuse, network.upsample):
        assert layer.weight.grad is not None
        assert layer.weight.grad.abs().sum() > 0


def test_scores_of_all_strides_are_summed() -> None:
    """With constant scores of 1, 10 and 100, every inner pixel gets their sum: nothing is averaged or left out."""
    network = FCN(Tiny(), classes=2).eval()
    with torch.no_grad():
        for layer, bias in zip(network.score, (1.0, 10.0, 100.0), strict=True):
            layer.load_state_dict(dict(layer.state_dict(), bias=torch.full((2,), bias)))
        logits = network(torch.zeros(1, 3, 256, 256))
    torch.testing.assert_close(logits[..., 112:144, 112:144], torch.full((1, 2, 32, 32), 111.0))


def test_the_image_is_normalised_with_the_backbones_mean_and_deviation() -> None:
    seen = []
    network = FCN(Tiny(), classes=2).eval()
    network.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        network(torch.full((1, 3, 32, 32), 255.0))
    torch.testing.assert_close(seen[0][0, :, 0, 0], (1 - torch.tensor(Tiny.mean)) / torch.tensor(Tiny.std))


@pytest.mark.parametrize(("stride", "place"), [(32, 0), (16, 1), (8, 2)])
def test_a_coarser_network_stands_in_a_finer_one(stride: int, place: int) -> None:
    finer = networks.network(seed=0)
    coarser = cut(finer, stride).eval()
    image = 255 * torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        features = finer.features(image)
        torch.testing.assert_close(coarser.sums(features)[-1], finer.sums(features)[place])
        assert coarser(image).shape == (1, 4, 64, 96)
