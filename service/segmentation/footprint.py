"""An upper bound on the memory for segmenting an image, known from its header.

The figures are the peaks of a process that segmented images of 16 megapixels, rounded up. `python -m benchmarks memory`
checks them in a control group.
"""

from service.segmentation.inputs.header import Header
from service.segmentation.inputs.raster import MOST_PER_PIXEL
from service.segmentation.measures import polygons
from service.segmentation.measures.geometry import MOST_RUNS
from service.segmentation.measures.measure import Measure
from service.segmentation.segmenter import LARGEST

# Bytes per pixel of the picture.
UNPACKING = {"JPEG": 0, "PNG": 12, "WEBP": MOST_PER_PIXEL, "DICOM": 32}
"""To decode the picture to RGB: a PNG with alpha is held twice, and 16-bit grey with a transparent value takes most;
libwebp has two canvases and a frame besides; DICOM values are held as stored, in their units, and twice as doubles."""
COEFFICIENT = 2.0
"""For each sample that a JPEG decoder keeps until the last scan."""
SHOWN = 8.0
"""For each decoded pixel of a JPEG, which may have to be turned."""
PICTURE = 4.0
MASK = 3.0
"""Labels, and their PNG before and after it is compressed."""
MAP = 1.5
"""For each heat map, and map of confidence or entropy."""
OVERLAY = 9.5
"""The drawn picture, and libwebp's encoder."""

# Bytes per pixel of the network's input.
NETWORK = 40
SCORE = 13
"""And class, if probabilities are requested."""
FETCHED = 4
"""And class, if labels are enlarged: its score."""
SQUARE = 12
"""If labels are enlarged: whether an outline passes there, and where."""

DRAWN = 8_000_000
"""Bytes for the outlines that are drawn at a time."""

# Bytes per run of a mask, of which there may be one per pixel.
RUN = 240
"""To find its region."""
ENCODED = 80
"""To compress its length."""
CORNER = 80
"""Of an outline, of which a run has up to four."""

VOXEL = 16
"""Bytes per voxel: as stored, up to 8; as read, up to 4; its label, and the labels of the answer. The
pictures of all slices take less than what was stored, which is gone by then."""

COPIES = 2
"""Of the file, besides the upload itself."""

SHRINKS = (8, 4, 2)
"""By which a JPEG's sides may be divided while it is decoded."""


def of_picture(header: Header, needed: tuple[int, int] | None, maps: int) -> int:
    """Bytes for decoding an image and drawing the result; `needed` is None if the result shows the whole photo.

    `maps`: how many probabilities of every pixel there are.
    """
    width, height = header.size
    pixels = width * height
    shown = pixels
    if needed is not None and header.format == "JPEG":
        shrink = min(width // needed[0], height // needed[1])
        shown //= next((by for by in SHRINKS if by <= shrink), 1) ** 2
    unpacking = (UNPACKING[header.format] + COEFFICIENT * header.buffered) * pixels
    if header.format == "JPEG":
        unpacking += SHOWN * shown
    drawing = PICTURE * shown + (MASK + maps * MAP + (needed is None) * OVERLAY) * pixels
    return int(max(unpacking, drawing))


def of_network(pixels: int, classes: int) -> int:
    """Bytes for running a network on an input of `pixels`, with scores for so many classes; 0 for no scores."""
    return pixels * (NETWORK + SCORE * classes)


def of_geometry(pixels: int, include: frozenset[Measure]) -> int:
    """Bytes for those of these measures that are made of the runs of a mask, one after the other."""
    runs = min(pixels, MOST_RUNS)
    needed = [0]
    if include & {Measure.REGIONS, Measure.POLYGONS}:
        outlined = Measure.POLYGONS in include
        needed.append(runs * RUN + outlined * min(4 * runs, polygons.MOST) * CORNER)
    if Measure.RLE in include:
        needed.append(runs * ENCODED)
    return max(needed)


def of_outlines(pixels: int, classes: int) -> int:
    """Bytes for drawing the outlines of labels that are enlarged from a network's input of `pixels`."""
    return pixels * (SQUARE + FETCHED * classes) + DRAWN


def of_volume(voxels: int, native: int, classes: int, size: int) -> int:
    """Bytes for segmenting a volume in files of `size` bytes by a network of `native` pixels, slice by slice."""
    return voxels * VOXEL + of_network(LARGEST * native, classes) + of_file(size)


def voxels_within(memory: int, native: int, classes: int, size: int) -> int:
    """The most voxels for which `of_volume` stays within so many bytes; 0 where none do."""
    return max(0, (memory - of_volume(0, native, classes, size)) // VOXEL)


def of_file(size: int) -> int:
    """Bytes for reading a file of `size` bytes."""
    return COPIES * size
