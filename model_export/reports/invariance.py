"""How volumes change where the same scan comes in another form."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from model_export.data.scans import SCAN, read_volume
from model_export.data.variants import VARIANTS, nifti, scan_of
from model_export.reports.report import markdown
from model_export.reports.review import segmented
from service.segmentation.runtime.model import Model


def changes(model: Model, folder: Path, people: list[str], track: Callable[[int], Iterable[int]]) -> str:
    """By variant, the change of each tissue's volume: the mean without sign over people, and the largest, in Markdown.

    Raises DataError.
    """
    names = model.contract.labels.names[1:]
    found: dict[str, list[list[float]]] = {name: [] for name in VARIANTS}
    for index in track(len(people)):
        scan = scan_of(read_volume(folder / f"{people[index]}{SCAN}"))
        base = [extent.ml for extent in segmented(model, nifti(scan)).extents[1:]]
        for name, make in VARIANTS.items():
            extents = segmented(model, make(scan)).extents[1:]
            found[name].append([extent.ml / ml - 1 for extent, ml in zip(extents, base, strict=True)])
    rows = [
        (name, *(f"{abs(of).mean():.1%}, at most {abs(of).max():.1%}" for of in np.transpose(shares)))
        for name, shares in found.items()
    ]
    return markdown(("the same scan", *names), rows)
