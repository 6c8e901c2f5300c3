"""How a model for scans labels people: for every tissue Dice, the distance between surfaces, and the volume."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from model_export.data.scans import SCAN, TRUTH, read_axial, read_volume
from model_export.reports.report import markdown
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.volume_segmenter import VolumeSegmenter

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """Of one tissue in one person.

    dice: twice what both have in common over the sum of both, 0..1; 1 where neither has any.
    hd95: mm, the 95th percentile of the distances from each surface to the other; None where one has no surface.
    volume: what is too much, as a share of the truth; None where that is nothing.
    """

    tissue: str
    dice: float
    hd95: float | None
    volume: float | None


def agreement(tissue: str, found: Mask, truth: Mask, spacing: tuple[float, float, float]) -> Agreement:
    """Compare two masks [slice, row, column] with voxels of `spacing` mm."""
    both, sizes = int((found & truth).sum()), (int(found.sum()), int(truth.sum()))
    return Agreement(
        tissue,
        2 * both / sum(sizes) if sum(sizes) else 1.0,
        hd95(found, truth, spacing) if all(sizes) else None,
        sizes[0] / sizes[1] - 1 if sizes[1] else None,
    )


def hd95(one: Mask, other: Mask, spacing: tuple[float, float, float]) -> float:
    """The 95th percentile of Hausdorff's distances, of both directions together, in mm. Both masks hold something."""
    (box,) = ndimage.find_objects((one | other).astype(np.uint8))
    surfaces = [inside & ~ndimage.binary_erosion(inside) for inside in (one[box], other[box])]
    away = [
        ndimage.distance_transform_edt(~surface, spacing)[there]
        for surface, there in zip(surfaces, surfaces[::-1], strict=True)
    ]
    return float(np.percentile(np.concatenate(away), 95))


def judge(model: Model, folder: Path, person: str) -> list[Agreement]:
    """What a model makes of a person's scan, through the service's own segmenter, by tissue.

    Raises DataError where a file is invalid, and NotForScans.
    """
    segmenter = VolumeSegmenter(model, model.run)
    found = segmenter.segment(read_volume(folder / f"{person}{SCAN}"), Call(), lambda *_: None)
    truth = read_axial(folder / f"{person}{TRUTH}").voxels
    return [
        agreement(tissue.name, found.labels == tissue.id, truth == tissue.id, found.seen.spacing)
        for tissue in model.contract.labels.classes[1:]
    ]


def table(model: Model, folder: Path, people: list[str], track: Callable[[int], Iterable[int]]) -> str:
    """The figures of people as a table in Markdown, and their means. Raises DataError and NotForScans."""
    tissues = model.contract.labels.names[1:]
    judged = [judge(model, folder, people[index]) for index in track(len(people))]
    means = [
        Agreement(
            tissue,
            mean(one.dice for one in of),
            average(one.hd95 for one in of),
            average(None if one.volume is None else abs(one.volume) for one in of),
        )
        for tissue, of in zip(tissues, zip(*judged, strict=True), strict=True)
    ]
    rows = [row(person, figures) for person, figures in zip(people, judged, strict=True)]
    captions = ["person", *(f"{tissue}: Dice, HD95 mm, volume" for tissue in tissues)]
    return markdown(captions, [*rows, row("mean, volumes without sign", means)])


def average(values: Iterable[float | None]) -> float | None:
    """The mean of those that there are."""
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def row(person: str, figures: list[Agreement]) -> list[str]:
    cells = [
        f"{one.dice:.3f}, {'-' if one.hd95 is None else f'{one.hd95:.1f}'}, "
        f"{'-' if one.volume is None else f'{one.volume:+.1%}'}"
        for one in figures
    ]
    return [person, *cells]
