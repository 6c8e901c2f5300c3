"""Several data sets in one training: shares, merged classes, figures of each."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from msgspec.structs import replace
from PIL import Image
from rich.progress import Progress
from torch import nn
from torch.utils.data import DataLoader

from model_export.data import shapes
from model_export.data.folder import SegmentationFolder
from model_export.data.mixture import Mixture
from model_export.errors import CheckpointError, OptionError
from model_export.training import losses
from model_export.training.checkpoint import fingerprint
from model_export.training.material import augmentation, gather, notes
from model_export.training.metrics import Meter
from model_export.training.options import Options, Source
from model_export.training.train import Run
from service.segmentation.modelfile.classes import Class, ClassList
from tests.support.runs import quick

OTHERS = ClassList(
    tuple(Class(id_, name, f"#0000a{id_}") for id_, name in enumerate(("ground", "one", "another"))), ignored=255
)
ROUND_OR_SQUARE = (
    {0: 0, 1: 1, 2: 1, 3: 2, 255: 255},
    {
        "ground": ["background"],
        "one": ["disc", "square"],
        "another": ["triangle"],
    },
)
ROUND_OR_POINTED = (
    {0: 0, 1: 1, 2: 2, 3: 1, 255: 255},
    {
        "ground": ["background"],
        "one": ["disc", "triangle"],
        "another": ["square", "triangle"],
    },
)


def relabel(root: Path, ids: dict[int, int]) -> None:
    """Give the labels of a data set other ids."""
    for path in root.glob("*/labels/*.png"):
        with Image.open(path) as file:
            labels = np.asarray(file)
        Image.fromarray(np.vectorize(ids.__getitem__, otypes=[np.uint8])(labels)).save(path)


def merged(root: Path, merge: tuple[dict[int, int], dict[str, list[str]]], train: int, val: int, seed: int) -> Path:
    """A data set of shapes, with its labels merged, and its mapping."""
    ids, mapping = merge
    shapes.write(root, train=train, val=val, width=64, height=64, seed=seed)
    relabel(root, ids)
    (root / "classes.json").write_bytes(msgspec.json.encode(OTHERS))
    (root / "mapping.json").write_text(json.dumps(mapping))
    return root


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`own`, 8 pictures, and `other`, 6 with merged classes and a val of 2."""
    root = tmp_path_factory.mktemp("mixed")
    shapes.write(root / "own", train=8, val=2, width=64, height=64, seed=0)
    merged(root / "other", ROUND_OR_SQUARE, train=6, val=2, seed=1)
    return root


@pytest.fixture
def options(folders: Path) -> Options:
    also = (Source(data=str(folders / "other"), share=0.5),)
    return replace(quick(folders / "own"), also=also, epochs=2)


def train(run: Run) -> Run:
    with Progress(disable=True) as progress:
        run.train(progress)
    return run


def test_an_epoch_has_the_first_data_set_once_and_the_others_by_their_shares(folders: Path) -> None:
    sets = [SegmentationFolder(folders / name, "train") for name in ("own", "other")]
    mixture = Mixture(sets, [0.5, 0.5], seed=0)
    assert len(mixture) == 16
    seen: Counter[int] = Counter()
    orders = []
    for epoch in range(3):
        mixture.start(epoch)
        own, others = mixture.places[:8], mixture.places[8:]
        assert own == [(sets[0], index) for index in range(8)]
        assert {folder for folder, _ in others} == {sets[1]}
        orders.append([index for _, index in others])
        seen.update(orders[-1])
    assert set(seen.values()) == {4}  # 3 epochs of 8 are 4 passes over 6
    assert len(set(map(tuple, orders))) == 3
    mixture.start(1)
    assert [index for _, index in mixture.places[8:]] == orders[1]


def test_one_data_set_is_taken_in_order(folders: Path) -> None:
    own = SegmentationFolder(folders / "own", "train")
    mixture = Mixture([own], [1], seed=0)
    mixture.start(5)
    assert mixture.places == [(own, index) for index in range(8)]


def test_shares_that_leave_nothing_are_refused(options: Options, tmp_path: Path) -> None:
    also = (replace(options.also[0], share=0.6), Source(data="elsewhere", share=0.6))
    with pytest.raises(OptionError, match=r"--also add up to 1\.2: they must leave some for .*own"):
        Run(replace(options, also=also), tmp_path, workers=0)


def test_a_data_set_that_is_given_twice_is_refused(options: Options, folders: Path, tmp_path: Path) -> None:
    also = (*options.also, Source(data=str(folders / "own" / ".." / "own"), share=0.1))
    with pytest.raises(OptionError, match="A data set is given twice"):
        Run(replace(options, also=also), tmp_path, workers=0)


def test_each_data_set_has_its_own_figures_and_the_best_epoch_is_by_their_mean(
    options: Options, tmp_path: Path
) -> None:
    run = train(Run(options, tmp_path, workers=0))
    assert run.steps == 4
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["data"]) for row in rows] == [(e, d) for e in "12" for d in ("own", "other")]
    own, other = rows[:2]
    assert own["iu disc"]
    assert not own["iu one"]
    assert other["iu one"]
    assert not other["iu disc"]
    means = [sum(float(row["mean_iu"]) for row in rows[start : start + 2]) / 2 for start in (0, 2)]
    assert run.best == max(means)
    assert (tmp_path / "curves.png").exists()


def test_images_are_held_out_of_each_data_set(options: Options, folders: Path, tmp_path: Path) -> None:
    also = (replace(options.also[0], hold_out="0001,0003", stretch=(128, 64)),)
    material = Run(replace(options, also=also), tmp_path, workers=0).material
    held, kept = material.val["other"], material.train.folders[1]
    assert [image.stem for image, _ in held.pairs] == ["0001", "0003"]
    assert [image.stem for image, _ in kept.pairs] == ["0000", "0002", "0004", "0005"]
    assert held.sizes() == [(128, 64)] * 2
    shutil.copytree(folders / "other", tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "val")
    bare = replace(options, also=(Source(data=str(tmp_path / "bare"), share=0.5),))
    assert list(Run(bare, tmp_path, workers=0).material.val) == ["own"]
    assert any("bare has no val/" in line for line in notes(bare, (64, 64)))


def test_a_mixed_run_resumes_to_the_same_weights_and_only_on_the_same_data(
    options: Options, folders: Path, tmp_path: Path
) -> None:
    whole = train(Run(options, tmp_path / "whole", workers=0))
    broken = Run(options, tmp_path / "broken", workers=0)
    broken.optimizer.register_step_post_hook(lambda *_: broken.stop() if broken.step == 1 else None)
    train(broken)
    shutil.copytree(folders / "other", tmp_path / "moved" / "other")
    moved = replace(options, also=(replace(options.also[0], data=str(tmp_path / "moved" / "other")),))
    resumed = Run(moved, tmp_path / "broken", workers=0)
    resumed.resume()
    assert (resumed.epoch, resumed.step) == (0, 2)
    train(resumed)
    assert fingerprint(resumed.network.state_dict()) == fingerprint(whole.network.state_dict())
    assert resumed.best == whole.best
    with pytest.raises(CheckpointError, match="other options"):
        Run(replace(options, also=(replace(options.also[0], share=0.4),)), tmp_path / "broken", workers=0).resume()
    mapping = tmp_path / "moved" / "other" / "mapping.json"
    mapping.write_text(mapping.read_text().replace('"one": ["disc", "square"]', '"one": ["disc"]'))
    with pytest.raises(CheckpointError, match="these changed: also"):
        Run(moved, tmp_path / "broken", workers=0).resume()


def test_classes_that_are_only_seen_merged_are_told_apart(tmp_path: Path) -> None:
    """The target's labels lack discs and squares. One data set says "disc or square", the other "disc or triangle" and
    "square or triangle": only together do they say which is which."""
    shapes.write(tmp_path / "target", train=8, val=8, width=64, height=64, seed=0)
    truth = tmp_path / "truth"
    shutil.copytree(tmp_path / "target", truth)
    relabel(tmp_path / "target", {0: 0, 1: 255, 2: 255, 3: 3, 255: 255})
    also = tuple(
        Source(data=str(merged(tmp_path / name, merge, train=16, val=1, seed=seed)), share=0.4)
        for seed, (name, merge) in enumerate({"a": ROUND_OR_SQUARE, "b": ROUND_OR_POINTED}.items(), 1)
    )
    options = replace(quick(tmp_path / "target"), also=also)
    material = gather(options, augmentation(options, (64, 64)))
    several, weights = losses.one_of(material.several, losses.class_weights(material.target))
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 32, 1), nn.ReLU(), nn.Conv2d(32, 4, 1))  # shapes have their classes' colours
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for epoch in range(20):
        material.train.start(epoch)
        for image, labels in DataLoader(material.train, batch_size=8, shuffle=True):
            optimizer.zero_grad()
            losses.cross_entropy(network(image / 255 - 0.5), labels.long(), weights, several).backward()
            optimizer.step()
    meter = Meter(4)
    judged = SegmentationFolder(truth, "val")
    for image, labels in map(judged.__getitem__, range(len(judged))):
        meter.add(network(image / 255 - 0.5).argmax(0).byte().numpy(), labels.numpy())
    accuracies = meter.confusion.diagonal() / meter.confusion.sum(1)
    assert accuracies.min() > 0.5
