"""Backbones of timm, where it is installed; continuous integration has it not, as it takes torchvision."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import safetensors.torch
import torch

from model_export.errors import CheckpointError, OptionError
from model_export.networks import FCN, backbone

WITH = pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")
WITHOUT = pytest.mark.skipif(find_spec("timm") is not None, reason="timm is installed")


@WITHOUT
def test_without_timm_a_sentence_says_what_to_install() -> None:
    with pytest.raises(OptionError, match=r"timm:resnet18 takes timm, which is not installed: pip install timm"):
        backbone("timm:resnet18")


@WITH
def test_features_lie_at_strides_4_8_16_and_32() -> None:
    encoder = backbone("timm:mobilenetv3_small_050").eval()
    with torch.inference_mode():
        maps = encoder(torch.zeros(1, 3, 64, 96))
        assert [(one.shape[1], *one.shape[2:]) for one in maps] == [
            (channels, 64 // stride, 96 // stride)
            for channels, stride in zip(encoder.channels, (4, 8, 16, 32), strict=True)
        ]
        assert FCN(encoder, classes=3)(torch.zeros(1, 3, 64, 96)).shape == (1, 3, 64, 96)


@WITH
@pytest.mark.parametrize(
    ("name", "message"), [("nothing", "makes no features with"), ("vit_tiny_patch16_224", "has features at strides")]
)
def test_what_has_no_such_features_is_refused(name: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        backbone(f"timm:{name}")


@WITH
def test_a_file_of_the_whole_classifier_starts_it(tmp_path: Path) -> None:
    import timm  # noqa: PLC0415

    classifier = timm.create_model("mobilenetv3_small_050", pretrained=False).state_dict()
    safetensors.torch.save_file(classifier, tmp_path / "whole.safetensors")
    encoder = backbone("timm:mobilenetv3_small_050")
    loaded = encoder.load_pretrained(tmp_path / "whole.safetensors")
    assert loaded == {name for name, _ in encoder.named_parameters()}
    torch.testing.assert_close(encoder.state_dict()["network.conv_stem.weight"], classifier["conv_stem.weight"])
    with pytest.raises(CheckpointError, match="does not hold weights that fit timm:mobilenetv3_small_050"):
        encoder.load_pretrained(tmp_path / "none.safetensors")
