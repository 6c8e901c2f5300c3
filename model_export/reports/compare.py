"""Models side by side: a table of their accuracy and cost, and a picture of their masks."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from PIL import Image

from model_export.data.folder import SegmentationFolder
from model_export.data.place import Place
from model_export.onnx.export import samples
from model_export.reports.evaluate import Track, evaluate
from model_export.reports.mosaic import coloured, mosaic
from model_export.reports.predictions import serving
from model_export.reports.report import architecture, markdown
from service.segmentation.modelfile.contract import Evaluation, Network
from service.segmentation.request import Request
from service.segmentation.runtime.model import Model

ROUNDS, RUNS = 6, 6


@dataclass(frozen=True)
class Row:
    """One model: its network, its figures at each place, and the median milliseconds of a run of its graph."""

    name: str
    precision: str
    network: Network | None
    evaluations: list[Evaluation]
    milliseconds: float


def compare(models: Sequence[Model], places: Sequence[Place], track: Track = range) -> list[Row]:
    """Evaluate the models at places, and time them on one photo of the first."""
    times = timed(models, places[0])
    return [
        Row(
            model.contract.name,
            model.contract.precision,
            model.contract.network,
            [evaluate(model, place, track) for place in places],
            spent,
        )
        for model, spent in zip(models, times, strict=True)
    ]


def timed(models: Sequence[Model], place: Place) -> list[float]:
    """Milliseconds per run of each graph. The models take turns, so that a busy moment of the machine affects them all.

    The first runs of each turn do not count: the previous model's threads still spin on the same cores.
    """
    photos = [samples(place.judged(model.contract.labels), 1, model.contract.input)[0] for model in models]
    spent: list[list[float]] = [[] for _ in models]
    for _ in range(ROUNDS):
        for model, photo, times in zip(models, photos, spent, strict=True):
            for number in range(RUNS):
                began = time.perf_counter()
                model.run(photo)
                if number >= RUNS // 2:
                    times.append(1000 * (time.perf_counter() - began))
    return [median(times) for times in spent]


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown; figures in percent."""
    figures = [f"{figure}, {one.place}" for one in rows[0].evaluations for figure in ("mean IU", "pixel accuracy")]
    captions = ["model", "network", "parameters", "GMACs", "precision", "ms", *figures]
    return markdown(captions, [cells(row) for row in rows])


def cells(row: Row) -> list[str]:
    network = row.network
    size = ["", "", ""]
    if network is not None:
        giga = "" if network.macs is None else f"{network.macs / 1e9:.1f}"
        called = ", ".join(filter(None, (architecture(network), network.backbone)))
        size = [called, f"{network.parameters / 1e6:.1f} M", giga]
    metrics = [one.metrics for one in row.evaluations]
    figures = [100 * figure for one in metrics for figure in (one.mean_iu, one.pixel_accuracy)]
    return [row.name, *size, row.precision, f"{row.milliseconds:.1f}", *(f"{figure:.2f}" for figure in figures)]


def picture(models: Sequence[Model], data: SegmentationFolder, indices: Iterable[int]) -> Image.Image:
    """Photo, truth and each model's mask, a row for each image. Raises DataError."""
    rows = []
    for index in indices:
        with data.naming(index):
            photo, *masks = seen(models, data.file(index))
        rows.append([photo, coloured(data.truth(index, photo.size), data.classes), *masks])
    return mosaic(["photo", "truth", *(model.contract.name for model in models)], rows)


def picture_of(models: Sequence[Model], photo: bytes) -> Image.Image:
    """A photo without labels, given as its file, and each model's mask. Raises ImageError."""
    return mosaic(["photo", *(model.contract.name for model in models)], [seen(models, photo)])


def seen(models: Sequence[Model], photo: bytes) -> list[Image.Image]:
    """A photo, given as its file, and each model's mask in the class colours. Raises ImageError."""
    results = [serving(model).run(photo, Request(draws_photo=True)) for model in models]
    masks = [coloured(result.labels, result.model.contract.labels) for result in results]
    return [results[0].photo.image, *masks]
