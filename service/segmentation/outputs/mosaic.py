"""A volume and its labels as one picture: slices of the scan above the same slices under the classes."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.segmentation.inputs.shades import shades
from service.segmentation.measures.volumes import BACKGROUND
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Labels
from service.segmentation.outputs.rendering import palette
from service.segmentation.volume_segmenter import VolumeSegmentation

COLUMNS, ROWS = 6, 2
"""Slices shown in a row, and rows of them; each row has another below it, with the overlays."""
TILE = 224
"""The longest side of a slice in the picture, in pixels."""
OPACITY = 0.5
CAPTION = 14
NOTICE = "axial, feet to head; R: the patient's right. Not a medical device."


def mosaic(segmentation: VolumeSegmentation, classes: ClassList) -> bytes:
    """An RGB PNG of slices at equal distances through the tissues, or through the volume where there are none."""
    seen = segmentation.seen
    _, rows, columns = seen.voxels.shape
    across, down = columns * seen.spacing[2], rows * seen.spacing[1]
    scale = TILE / max(across, down)
    size = max(1, round(across * scale)), max(1, round(down * scale))
    grey = shades(seen.voxels)
    picture = Image.new("RGB", (COLUMNS * size[0], 2 * ROWS * size[1] + CAPTION))
    for at, index in enumerate(chosen(segmentation.labels)):
        row, column = divmod(at, COLUMNS)
        scan = Image.fromarray(grey.of(seen.voxels[index])).resize(size, Image.Resampling.BILINEAR).convert("RGB")
        place = column * size[0], 2 * row * size[1]
        picture.paste(scan, place)
        picture.paste(overlay(scan, segmentation.labels[index], classes), (place[0], place[1] + size[1]))
    draw = ImageDraw.Draw(picture)
    draw.text((2, picture.height - CAPTION + 1), NOTICE, "#ffffff")
    draw.text((2, size[1] // 2 - 6), "R", "#ffffff")
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()


def chosen(labels: NDArray[np.uint8]) -> list[int]:
    """At most COLUMNS * ROWS slices, in order, without the first and the last one with tissue, which show little."""
    tissue = np.flatnonzero((labels != BACKGROUND).any(axis=(1, 2)))
    first, last = (tissue[0], tissue[-1]) if tissue.size else (0, len(labels) - 1)
    places = np.linspace(first, last, COLUMNS * ROWS + 2)[1:-1]
    return sorted({int(place) for place in places.round()})


def overlay(scan: Image.Image, labels: Labels, classes: ClassList) -> Image.Image:
    """The colours of the tissues over a slice. The background stays as it is."""
    indexed = Image.fromarray(labels).resize(scan.size, Image.Resampling.NEAREST)
    tissue = indexed.point([0 if id_ == BACKGROUND else round(255 * OPACITY) for id_ in range(256)])
    indexed.putpalette(palette(classes))
    return Image.composite(indexed.convert("RGB"), scan, tissue)
