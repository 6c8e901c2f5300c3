"""Published weights start networks for other classes."""

from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from rich.progress import Progress

from model_export.data import shapes
from model_export.errors import CheckpointError
from model_export.networks import FCN
from model_export.networks.mobilenet import MobileNetV2
from model_export.networks.tiny import Tiny
from model_export.training import checkpoint, published
from model_export.training.train import Run
from service.segmentation.modelfile.classes import Class, ClassList
from tests.support import networks
from tests.support.runs import quick

OTHERS = ClassList((Class(0, "no", "#000000"), Class(1, "yes", "#ffffff")))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "shapes.safetensors"
    published.publish(networks.trained(), path)
    return path


def test_the_same_classes_get_the_whole_network(weights: Path) -> None:
    network = FCN(Tiny(), classes=4)
    published.initialise(network, weights, shapes.CLASSES)
    image = torch.rand(1, 3, 64, 96) * 255
    with torch.inference_mode():
        torch.testing.assert_close(network.eval()(image), networks.network(0)(image), rtol=1e-2, atol=1e-2)


def test_a_runs_checkpoint_is_a_start_too(weights: Path, tmp_path: Path) -> None:
    checkpoint.save(networks.trained(), tmp_path / "best.pt")
    assert published.origin(tmp_path / "best.pt") == published.origin(weights)
    network = FCN(Tiny(), classes=4)
    loaded = published.initialise(network, tmp_path / "best.pt", shapes.CLASSES)
    assert loaded == published.initialise(FCN(Tiny(), classes=4), weights, shapes.CLASSES)
    for name, value in networks.trained().network.state_dict().items():
        assert name not in loaded or torch.equal(network.state_dict()[name], value)


def test_other_classes_get_all_that_knows_nothing_of_classes(weights: Path) -> None:
    network = FCN(Tiny(), classes=2)
    published.initialise(network, weights, OTHERS)
    trained = networks.network(0).state_dict()
    for name, value in network.state_dict().items():
        if name.startswith("backbone.") and value.is_floating_point():
            torch.testing.assert_close(value, trained[name], rtol=1e-3, atol=1e-4)
    assert not any(parameter.any() for parameter in network.score.parameters())


def test_weights_of_another_backbone_are_refused_with_the_right_one(weights: Path) -> None:
    with pytest.raises(CheckpointError, match="use --backbone tiny"):
        published.initialise(FCN(MobileNetV2(), classes=4), weights, shapes.CLASSES)


def test_a_file_that_was_not_published_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match="does not hold weights"):
        published.origin(tmp_path / "a.safetensors")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"called .*gone; give the path of a file, or one of: brain, street"):
        published.locate(str(tmp_path / "gone"))


def test_values_that_half_precision_cannot_hold_are_refused(tmp_path: Path) -> None:
    trained = networks.trained()
    with torch.no_grad():
        trained.network.get_parameter("upsample.weight")[0, 0, 0, 0] = 1e6
    with pytest.raises(CheckpointError, match=r"upsample\.weight has values that float16 cannot hold"):
        published.publish(trained, tmp_path / "a.safetensors")


def test_a_run_learns_on_from_published_weights(weights: Path, tmp_path: Path) -> None:
    """With rates of nearly zero, it stays what it began as."""
    shapes.write(tmp_path / "data", train=12, val=3, width=64, height=64, seed=0)
    options = replace(
        quick(tmp_path / "data"),
        epochs=1,
        init=str(weights),
        learning_rate=1e-9,
        pretrained_learning_rate=1e-9,
        ema_decay=0.0,
    )
    run = Run(options, tmp_path / "run", workers=0)
    with Progress(disable=True) as progress:
        run.train(progress)
    learned, began = run.network.state_dict(), networks.network(0).state_dict()
    torch.testing.assert_close(learned["score.0.weight"], began["score.0.weight"], rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(learned["backbone.to_32.1.running_mean"], began["backbone.to_32.1.running_mean"])


def test_an_installed_package_says_where_the_weights_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(published, "FOLDER", tmp_path / "not installed")
    with pytest.raises(CheckpointError, match="run the command in a checkout of the repository"):
        published.locate("street")
