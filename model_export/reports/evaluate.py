"""Evaluates a model file through the pipeline that serves it."""

from collections.abc import Callable, Iterable
from pathlib import Path

from model_export.data.folder import SegmentationFolder
from model_export.data.place import Place
from model_export.reports.predictions import Prediction, predictions, serving
from model_export.training.metrics import Meter
from service.segmentation.modelfile.contract import Evaluation, Metrics
from service.segmentation.request import Request
from service.segmentation.runtime.model import Model

Track = Callable[[int], Iterable[int]]
"""0 .. count - 1 of a count, perhaps with a progress bar."""

Watch = Callable[[Prediction], None]
"""Something that looks at every prediction."""


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


def evaluate(
    model: Model, place: Place, track: Track = range, watch: Watch | None = None, request: Request | None = None
) -> Evaluation:
    """The figures of a model at a place; `watch` sees each image's prediction for `request`.

    Raises DataError where all pixels of the images are void.
    """
    data = place.judged(model.contract.labels)
    own = data.classes.names
    classes = None if own == model.contract.labels.names else tuple(own)
    metrics = measure(model, data, track(len(data)), watch, request)
    return Evaluation(place.split, len(data), metrics, place.name, place.only, classes)


def measure(
    model: Model,
    data: SegmentationFolder,
    indices: Iterable[int],
    watch: Watch | None = None,
    request: Request | None = None,
) -> Metrics:
    """As `evaluate`, the metrics on the images at `indices`."""
    meter = Meter(len(data.classes.classes))
    for prediction in predictions(model, data, indices, request):
        meter.add(prediction.labels, prediction.truth)
        if watch is not None:
            watch(prediction)
    return meter.metrics()
