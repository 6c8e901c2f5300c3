"""What images consist of, as a model sees them: the reference for its file, and how far the images of places drift.

Images are segmented as the service does it; what they are labelled as does not matter.
"""

from collections.abc import Iterator, Sequence
from statistics import mean

import numpy as np

from model_export.data.folder import SegmentationFolder, starting_with
from model_export.data.place import Place
from model_export.data.scans import SCAN, chosen, read_volume
from model_export.errors import DataError
from model_export.onnx.export import spread
from model_export.reports.evaluate import Track
from model_export.reports.predictions import serving
from model_export.reports.report import markdown
from service.segmentation.measures.composition import Composition
from service.segmentation.measures.drift import Window, compared
from service.segmentation.measures.volumes import BACKGROUND, composition_of
from service.segmentation.modelfile.contract import Distribution, Reference
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.volume_segmenter import VolumeSegmenter

QUANTILES = np.arange(1, 10) / 10
"""The bins of a reference are tenths, as in the population stability index. Where many shares are 0, fewer."""

DIGITS = 6


def reference(model: Model, place: Place, count: int, track: Track) -> Reference:
    """What up to `count` images of a place consist of, spread evenly over it. Raises DataError."""
    found = seen(model, place, count, track)
    shares = {
        name: distribution([image.shares[id_] for image in found])
        for id_, name in enumerate(model.contract.labels.names)
        if not (model.contract.for_scans and id_ == BACKGROUND)
    }
    known = [image.confidence for image in found if image.confidence is not None]
    return Reference(place.name, len(found), shares, distribution(known) if known else None)


def distribution(values: Sequence[float]) -> Distribution:
    """Of values, 0..1, in bins of a tenth of them each."""
    edges = np.unique(np.quantile(values, QUANTILES, method="inverted_cdf").round(DIGITS))
    bins = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) / len(values)
    return Distribution(round(mean(values), DIGITS), tuple(edges.tolist()), tuple(bins.round(DIGITS).tolist()))


def seen(model: Model, place: Place, count: int, track: Track) -> list[Composition]:
    """What is compared of the images at a place. Raises DataError."""
    found = [one for image in images(model, place, count, track) for one in compared(model.contract, image)]
    if not found:
        raise DataError(f"There is nothing to compare at {place.name}.")
    return found


def images(model: Model, place: Place, count: int, track: Track) -> Iterator[Composition]:
    """What `count` images of a place consist of. The place of a model for scans is a folder of scans, of which `count`
    are taken."""
    if model.contract.for_scans:
        people = chosen(place.folder, place.only)
        segmenter = VolumeSegmenter(model, model.run)
        for at in spread(len(people), count, track):
            volume = read_volume(place.folder / f"{people[at]}{SCAN}")
            yield composition_of(segmenter.segment(volume, Call(), lambda *_: None).tally)
        return
    folder = SegmentationFolder(place.folder, place.split, stretch=place.stretch)
    if place.only is not None:
        folder.keep(starting_with(place.only))
    pipeline = serving(model)
    for at in spread(len(folder), count, track):
        with folder.naming(at):
            yield pipeline.run(folder.file(at), Request(confidence=True)).composition


def table(model: Model, places: Sequence[Place], count: int, track: Track) -> str:
    """What a service says of its drift after `count` images of a place: which of the model's places is nearest,
    and how far it is. Raises DataError where the file has none.
    """
    if not model.contract.references:
        raise DataError(f"{model.contract.name} has no references; give it some: python -m model_export reference.")
    return markdown(
        ["where", "images", "nearest", "drift, mean of classes", "most", "confidence"],
        [row(model, place, count, track) for place in places],
    )


def row(model: Model, place: Place, count: int, track: Track) -> list[str]:
    window = Window(model.contract)
    for one in images(model, place, count, track):
        window.add(one)
    nearest = min(window.drifts(), key=lambda drift: drift.mean)
    most = max(nearest.shares, key=lambda name: nearest.shares[name])
    return [
        place.name,
        str(len(window)),
        nearest.place,
        f"{nearest.mean:.2f}",
        f"{most} {nearest.shares[most]:.2f}",
        "-" if nearest.confidence is None else f"{nearest.confidence:.2f}",
    ]
