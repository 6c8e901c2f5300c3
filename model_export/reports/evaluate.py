"""Judges a model file through the pipeline that serves it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from model_export.data.folder import MAX_PIXELS, SegmentationFolder
from model_export.errors import DataError
from model_export.training.metrics import Meter
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Evaluation, Labels
from service.segmentation.pipeline import Pipeline, Request
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter


@dataclass(frozen=True)
class Prediction:
    """What a model makes of one image, and the truth: uint8 [H, W] each, of the image's own size."""

    name: str
    labels: Labels
    truth: Labels


def open_split(root: Path, split: str, classes: ClassList) -> SegmentationFolder:
    """The split to judge a model of these classes on. Raises DataError where the data's are others."""
    data = SegmentationFolder(root, split)
    if data.classes.names != classes.names:
        raise DataError(f"The classes of {root} are {data.classes.names}, the model's {classes.names}.")
    return data


def serving(model: Model) -> Pipeline:
    """The service's pipeline around a model, for images as large as a data set may hold."""
    return Pipeline(Segmenter(model), MAX_PIXELS)


def predictions(pipeline: Pipeline, data: SegmentationFolder, indices: Iterable[int]) -> Iterator[Prediction]:
    """Segment the files of the images at `indices`. Raises DataError where a file cannot be used."""
    for index in indices:
        with data.naming(index):
            result = pipeline.run(data.file(index))
        yield Prediction(data.pairs[index][0].stem, result.labels, data.truth(index, result.photo.size))


def draw_heatmaps(
    model: Model, data: SegmentationFolder, class_name: str, indices: Iterable[int], folder: Path
) -> None:
    """Draw on every image where the class is probable, into `folder`. Raises UnknownClass, DataError."""
    pipeline, request = serving(model), Request(heatmap=class_name, draws_photo=True)
    folder.mkdir(parents=True, exist_ok=True)
    for index in indices:
        with data.naming(index):
            picture = pipeline.run(data.file(index), request).overlay("WEBP")
        (folder / f"{data.pairs[index][0].stem}.webp").write_bytes(picture)


def evaluate(model: Model, data: SegmentationFolder, split: str, indices: Iterable[int]) -> Evaluation:
    """The figures of a model over the images at `indices`. Raises DataError where no pixel of them was judged."""
    meter = Meter(len(data.classes.classes))
    images = 0
    for prediction in predictions(serving(model), data, indices):
        meter.add(prediction.labels, prediction.truth)
        images += 1
    return Evaluation(split, images, meter.metrics())
