"""A DICOM file of one frame -> a picture of grey values."""

from dataclasses import dataclass

import numpy as np

from service.segmentation.errors import UnusableScan
from service.segmentation.inputs.dicom.acquisition import acquisition_of
from service.segmentation.inputs.dicom.file import dataset_of
from service.segmentation.inputs.dicom.pixels import check_size, frames_of, layout_of
from service.segmentation.inputs.dicom.place import Groups, affine_of, axes_of, groups_of, scale_of, spacing_of
from service.segmentation.inputs.plane import Plane, plane_of
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.values import values
from service.segmentation.inputs.volume import Acquisition, Voxels
from service.segmentation.inputs.warning import ImageWarning

_BYTES = 4
"""Of a pixel, at most, before it is compressed."""


@dataclass(frozen=True, eq=False)
class Slice:
    """values: [rows, columns], in the file's units. spacing, plane: None where the file does not say."""

    values: Voxels
    spacing: Spacing | None
    plane: Plane | None
    acquisition: Acquisition
    warnings: tuple[ImageWarning, ...] = ()


def read(data: bytes, max_pixels: int) -> Slice:
    """The one frame of a DICOM file of at most `max_pixels` pixels.

    Raises UnsupportedFormat, UnusableScan, ImageTooLarge before a pixel is decoded, DamagedImage, TooManyParts; and
    MemoryError.
    """
    dataset = dataset_of(data, _BYTES * max_pixels)
    layout = layout_of(dataset)
    check_size(layout, max_pixels)
    if layout.frames > 1:
        raise UnusableScan(f"The DICOM file has {layout.frames} frames; post it to /volumes, or send one of them.")
    (groups,) = groups_of(dataset, 1)
    (frame,) = frames_of(dataset, layout)
    found, odd = values(frame[np.newaxis], *scale_of(groups))
    return Slice(found[0], spacing_of(groups), _plane(groups), acquisition_of(groups), odd)


def _plane(groups: Groups) -> Plane | None:
    axes = axes_of(groups)
    return None if axes is None else plane_of(affine_of(*axes, np.cross(*axes), np.zeros(3)))
