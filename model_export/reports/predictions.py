"""The labels that a model gives to the images of a data set, through the service's pipeline."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from model_export.data.folder import SegmentationFolder
from model_export.data.photos import MAX_PIXELS
from service.segmentation.modelfile.contract import Labels
from service.segmentation.pipeline import Pipeline
from service.segmentation.request import Request
from service.segmentation.segmenter import Labeller, Segmenter


@dataclass(frozen=True)
class Prediction:
    """The labels of one image and the truth, uint8 [H, W] each, of the image's own size; `Segmentation.confidence`.

    On a data set with other classes than the model's, both are ids of the classes that it is judged by, which have no
    confidence.
    """

    name: str
    labels: Labels
    truth: Labels
    confidence: tuple[float | None, ...]


def serving(model: Labeller) -> Pipeline:
    """The service's pipeline around a model, for images as large as a data set may hold."""
    return Pipeline(Segmenter(model), MAX_PIXELS)


def predictions(
    model: Labeller, data: SegmentationFolder, indices: Iterable[int], request: Request | None = None
) -> Iterator[Prediction]:
    """Segment the image files at `indices`. Raises DataError where one is invalid."""
    pipeline = serving(model)
    for index in indices:
        with data.naming(index):
            result = pipeline.run(data.file(index), request)
        truth, name = data.truth(index, result.photo.size), data.pairs[index][0].stem
        if data.merged is None:
            yield Prediction(name, result.labels, truth, result.segmentation.confidence)
        else:
            yield Prediction(name, data.merged.labels(result.labels, truth), truth, ())
