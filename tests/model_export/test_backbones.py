"""Pretrained weights are loaded, with net surgery for fully connected classifiers."""

from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional as F

from model_export.errors import CheckpointError
from model_export.networks import BACKBONES, FCN, Backbone
from model_export.networks.mobilenet import MobileNetV2
from model_export.networks.resnet import ResNet50V2
from model_export.networks.vgg import VGG16
from model_export.training.optimizer import parameter_groups
from model_export.training.options import Options
from model_export.training.validate import mixed


def torchvision_vgg16() -> dict[str, torch.Tensor]:
    """Random weights under the keys and shapes of torchvision's vgg16 file."""
    channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    weights = {}
    for place, inputs, outputs in zip(places, channels, channels[1:], strict=False):
        weights[f"features.{place}.weight"] = torch.randn(outputs, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5
        weights[f"features.{place}.bias"] = torch.randn(outputs) * 0.1
    for place, inputs, outputs in ((0, 512 * 7 * 7, 4096), (3, 4096, 4096), (6, 4096, 1000)):
        weights[f"classifier.{place}.weight"] = torch.randn(outputs, inputs) * (2 / inputs) ** 0.5
        weights[f"classifier.{place}.bias"] = torch.randn(outputs) * 0.1
    return weights


def test_vgg16s_fully_connected_layers_become_convolutions_that_say_the_same(tmp_path: Path) -> None:
    """On a 7x7 map, the middle of fc6 as a convolution sees just what the fully connected layer saw."""
    weights = torchvision_vgg16()
    torch.save(weights, tmp_path / "vgg16.pth")
    backbone = VGG16().eval()
    backbone.load_pretrained(tmp_path / "vgg16.pth")
    image = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        pool5 = backbone.features(image)
        fc6 = F.relu(F.linear(pool5.flatten(1), weights["classifier.0.weight"], weights["classifier.0.bias"]))
        fc7 = F.relu(F.linear(fc6, weights["classifier.3.weight"], weights["classifier.3.bias"]))
        _, pool3, pool4, conv7 = backbone(image)
        torch.testing.assert_close(conv7[..., 3, 3], fc7, rtol=1e-3, atol=1e-3)
        assert (pool3.shape, pool4.shape, conv7.shape) == ((1, 256, 28, 28), (1, 512, 14, 14), (1, 4096, 7, 7))
        assert FCN(backbone, classes=3).eval()(image).shape == (1, 3, 224, 224)


def test_mobilenetv2_takes_the_keys_of_the_onnx_zoos_file(tmp_path: Path) -> None:
    """Names and shapes as in that file, spelt out here: a renamed module would no longer load it."""
    state = MobileNetV2().state_dict()
    assert len(state) == 318
    assert state["stem.0.weight"].shape == (32, 3, 3, 3)
    assert state["blocks.0.conv.0.0.weight"].shape == (32, 32, 1, 1)
    assert state["blocks.13.conv.1.0.weight"].shape == (576, 1, 3, 3)
    assert state["blocks.16.conv.2.1.running_var"].shape == (320,)
    assert state["last.1.bias"].shape == (1280,)
    random = {name: torch.rand_like(value.float()).to(value.dtype) for name, value in state.items()}
    safetensors.torch.save_file(random, tmp_path / "mobilenetv2.safetensors")
    backbone = MobileNetV2()
    loaded = backbone.load_pretrained(tmp_path / "mobilenetv2.safetensors")
    assert loaded == {name for name, _ in backbone.named_parameters()}
    torch.testing.assert_close(backbone.state_dict()["blocks.5.conv.0.0.weight"], random["blocks.5.conv.0.0.weight"])


def test_mobilenetv2s_features_lie_at_strides_4_8_16_and_32() -> None:
    with torch.inference_mode():
        shapes = [tuple(feature.shape[1:]) for feature in MobileNetV2().eval()(torch.zeros(1, 3, 64, 96))]
    assert shapes == [(24, 16, 24), (32, 8, 12), (96, 4, 6), (1280, 2, 3)]


def test_resnet50v2_takes_the_stages_it_shares_with_the_onnx_zoos_file(tmp_path: Path) -> None:
    """Names as in that file, spelt out here; it may be in float16, and its last norm becomes three of ours."""
    backbone = ResNet50V2()
    own = backbone.state_dict()
    shared = {name: value for name, value in own.items() if not name.startswith(("stage4.", "end"))}
    assert shared["conv0.weight"].shape == (64, 3, 7, 7)
    assert shared["stage1.0.downsample.weight"].shape == (256, 64, 1, 1)
    assert shared["stage3.5.conv2.weight"].shape == (256, 256, 3, 3)
    random = {name: torch.rand_like(value.float()).half() for name, value in shared.items() if "tracked" not in name}
    random |= {f"post.{part}": torch.rand(1024) for part in ("weight", "bias", "running_mean", "running_var")}
    safetensors.torch.save_file(random, tmp_path / "resnet50v2.safetensors")
    backbone.load_pretrained(tmp_path / "resnet50v2.safetensors")
    state = backbone.state_dict()
    torch.testing.assert_close(state["stage3.5.conv2.weight"], random["stage3.5.conv2.weight"].float())
    torch.testing.assert_close(state["end8.bias"], random["stage3.0.bn1.bias"].float())
    torch.testing.assert_close(state["end16.running_var"], random["post.running_var"])
    torch.testing.assert_close(state["stage4.0.conv1.weight"], own["stage4.0.conv1.weight"])


def test_resnet50v2s_new_stage_starts_as_the_average_of_what_stride_16_has() -> None:
    backbone = ResNet50V2().eval()
    x16 = torch.rand(1, 1024, 6, 8)
    with torch.inference_mode():
        torch.testing.assert_close(backbone.stage4(x16), F.avg_pool2d(x16, 2))
        shapes = [tuple(feature.shape[1:]) for feature in backbone(torch.zeros(1, 3, 64, 96))]
    assert shapes == [(256, 16, 24), (512, 8, 12), (1024, 4, 6), (1024, 2, 3)]


@pytest.mark.parametrize("kind", [MobileNetV2, ResNet50V2])
def test_a_frozen_backbone_keeps_its_first_layers_and_its_norms_statistics(kind: type[Backbone]) -> None:
    network = FCN(kind(), classes=3)
    network.backbone.freeze()
    for parameter in network.score.parameters():
        nn.init.normal_(parameter)  # zero at first: nothing would reach the backbone
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD(parameter_groups(network, set(), Options(data="")), lr=1.0)
    network.train()
    network(torch.rand(2, 3, 64, 96) * 255).square().mean().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    early = tuple(f"backbone.{name}." for name in kind.early)
    fresh = tuple(f"backbone.{name}" for name in kind.fresh)
    assert not [name for name in changed if name.startswith(early)]
    assert {name for name in changed if name.endswith("running_mean")} == {
        name for name in before if name.startswith(fresh) and name.endswith("running_mean")
    }
    assert [name for name in changed if name.startswith("backbone.") and not name.startswith(fresh)]


@pytest.mark.parametrize("backbone", sorted(BACKBONES.keys() - {"vgg16-bn"}))  # vgg-small is the same, with less memory
def test_every_backbone_learns_in_mixed_precision(backbone: str) -> None:
    """Also VGG-16, on which bfloat16 scores corrupted the heap: the process would end here."""
    network = FCN(BACKBONES[backbone](), classes=4)
    for _ in range(2):
        logits = network.enlarge(mixed(network, torch.rand(2, 3, 64, 96) * 255)[-1])
        assert logits.dtype == torch.float32
        F.cross_entropy(logits, torch.zeros(2, 64, 96, dtype=torch.long)).backward()
    for layer in network.score:
        assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in layer.parameters())


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(nn.Conv2d(3, 3, 1).state_dict(), tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match=r"other\.pth does not hold weights that fit MobileNetV2"):
        MobileNetV2().load_pretrained(tmp_path / "other.pth")
