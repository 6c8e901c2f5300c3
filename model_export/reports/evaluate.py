"""Evaluates a model file through the pipeline that serves it."""

from collections.abc import Iterable
from pathlib import Path

from model_export.data.folder import SegmentationFolder
from model_export.errors import DataError
from model_export.reports.predictions import predictions, serving
from model_export.training.metrics import Meter
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Evaluation
from service.segmentation.pipeline import Request
from service.segmentation.runtime.model import Model


def open_split(root: Path, split: str, classes: ClassList) -> SegmentationFolder:
    """A split to evaluate a model with these classes on. Raises DataError where the data has others."""
    data = SegmentationFolder(root, split)
    if data.classes.names != classes.names:
        raise DataError(f"The classes of {root} are {data.classes.names}, the model's {classes.names}.")
    return data


def draw_heatmaps(
    model: Model, data: SegmentationFolder, class_name: str, indices: Iterable[int], folder: Path
) -> None:
    """Draw the probability of a class over every image, into `folder`. Raises UnknownClass, DataError."""
    pipeline, request = serving(model), Request(heatmap=class_name, draws_photo=True)
    folder.mkdir(parents=True, exist_ok=True)
    for index in indices:
        with data.naming(index):
            picture = pipeline.run(data.file(index), request).overlay("WEBP")
        (folder / f"{data.pairs[index][0].stem}.webp").write_bytes(picture)


def evaluate(model: Model, data: SegmentationFolder, split: str, indices: Iterable[int]) -> Evaluation:
    """The figures of a model on the images at `indices`. Raises DataError where all their pixels are void."""
    meter = Meter(len(data.classes.classes))
    images = 0
    for prediction in predictions(model, data, indices):
        meter.add(prediction.labels, prediction.truth)
        images += 1
    return Evaluation(split, images, meter.metrics())
