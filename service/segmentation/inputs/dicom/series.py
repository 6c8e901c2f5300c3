"""The files of a DICOM series, or one enhanced file of many frames -> a volume, its slices in order of position."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from service.segmentation.errors import DamagedImage, ImageTooLarge, UnusableScan
from service.segmentation.inputs.affine import check_affine
from service.segmentation.inputs.dicom.acquisition import NOT_MR, acquisition_of
from service.segmentation.inputs.dicom.file import dataset_of, text_of
from service.segmentation.inputs.dicom.pixels import MOST_FRAMES, Layout, frames_of, layout_of
from service.segmentation.inputs.dicom.place import Groups, Place, groups_of, place_of, scale_of
from service.segmentation.inputs.dicom.reference import references
from service.segmentation.inputs.dicom.stack import in_order, stack_affine
from service.segmentation.inputs.source import Source
from service.segmentation.inputs.values import finite, values
from service.segmentation.inputs.volume import Volume, Voxels
from service.segmentation.inputs.warning import ImageWarning

_IMAGE = re.compile(rb".{128}DICM", re.DOTALL)

FILES_IGNORED = ImageWarning(
    "files_ignored", "Some files are not DICOM images, such as an index (DICOMDIR); they were ignored."
)


@dataclass(frozen=True, eq=False)
class _Frame:
    place: Place
    groups: Groups
    instance: Dataset
    number: int


def read(files: Sequence[bytes], max_voxels: int) -> Source:
    """The one volume of a DICOM series. Files that are not images are ignored, with a warning.

    Raises UnusableScan where the files are not one stack of slices at equal distances, UnsupportedFormat, ImageTooLarge
    before a pixel is decoded, DamagedImage, TooManyParts; and MemoryError.
    """
    datasets = [dataset_of(data, 4 * max_voxels) for data in files if _IMAGE.match(data)]
    images = [dataset for dataset in datasets if "PixelData" in dataset]
    if not images:
        raise UnusableScan("There is no DICOM image among the files; send the slices of one series.")
    layouts = [layout_of(dataset) for dataset in images]
    _check_sizes(layouts, max_voxels)
    if len({text_of(dataset, "SeriesInstanceUID") for dataset in images}) > 1:
        raise UnusableScan("The files belong to several series; send those of one.")
    frames = [frame for dataset, layout in zip(images, layouts, strict=True) for frame in _located(dataset, layout)]
    order = in_order([frame.place for frame in frames])
    affine = stack_affine([frames[at].place for at in order])
    check_affine(affine)
    voxels, odd = _voxels(images, layouts, frames, order)
    acquisition = acquisition_of(frames[order[0]].groups)
    warnings = odd + (() if acquisition.modality in {"MR", None} else (NOT_MR,))
    warnings += () if len(images) == len(files) else (FILES_IGNORED,)
    volume = Volume(voxels, affine, voxels.shape, "DICOM", 1, acquisition, warnings)
    ordered = [frames[at] for at in order]
    stored = frames if len(images) == 1 else ordered
    instances = references(
        images if len(images) == 1 else [frame.instance for frame in ordered],
        [frame.place for frame in stored],
        volume.spacing[0],
    )
    return Source(volume, instances, tuple(frame.number for frame in ordered))


def _check_sizes(layouts: list[Layout], max_voxels: int) -> None:
    first = layouts[0]
    if len({(layout.rows, layout.columns) for layout in layouts}) > 1:
        raise UnusableScan("The slices have different sizes; send those of one series, without localisers.")
    slices = sum(layout.frames for layout in layouts)
    if slices * first.rows * first.columns > max_voxels or slices > MOST_FRAMES:
        raise ImageTooLarge(
            f"The scan has {slices} x {first.rows} x {first.columns} voxels, but at most {max_voxels / 1e6:g} million "
            f"in {MOST_FRAMES} slices are allowed; send a part of it."
        )
    if len(layouts) > 1 and max(layout.frames for layout in layouts) > 1:
        raise UnusableScan("There are several files of many frames; send one of them.")


def _located(dataset: Dataset, layout: Layout) -> list[_Frame]:
    frames = []
    for number, groups in enumerate(groups_of(dataset, layout.frames), 1):
        place = place_of(groups)
        if place is None:
            raise UnusableScan(
                "A slice does not say where it lies in the patient (image position, orientation, pixel spacing); "
                "send the scanner's own images, not pictures of a screen."
            )
        frames.append(_Frame(place, groups, dataset, number))
    return frames


def _voxels(
    images: list[Dataset], layouts: list[Layout], frames: list[_Frame], order: list[int]
) -> tuple[Voxels, tuple[ImageWarning, ...]]:
    """[slice, row, column], in the file's units. Takes the pixels out of the data sets."""
    scales = [scale_of(frame.groups) for frame in frames]
    same = len(set(scales)) == 1
    where = {index: at for at, index in enumerate(order)}
    rows, columns = layouts[0].rows, layouts[0].columns
    voxels, index = None, 0
    for dataset, layout in zip(images, layouts, strict=True):
        for stored in frames_of(dataset, layout):
            if voxels is None:
                voxels = np.zeros((len(frames), rows, columns), stored.dtype if same else np.float32)
            if same and stored.dtype != voxels.dtype:
                raise UnusableScan("The slices have different types of pixels; send those of one series.")
            slope, intercept = (1.0, 0.0) if same else scales[index]
            with np.errstate(all="ignore"):  # what overflows is infinite, and dealt with below
                voxels[where[index]] = stored if same else stored * np.float64(slope) + intercept
            index += 1
        del dataset.PixelData
    if voxels is None:
        raise DamagedImage("The DICOM file is damaged: it has no frame; export it again and resend.")
    return values(voxels, *scales[0]) if same else finite(voxels)
