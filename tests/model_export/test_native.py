"""The native size follows from all of the data, and training validates at the size that the service uses."""

from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from PIL import Image

from model_export.data import shapes
from model_export.data.folder import SegmentationFolder
from model_export.data.native import median_size, sizes, spread
from model_export.data.place import Place
from model_export.onnx import export
from model_export.reports.evaluate import evaluate
from model_export.reports.predictions import predictions
from model_export.training.material import notes
from model_export.training.train import Run
from model_export.training.validate import InTraining, validate
from service.segmentation.runtime.model import Model
from tests.support import networks
from tests.support.runs import quick


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 160x128, but for a thumbnail that comes first and a JPEG that comes last, four times as large."""
    root = tmp_path_factory.mktemp("mixed")
    shapes.write(root, train=8, val=5, width=160, height=128, seed=0)
    resize(root / "val", "0000", (96, 64), "png")
    resize(root / "val", "0004", (640, 512), "jpg")
    return root


def resize(split: Path, name: str, size: tuple[int, int], suffix: str) -> None:
    image, label = split / "images" / f"{name}.png", split / "labels" / f"{name}.png"
    with Image.open(image) as photo, Image.open(label) as truth:
        resized = photo.resize(size, Image.Resampling.BILINEAR), truth.resize(size, Image.Resampling.NEAREST)
    image.unlink()
    resized[0].save(image.with_suffix(f".{suffix}"))
    resized[1].save(label)


def test_a_thumbnail_that_comes_first_does_not_decide(mixed: Path, tmp_path: Path) -> None:
    assert sizes(mixed)[8] == (96, 64)
    run = Run(quick(mixed), tmp_path, workers=0)
    assert run.native == run.options.native == (160, 128)


def test_training_validates_what_the_service_serves(mixed: Path, tmp_path: Path) -> None:
    """The exported file's figures, through the service's pipeline, are those of the torch network in training."""
    data, trained = SegmentationFolder(mixed, "val"), networks.trained()
    native = Run(quick(mixed), tmp_path, workers=0).native
    content = export.export(trained, networks.CARD, native, Place("mixed", mixed), 2)
    model = Model(content, threads=1)
    assert (model.contract.input.width, model.contract.input.height) == native
    validated = validate(trained.network, data.classes, data, native, torch.device("cpu")).metrics()
    for evaluation in (model.contract.evaluation, evaluate(model, Place("mixed", mixed))):
        assert evaluation is not None
        assert evaluation.metrics.mean_iu == pytest.approx(validated.mean_iu, abs=1e-4)
        assert evaluation.metrics.iu == pytest.approx(validated.iu, abs=1e-4)
    network = InTraining(trained.network, data.classes, native, torch.device("cpu"))
    for ours, theirs in zip(*(predictions(each, data, range(len(data))) for each in (network, model)), strict=True):
        assert (ours.labels != theirs.labels).mean() < 1e-3
        assert len(set(ours.labels.flat)) > 1


def test_the_median_lies_as_most_images_do() -> None:
    assert median_size([(480, 640), (640, 480), (640, 480)]) == (640, 480)
    assert median_size([(480, 640), (480, 640), (640, 480)]) == (480, 640)
    assert median_size([(100, 80), (640, 480), (4000, 3000)]) == (640, 480)


def test_sizes_that_differ_much_are_said(mixed: Path) -> None:
    assert spread([(640, 480), (640, 480), (480, 640), (600, 400)], (640, 480)) is None
    assert spread(sizes(mixed), (160, 128)) == (
        "image sizes range from 96x64 to 640x512; 2 of 13 differ from the median, 160x128, by more than 1.5 times; "
        "all are scaled to fit 160x128 (--native)"
    )


def test_a_run_that_starts_from_nothing_says_so(mixed: Path) -> None:
    first, uneven = notes(quick(mixed), (160, 128))
    assert first.startswith("the network starts from nothing, all of it at a learning rate of 0.01;")
    assert uneven == spread(sizes(mixed), (160, 128))
    assert list(notes(replace(quick(mixed), init="street"), (160, 128))) == [uneven]


def test_a_chosen_size_is_taken_and_else_the_median_is_enlarged(mixed: Path, tmp_path: Path) -> None:
    assert Run(replace(quick(mixed), native=(320, 256)), tmp_path, workers=0).native == (320, 256)
    assert Run(replace(quick(mixed), enlarge=1.5), tmp_path, workers=0).native == (240, 192)
