"""DeepLabV3 from weights of TensorFlow, of which the batch norms are folded."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional as F

from model_export.errors import CheckpointError
from model_export.networks import deeplab
from model_export.networks.mobilenet import BLOCKS
from tests.support.command import run


def weights(classes: int = 21) -> dict[str, Tensor]:
    """Random weights under the names and shapes of the file."""
    torch.manual_seed(0)
    found: dict[str, Tensor] = {}

    def layer(name: str, inputs: int, outputs: int, side: int = 1, groups: int = 1) -> None:
        shape = (outputs, inputs // groups, side, side)
        found[f"{name}.weight"] = torch.randn(shape) * (2 / (inputs // groups * side**2)) ** 0.5
        found[f"{name}.bias"] = 0.1 * torch.randn(outputs)

    layer("stem.conv", 3, 32, 3)
    for number, (inputs, outputs, expansion, _) in enumerate(BLOCKS):
        hidden, first = inputs * expansion, int(expansion > 1)
        if first:
            layer(f"blocks.{number}.0.conv", inputs, hidden)
        layer(f"blocks.{number}.{first}.conv", hidden, hidden, 3, hidden)
        layer(f"blocks.{number}.{first + 1}.conv", hidden, outputs)
    for name, inputs, outputs in (
        ("aspp0", 320, 256),
        ("pool", 320, 256),
        ("proj", 512, 256),
        ("logits", 256, classes),
    ):
        layer(name, inputs, outputs)
    return found


def same(x: Tensor, w: dict[str, Tensor], name: str, stride: int = 1, rate: int = 1, before: bool = False) -> Tensor:
    """TensorFlow's formula of SAME padding: as many outputs as inputs / stride, rounded up. Where the zeros are an odd
    number, TensorFlow puts one more behind the image; `before` puts it before the image."""
    weight, bias = w[f"{name}.weight"], w[f"{name}.bias"]
    reach = (weight.shape[-1] - 1) * rate + 1
    margins = []
    for side in (x.shape[3], x.shape[2]):
        total = max((-(-side // stride) - 1) * stride + reach - side, 0)
        half = total // 2
        margins += [total - half, half] if before else [half, total - half]
    groups = x.shape[1] // weight.shape[1]
    return F.conv2d(F.pad(x, margins), weight, bias, stride, 0, rate, groups)


def by_formula(image: Tensor, w: dict[str, Tensor]) -> Tensor:
    """The network, layer by layer."""
    x = F.relu6(same(image, w, "stem.conv", 2, before=True))
    reached = 2
    for number, (inputs, outputs, expansion, stride) in enumerate(BLOCKS):
        y, place = x, 0
        if expansion > 1:
            y, place = F.relu6(same(y, w, f"blocks.{number}.0.conv")), 1
        kept, rate = (1, 1) if number == 13 else (stride, 2 if number > 13 else 1)
        reached *= kept
        y = F.relu6(same(y, w, f"blocks.{number}.{place}.conv", kept, rate, before=reached < 16))
        y = same(y, w, f"blocks.{number}.{place + 1}.conv")
        x = x + y if stride == 1 and inputs == outputs else y
    whole = F.relu(same(x.mean((2, 3), keepdim=True), w, "pool")).expand(-1, -1, *x.shape[2:])
    joined = torch.cat([whole, F.relu(same(x, w, "aspp0"))], 1)
    return same(F.relu(same(joined, w, "proj")), w, "logits")


def test_it_computes_what_the_formula_does(tmp_path: Path) -> None:
    found = weights()
    safetensors.torch.save_file(found, tmp_path / "voc.safetensors")
    image = 2 * torch.rand(1, 3, 96, 64) - 1
    with torch.inference_mode():
        expected = by_formula(image, found)
        assert expected.shape == (1, 21, 6, 4)
        torch.testing.assert_close(deeplab.load(tmp_path / "voc.safetensors")(image), expected, rtol=1e-3, atol=1e-3)


def test_a_cell_sees_as_far_to_one_side_as_to_the_other() -> None:
    """A map is enlarged as if cell i lay at pixel 16 i + 7.5. The strides alone decide where it does."""
    strided = [module for module in deeplab.DeepLabV3().eval().modules() if isinstance(module, deeplab.SameConvolution)]
    image = torch.zeros(1, 1, 256, 256, requires_grad=True)
    x: Tensor = image
    for layer in strided:
        stride = layer.conv.stride[0]
        if stride == 2:
            x = F.conv2d(F.pad(x, layer.margins), torch.ones(1, 1, 3, 3), stride=2)
    assert x.shape == (1, 1, 16, 16)
    x[0, 0, 8, 8].backward()
    assert image.grad is not None
    for along in (image.grad.sum((0, 1, 2)), image.grad.sum((0, 1, 3))):
        seen = along.nonzero().ravel()
        assert abs(float(seen.min() + seen.max()) / 2 - (16 * 8 + 7.5)) <= 0.5


def test_the_command_writes_it_as_others_do_with_its_classes(tmp_path: Path) -> None:
    found = weights()
    safetensors.torch.save_file(found, tmp_path / "voc.safetensors")
    result = run("deeplab", tmp_path / "voc.safetensors", tmp_path / "voc.onnx")
    assert result.returncode == 0, result.stderr
    names = json.loads((tmp_path / "voc.json").read_text())
    assert (len(names), names[8], names[15]) == (21, "cat", "person")
    image = 2 * torch.rand(2, 3, 32, 80) - 1
    session = onnxruntime.InferenceSession(tmp_path / "voc.onnx")
    (logits,) = session.run(["logits"], {"image": image.numpy()})
    with torch.inference_mode():
        np.testing.assert_allclose(logits, by_formula(image, found), rtol=1e-3, atol=1e-3)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    safetensors.torch.save_file({"logits.bias": torch.zeros(21)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="does not hold weights that fit DeepLabV3"):
        deeplab.load(tmp_path / "other.safetensors")
