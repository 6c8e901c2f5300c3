"""Judges a model file through the code that serves it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from model_export.data.folder import SegmentationFolder
from model_export.errors import DataError
from model_export.training.metrics import Meter
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Evaluation, Labels
from service.segmentation.outputs.rendering import heatmap_overlay
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter


def open_split(root: Path, split: str, classes: ClassList) -> SegmentationFolder:
    """The split to judge a model of these classes on. Raises DataError where the data's are others."""
    data = SegmentationFolder(root, split)
    if data.classes.names != classes.names:
        raise DataError(f"The classes of {root} are {data.classes.names}, the model's {classes.names}.")
    return data


def answers(model: Model, data: SegmentationFolder, indices: Iterable[int]) -> Iterator[tuple[int, Labels, Labels]]:
    """Segment the images at `indices` as the service would: index, labels and truth, at the image's own size."""
    segmenter = Segmenter(model)
    for index in indices:
        image, truth = data.read(index)
        yield index, segmenter.segment(image).labels, np.asarray(truth)


def draw_heatmaps(
    model: Model, data: SegmentationFolder, class_name: str, indices: Iterable[int], folder: Path
) -> None:
    """Draw on every image where the class is probable, into `folder`. Raises UnknownClass."""
    segmenter = Segmenter(model)
    folder.mkdir(parents=True, exist_ok=True)
    for index in indices:
        image, _ = data.read(index)
        heatmap = segmenter.segment(image, heatmap=class_name).heatmap
        assert heatmap is not None
        (folder / f"{data.pairs[index][0].stem}.webp").write_bytes(heatmap_overlay(image, heatmap, "WEBP"))


def evaluate(model: Model, data: SegmentationFolder, split: str, indices: Iterable[int]) -> Evaluation:
    """The figures of a model over the images at `indices`."""
    meter = Meter(len(data.classes.classes))
    images = 0
    for _, labels, truth in answers(model, data, indices):
        meter.add(torch.from_numpy(labels.copy()), torch.from_numpy(truth.copy()))
        images += 1
    return Evaluation(split, images, meter.metrics())
