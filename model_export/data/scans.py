"""Scans with a tissue label at every voxel -> a data set of axial slices.

A slice is an RGB image of three neighbours, `SPACING` mm apart from pixel to pixel and slice to slice: red is the slice
below, green the labelled one, blue the one above. Shades are those in which the service shows a whole scan.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model_export.data.tissues import CLASSES, SPACING, Split, prepare
from model_export.errors import DataError
from service.segmentation.errors import ImageError
from service.segmentation.inputs import nifti
from service.segmentation.inputs.axial import Axial, axial
from service.segmentation.inputs.raster import Size
from service.segmentation.inputs.shades import shades
from service.segmentation.inputs.volume import Volume

CANVAS: Size = (192, 224)
"""Width and height of slices: most heads at 1 mm, and multiples of 32."""

MAX_VOXELS = 100_000_000

SCAN, TRUTH = "_t1.nii.gz", "_tissues.nii.gz"
"""How the names of a person's two files end."""


def read_volume(path: Path) -> Volume:
    """A NIfTI file, as the service reads it. Raises DataError."""
    try:
        return nifti.read(path.read_bytes(), MAX_VOXELS)
    except (OSError, ImageError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def read_axial(path: Path) -> Axial:
    """A NIfTI file as axial slices. Raises DataError where it cannot be read or its voxels are not `SPACING` mm."""
    seen = axial(read_volume(path))
    if any(abs(step - SPACING) > 0.01 for step in seen.spacing):
        raise DataError(f"{path} has voxels of {seen.spacing} mm; resample it to {SPACING:g} mm.")
    return seen


def people(folder: Path) -> list[str]:
    """The names of the people in a folder of scans, in order. Raises DataError where there are none."""
    names = sorted(path.name.removesuffix(SCAN) for path in folder.glob("*" + SCAN))
    if not names:
        raise DataError(f"{folder} holds no scans: files whose names end in {SCAN}, each with a {TRUTH}.")
    return names


def chosen(folder: Path, only: str | None) -> list[str]:
    """Of the people in a folder of scans, those whose names `only` has, separated by commas; all without it.

    Raises DataError where there is nobody.
    """
    names = [name for name in people(folder) if only is None or name in only.split(",")]
    if not names:
        raise DataError("Nobody is left; check the names.")
    return names


def slabs(folder: Path, person: str, step: int = 1) -> Iterator[tuple[int, Image.Image, Image.Image]]:
    """Every `step`th slice of a person that holds tissue: its number from the feet, the RGB image and the labels.

    Raises DataError where a file is invalid.
    """
    scan, truth = (read_axial(folder / f"{person}{suffix}").voxels for suffix in (SCAN, TRUTH))
    if scan.shape != truth.shape:
        raise DataError(f"The scan and the labels of {person} are of different shapes.")
    if truth.max() >= len(CLASSES.classes):
        raise DataError(f"The labels of {person} hold ids above {len(CLASSES.classes) - 1}.")
    shown = shades(scan)
    for number in np.flatnonzero(truth.any((1, 2)))[::step].tolist():
        neighbours = np.clip((number - 1, number, number + 1), 0, len(scan) - 1)
        image = shown.of(np.stack([scan[one] for one in neighbours], -1))
        yield number, Image.fromarray(centred(image)), Image.fromarray(centred(truth[number].astype(np.uint8)))


def centred(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of a plane [H, W] or [H, W, 3] on the canvas, black around it."""
    width, height = CANVAS
    canvas = np.zeros((height, width, *plane.shape[2:]), np.uint8)
    here, there = [], []
    for have, want in zip(plane.shape, (height, width), strict=False):
        size = min(have, want)
        here.append(slice((want - size) // 2, (want - size) // 2 + size))
        there.append(slice((have - size) // 2, (have - size) // 2 + size))
    canvas[tuple(here)] = plane[tuple(there)]
    return canvas


def write(
    scans: Path,
    folder: Path,
    split: Split,
    wanted: Callable[[str], bool],
    step: int,
    tracked: Callable[[int], Iterable[int]],
) -> int:
    """Write the slices of the people whose names are wanted into a split of a data set; how many there are.

    Their names start with the person's. Raises DataError.
    """
    chosen = [person for person in people(scans) if wanted(person)]
    if not chosen:
        raise DataError("Nobody is left; check the names.")
    prepare(folder, split)
    count = 0
    for index in tracked(len(chosen)):
        for number, image, label in slabs(scans, chosen[index], step):
            save(folder, split, f"{chosen[index]}_{number:03d}", image, label)
            count += 1
    return count


def save(folder: Path, split: Split, name: str, image: Image.Image, label: Image.Image) -> None:
    """Write one pair of a data set."""
    image.save(folder / split / "images" / f"{name}.png", compress_level=1)
    label.save(folder / split / "labels" / f"{name}.png")
