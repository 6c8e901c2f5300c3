"""Training: what a run keeps, and that a resumed one is an unbroken one."""

import csv
import dataclasses
import itertools
from pathlib import Path

import pytest
import torch
from rich.progress import Progress

from model_export import checkpoint
from model_export.checkpoint import Config, fingerprint
from model_export.data import shapes
from model_export.errors import CheckpointError, DataError
from model_export.train import Run, class_weights


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shapes")
    shapes.write(root, train=12, val=3, width=64, height=64, seed=0)
    return root


@pytest.fixture
def config(data: Path) -> Config:
    return Config(
        data=str(data),
        backbone="tiny",
        stride=8,
        weights=None,
        epochs=4,
        batch=4,
        crop_width=64,
        crop_height=64,
        rate=1e-2,
        backbone_rate=1e-2,
        decay=0.03,
        average=0.9,
        seed=7,
    )


def logged(run: Path) -> list[dict[str, str]]:
    """The rows of the run's metrics.csv."""
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def train(run: Run) -> Run:
    with Progress(disable=True) as progress:
        run.train(progress)
    return run


def stop_after(run: Run, epochs: int) -> None:
    """Interrupt the run, as ctrl-C would, in the middle of the epoch after these."""
    steps = itertools.count(1)

    def interrupt(*_: object) -> None:
        if next(steps) > epochs * 3 + 1:
            raise KeyboardInterrupt

    run.optimizer.register_step_post_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(run)


def test_a_resumed_run_computes_what_an_unbroken_one_does(config: Config, tmp_path: Path) -> None:
    whole = train(Run(config, tmp_path / "whole", workers=0))
    stop_after(Run(config, tmp_path / "broken", workers=0), epochs=2)
    resumed = Run(config, tmp_path / "broken", workers=0)
    resumed.resume()
    assert resumed.epoch == 2
    train(resumed)
    assert fingerprint(resumed.network.state_dict()) == fingerprint(whole.network.state_dict())
    assert fingerprint(resumed.average.state_dict()) == fingerprint(whole.average.state_dict())
    rows = [logged(tmp_path / name) for name in ("whole", "broken")]
    for of_whole, of_broken in zip(*rows, strict=True):
        assert {**of_whole, "seconds": ""} == {**of_broken, "seconds": ""}


def test_a_run_keeps_its_best_network_with_all_that_is_needed_to_use_it(config: Config, tmp_path: Path) -> None:
    run = train(Run(config, tmp_path, workers=0))
    trained = checkpoint.load(tmp_path / "best.pt")
    assert trained.classes == shapes.CLASSES
    assert trained.config == config
    assert trained.metrics.mean_iu == run.best
    rows = logged(tmp_path)
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert max(float(row["mean_iu"]) for row in rows) == run.best
    assert {"train_loss", "pixel_accuracy", "iu disc"} <= set(rows[0])


def test_every_epoch_draws_its_images_anew(config: Config, tmp_path: Path) -> None:
    run = Run(dataclasses.replace(config, epochs=2), tmp_path, workers=0)
    seen = []
    run.network.backbone.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs[0].sum((1, 2, 3)).tolist()))
    train(run)
    assert len(set(seen)) == len(seen) == 2 * 12


def test_another_run_cannot_be_resumed(config: Config, tmp_path: Path) -> None:
    train(Run(dataclasses.replace(config, epochs=1), tmp_path, workers=0))
    with pytest.raises(CheckpointError, match="of a run with other options"):
        Run(dataclasses.replace(config, epochs=1, rate=1e-3), tmp_path, workers=0).resume()


def test_nothing_to_resume_is_said(config: Config, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"last\.pt is missing"):
        Run(config, tmp_path, workers=0).resume()


def test_too_few_images_for_a_batch_are_said(config: Config, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="12 training images do not fill a batch of 13"):
        Run(dataclasses.replace(config, batch=13), tmp_path, workers=0)


def test_rare_classes_weigh_more(config: Config, tmp_path: Path) -> None:
    weights = class_weights(Run(config, tmp_path, workers=0).val_set)
    assert weights[0] == weights.min()
    assert weights.max() <= 1 / torch.log(torch.tensor(1.10)) + 1e-4


class Harmful:
    """Unpickled as pickle would, this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.path,)


def test_a_checkpoint_with_code_in_it_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    torch.save({"network": Harmful(tmp_path / "made")}, tmp_path / "best.pt")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        checkpoint.load(tmp_path / "best.pt")
    assert not (tmp_path / "made").exists()


def test_a_checkpoint_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "best.pt").write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        checkpoint.load(tmp_path / "best.pt")
    checkpoint.write({"config": {}}, tmp_path / "best.pt")
    with pytest.raises(CheckpointError, match="of this version"):
        checkpoint.load(tmp_path / "best.pt")
