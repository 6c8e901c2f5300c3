"""What images consist of, as a model sees them: the reference for its file, and how far the images of places drift.

Images are segmented as the service does it; what they are labelled as does not matter.
"""

from collections.abc import Iterator, Sequence
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from model_export.data.folder import SegmentationFolder, starting_with
from model_export.data.place import Place
from model_export.data.scans import SCAN, chosen, read_volume
from model_export.errors import DataError
from model_export.onnx.export import evenly
from model_export.reports.evaluate import Track
from model_export.reports.predictions import serving
from model_export.reports.report import markdown
from service.segmentation.measures.composition import Composition
from service.segmentation.measures.drift import FEWEST, Window, compared
from service.segmentation.measures.volumes import BACKGROUND, composition_of
from service.segmentation.modelfile.contract import Distribution, Reference
from service.segmentation.pipeline import Request
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.volume_segmenter import VolumeSegmenter

QUANTILES = np.arange(1, 10) / 10
"""The bins of a reference are tenths, as in the population stability index. Where many shares are 0, fewer."""

DIGITS = 6


def reference(model: Model, places: Sequence[Place], count: int, track: Track) -> Reference:
    """What up to `count` images of each place consist of, spread evenly over it; the places count alike.

    Raises DataError.
    """
    found = [seen(model, place, count, track) for place in places]
    weights = np.concatenate([np.full(len(images), 1 / len(images)) for images in found])
    images = [image for of_place in found for image in of_place]
    names = model.contract.labels.names
    shares = {
        name: distribution(np.array([image.shares[id_] for image in images]), weights)
        for id_, name in enumerate(names)
        if not (model.contract.for_scans and id_ == BACKGROUND)
    }
    known = [image.confidence for image in images if image.confidence is not None]
    confidence = distribution(np.array(known), weights) if len(known) == len(images) else None
    return Reference(len(images), tuple(place.name for place in places), shares, confidence)


def distribution(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Distribution:
    """Of values, 0..1, with these weights."""
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order] / weights.sum()
    at = np.searchsorted(np.cumsum(weights), QUANTILES).clip(max=len(values) - 1)
    edges = np.unique(values[at].round(DIGITS))
    bins = np.bincount(np.searchsorted(edges, values), weights, len(edges) + 1)
    return Distribution(
        round(float(np.average(values, weights=weights)), DIGITS),
        tuple(edges.tolist()),
        tuple(bins.round(DIGITS).tolist()),
    )


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


def spread(length: int, count: int, track: Track) -> Iterator[int]:
    """Up to `count` of `length` places, evenly."""
    places = evenly(length, count)
    return (places[index] for index in track(len(places)))


def table(model: Model, places: Sequence[Place], count: int, track: Track) -> str:
    """What the gauges of a service show after `count` images of a place, a line for each.

    Raises DataError where the file has no reference.
    """
    if model.contract.reference is None:
        raise DataError(f"{model.contract.name} has no reference; give it one: python -m model_export reference.")
    return markdown(
        ["where", "images", "drift, mean of classes", "most", "confidence"],
        [row(model, place, count, track) for place in places],
    )


def row(model: Model, place: Place, count: int, track: Track) -> list[str]:
    window, number = Window(model.contract), 0
    for one in seen(model, place, count, track):
        window.add(one)
        number += 1
    if number < FEWEST:
        return [place.name, str(number), *["-"] * 3]
    drifts = {name: drift for name, one in window.classes.items() if (drift := one.drift) is not None}
    most = max(drifts, key=lambda name: drifts[name])
    confidence = None if window.confidence is None else window.confidence.drift
    return [
        place.name,
        str(number),
        f"{mean(drifts.values()):.2f}",
        f"{most} {drifts[most]:.2f}",
        "-" if confidence is None else f"{confidence:.2f}",
    ]
