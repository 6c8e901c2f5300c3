"""Whether the service asks for a review of spoiled scans, and of no others."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from model_export.data.scans import MAX_VOXELS, SCAN, read_volume
from model_export.data.spoiling import SPOILED
from model_export.data.variants import nifti, scan_of
from model_export.reports.report import markdown
from service.segmentation.measures.contrast import contrast_of
from service.segmentation.measures.shape import shape_of
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from service.segmentation.volume_pipeline import VolumePipeline, VolumeResult

GOOD = "as they are"


@dataclass(frozen=True)
class Reviewed:
    """What the service said of one scan: the codes of the reasons, and what they were judged by."""

    person: str
    spoiled: str
    reasons: tuple[str, ...]
    measures: dict[str, float]


def segmented(model: Model, file: bytes) -> VolumeResult:
    """A scan through the service's pipeline. Raises ImageError and NotForScans."""
    pipeline, call = VolumePipeline(Segmenter(model), MAX_VOXELS), Call()
    return pipeline.run([file], pipeline.read([file], call), call, lambda *_: None)


def measures_of(result: VolumeResult) -> dict[str, float]:
    """The figures from which the reasons follow."""
    seen, labels = result.segmentation.seen, result.segmentation.labels
    names, extents = result.model.contract.labels.names, result.extents
    tissues = extents[1:]
    voxels = sum(extent.voxels for extent in tissues)
    shape, contrast = shape_of(labels, seen.spacing), contrast_of(seen.voxels, labels, len(names))
    steps = {f"{names[id_]} over {names[id_ - 1]}": contrast.between(id_, id_ - 1) for id_ in range(2, len(names))}
    return {
        **{f"{name}, mL": extent.ml for name, extent in zip(names[1:], tissues, strict=True)},
        "confidence": sum(e.voxels * (e.confidence or 0) for e in tissues) / voxels if voxels else 0.0,
        **{f"confidence of {name}": extent.confidence or 0.0 for name, extent in zip(names[1:], tissues, strict=True)},
        **({} if shape is None else asdict(shape)),
        **steps,
    }


def reviewed(model: Model, folder: Path, person: str, wanted: Callable[[str], bool], seed: int) -> Iterator[Reviewed]:
    """A person's scan as it is, then spoiled in every way that is wanted. Raises DataError."""
    scan = scan_of(read_volume(folder / f"{person}{SCAN}"))
    files = {GOOD: lambda: nifti(scan)} | {
        name: lambda spoil=spoil: nifti(spoil(scan, np.random.default_rng(seed))) for name, spoil in SPOILED.items()
    }
    for name, make in files.items():
        if wanted(name):
            result = segmented(model, make())
            yield Reviewed(person, name, tuple(reason.code for reason in result.review), measures_of(result))


def table(found: Iterable[Reviewed]) -> str:
    """By what was done to the scans, how many were caught, and with which reasons, in Markdown."""
    by: dict[str, list[Reviewed]] = {}
    for one in found:
        by.setdefault(one.spoiled, []).append(one)
    rows = []
    for name, scans in by.items():
        codes = Counter(code for one in scans for code in set(one.reasons))
        caught = sum(bool(one.reasons) for one in scans)
        rows.append((name, f"{caught} of {len(scans)}", ", ".join(f"{code} {n}" for code, n in codes.most_common())))
    return markdown(("scans", "sent to a review", "reasons"), rows)


def save(found: Iterable[Reviewed], file: TextIO) -> None:
    """The measures of every scan as CSV, to choose limits by."""
    rows = [
        {"person": one.person, "scans": one.spoiled, "reasons": " ".join(one.reasons)}
        | {name: f"{value:.4g}" for name, value in one.measures.items()}
        for one in found
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(file, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
