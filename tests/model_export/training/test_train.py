"""Training: what a run saves; a resumed run equals an uninterrupted one."""

import csv
import itertools
import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from PIL import Image
from rich.progress import Progress

from model_export.data import shapes
from model_export.errors import CheckpointError, DataError
from model_export.networks import FCN
from model_export.networks.fcn import Deconvolution
from model_export.networks.tiny import Tiny
from model_export.training import checkpoint
from model_export.training.checkpoint import Trained, fingerprint
from model_export.training.options import Options
from model_export.training.train import Run
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Metrics
from tests.support.runs import quick


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shapes")
    shapes.write(root, train=12, val=3, width=64, height=64, seed=0)
    return root


@pytest.fixture(scope="module")
def options(data: Path) -> Options:
    return quick(data)


@pytest.fixture(scope="module")
def whole(options: Options, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """An uninterrupted run, and its folder, in which nothing is to be changed."""
    folder = tmp_path_factory.mktemp("whole")
    return train(Run(options, folder, workers=0)), folder


def logged(run: Path) -> list[dict[str, str]]:
    """The rows of the run's metrics.csv."""
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def train(run: Run) -> Run:
    with Progress(disable=True) as progress:
        run.train(progress)
    return run


def stop_after(run: Run, steps: int) -> None:
    """Ask the run to stop in its `steps`th step, as the first ctrl-C does."""
    count = itertools.count(1)

    def interrupt(*_: object) -> None:
        if next(count) == steps:
            run.stop()

    run.optimizer.register_step_post_hook(interrupt)
    train(run)


@pytest.mark.parametrize(
    "steps", [1, 3, 8, 12], ids=["in an epoch", "at an epoch's end", "in a later one", "at the end"]
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    options: Options, whole: tuple[Run, Path], tmp_path: Path, steps: int
) -> None:
    uninterrupted, folder = whole
    stop_after(Run(options, tmp_path, workers=0), steps)
    resumed = Run(options, tmp_path, workers=0)
    resumed.resume()
    assert 3 * resumed.epoch + resumed.step == steps
    train(resumed)
    assert fingerprint(resumed.network.state_dict()) == fingerprint(uninterrupted.network.state_dict())
    assert fingerprint(resumed.average.state_dict()) == fingerprint(uninterrupted.average.state_dict())
    for of_whole, of_broken in zip(logged(folder), logged(tmp_path), strict=True):
        assert {**of_whole, "seconds": ""} == {**of_broken, "seconds": ""}


def test_a_killed_run_loses_no_more_than_minutes(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_export.training.train.SAVE_EVERY_S", 0)
    run = Run(options, tmp_path, workers=0)
    steps = itertools.count(1)

    def die(*_: object) -> None:
        if next(steps) == 6:
            raise RuntimeError("the machine is gone")

    run.optimizer.register_step_pre_hook(die)
    with pytest.raises(RuntimeError, match="the machine is gone"):
        train(run)
    resumed = Run(options, tmp_path, workers=0)
    resumed.resume()
    assert (resumed.epoch, resumed.step) == (1, 2)


def test_a_run_keeps_its_best_network_with_all_that_is_needed_to_use_it(whole: tuple[Run, Path]) -> None:
    run, folder = whole
    trained = checkpoint.load(folder / "best.pt")
    assert trained.classes == shapes.CLASSES
    assert trained.options == run.options
    assert trained.metrics.mean_iu == run.best
    rows = logged(folder)
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert max(float(row["mean_iu"]) for row in rows) == run.best
    assert {"train_loss", "pixel_accuracy", "iu disc"} <= set(rows[0])


def test_a_run_can_be_looked_at(whole: tuple[Run, Path]) -> None:
    _, folder = whole
    for name in ("curves.png", "confusion.png"):
        with Image.open(folder / name) as picture:
            assert min(picture.size) > 300
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20
    origin = json.loads((folder / "options.json").read_text())
    assert origin["seed"] == 7
    assert re.fullmatch(r"[0-9a-f]{7,}(-dirty)?", origin["commit"])


def test_every_epoch_augments_differently(options: Options, tmp_path: Path) -> None:
    run = Run(replace(options, epochs=2), tmp_path, workers=0)
    seen = []
    run.network.backbone.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs[0].sum((1, 2, 3)).tolist()))
    train(run)
    assert len(set(seen)) == len(seen) == 2 * 12


def test_a_run_from_before_there_could_be_several_data_sets_is_resumed(options: Options, tmp_path: Path) -> None:
    two = replace(options, epochs=2)
    stop_after(Run(two, tmp_path, workers=0), 4)
    state = checkpoint.read(tmp_path / "last.pt")
    del state["options"]["also"], state["content"]["also"]
    for row in state["rows"]:
        del row["data"]
    checkpoint.write(state, tmp_path / "last.pt")
    run = Run(two, tmp_path, workers=0)
    run.resume()
    assert (run.epoch, run.step) == (1, 1)
    train(run)
    assert [(row["epoch"], row["data"]) for row in logged(tmp_path)] == [(e, Path(options.data).name) for e in "12"]


def test_another_run_cannot_be_resumed(options: Options, tmp_path: Path) -> None:
    train(Run(replace(options, epochs=1), tmp_path, workers=0))
    with pytest.raises(CheckpointError, match="of a run with other options"):
        Run(replace(options, epochs=1, learning_rate=1e-3), tmp_path, workers=0).resume()


def test_nothing_to_resume_is_said(options: Options, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"last\.pt is missing"):
        Run(options, tmp_path, workers=0).resume()


def test_too_few_images_for_a_batch_are_said(options: Options, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="12 training images do not fill a batch of 13"):
        Run(replace(options, batch_size=13), tmp_path, workers=0)


def test_a_long_run_validates_only_now_and_then_and_at_its_end(options: Options, tmp_path: Path) -> None:
    run = Run(replace(options, epochs=13), tmp_path, workers=0)
    run.epoch = 10
    train(run)
    assert [bool(row["mean_iu"]) for row in logged(tmp_path)] == [True, False, True]


def test_held_out_images_are_judged_on_and_not_trained_on(options: Options, tmp_path: Path) -> None:
    run = Run(replace(options, hold_out="000", batch_size=2), tmp_path, workers=0)
    material = run.material
    names = [[image.name for image, _ in data.pairs] for data in (material.target, *material.val.values())]
    assert names == [["0010.png", "0011.png"], [f"{index:04d}.png" for index in range(10)]]


def test_a_held_out_part_without_images_is_an_error(options: Options, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No image is left"):
        Run(replace(options, hold_out="Seq05"), tmp_path, workers=0)


def test_a_student_learns_from_its_teacher_too(options: Options, tmp_path: Path) -> None:
    train(Run(replace(options, epochs=1), tmp_path / "teacher", workers=0))
    teacher = str(tmp_path / "teacher" / "best.pt")
    students = [
        train(Run(replace(options, epochs=1, teacher=teacher, distillation_weight=weight), tmp_path / "s", workers=0))
        for weight in (0.0, 1.0)
    ]
    assert len({fingerprint(student.network.state_dict()) for student in students}) == 2
    assert all(not p.requires_grad or p.grad is None for p in students[1].teacher.parameters())  # type: ignore[union-attr]


@pytest.mark.parametrize("fixed", [True, False])
def test_fixed_deconvolutions_stay_bilinear_and_others_learn(options: Options, tmp_path: Path, fixed: bool) -> None:
    run = train(Run(replace(options, epochs=1, fixed_deconvolutions=fixed), tmp_path, workers=0))
    for deconvolution in (*run.network.fuse, run.network.upsample):
        bilinear = Deconvolution(4, deconvolution.stride[0])
        assert torch.equal(deconvolution.weight, bilinear.weight) is fixed


def test_a_teacher_of_other_classes_is_refused(options: Options, tmp_path: Path) -> None:
    classes = ClassList(shapes.CLASSES.classes[:2])
    two = Trained(FCN(Tiny(), classes=2), classes, options, 1, Metrics(0.9, 0.8, 0.7, 0.8, (0.7,) * 2))
    checkpoint.save(two, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="has other classes: background, disc"):
        Run(replace(options, teacher=str(tmp_path / "other.pt")), tmp_path, workers=0)


def test_labels_that_are_99_percent_void_leave_the_weights_finite(options: Options, tmp_path: Path) -> None:
    shapes.write(tmp_path / "data", train=12, val=3, width=64, height=64, seed=0)
    for path in (tmp_path / "data" / "train" / "labels").iterdir():
        with Image.open(path) as label:
            sparse = Image.new("L", label.size, 255)
            if path.stem in {"0000", "0001"}:  # a sixth of the images have a label, 256 of 4096 pixels of it
                sparse.paste(label.crop((24, 24, 40, 40)), (24, 24))
        sparse.save(path)
    train(Run(replace(options, data=str(tmp_path / "data"), epochs=2), tmp_path / "run", workers=0))
    for name, key in (("best.pt", "network"), ("last.pt", "network"), ("last.pt", "average")):
        kept = checkpoint.read(tmp_path / "run" / name)[key]
        assert all(value.isfinite().all() for value in kept.values())


def test_a_loss_that_is_not_finite_stops_the_run_before_it_reaches_the_weights(
    options: Options, tmp_path: Path
) -> None:
    run = Run(options, tmp_path, workers=0)
    stop_after(run, 4)
    run.stopping = False
    run.weights[0] = float("inf")
    parameters = [parameter.clone() for parameter in run.network.parameters()]
    with pytest.raises(DataError, match=r"Epoch 2, step 2: the loss is (nan|inf) .* on \d{4}\.png, \d{4}\.png"):
        train(run)
    assert all(torch.equal(now, then) for now, then in zip(run.network.parameters(), parameters, strict=True))


def test_a_moved_data_set_can_be_resumed_on_and_a_changed_one_cannot(options: Options, tmp_path: Path) -> None:
    shutil.copytree(options.data, tmp_path / "here")
    stop_after(Run(replace(options, data=str(tmp_path / "here")), tmp_path / "run", workers=0), 4)
    (tmp_path / "here").rename(tmp_path / "there")
    moved = replace(options, data=str(tmp_path / "there"))
    Run(moved, tmp_path / "run", workers=0).resume()
    label = tmp_path / "there" / "train" / "labels" / "0000.png"
    with Image.open(label) as file:
        changed = file.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    changed.save(label)
    with pytest.raises(CheckpointError, match="of a run on other files: these changed: data"):
        Run(moved, tmp_path / "run", workers=0).resume()


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


def test_an_invalid_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "best.pt").write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        checkpoint.load(tmp_path / "best.pt")
    checkpoint.write({"options": {}}, tmp_path / "best.pt")
    with pytest.raises(CheckpointError, match="of this version"):
        checkpoint.load(tmp_path / "best.pt")
