"""How much memory an image takes at most while it is worked on, known before anything of it is unpacked.

The figures are the peaks of a process that segmented images of 16 megapixels, rounded up; `python -m benchmarks memory`
holds the service to them in a control group.
"""

from service.segmentation.inputs.header import Header

# Bytes per pixel of the picture.
UNPACKING = {"JPEG": 0.0, "PNG": 9.5, "WEBP": 18.0}
"""To have the picture in rows of RGB: with alpha, a PNG is there twice; libwebp has two canvases and a frame beside."""
COEFFICIENT = 2.0
"""For each sample that a JPEG's decoder keeps."""
SHOWN = 8.0
"""For each pixel that is unpacked of a JPEG, which may have to be turned."""
PICTURE = 4.0
MASK = 3.0
"""Labels, and their PNG before and after it is compressed."""
HEATMAP = 1.5
OVERLAY = 9.5
"""The picture that is drawn, and libwebp's encoder."""

# Bytes per pixel of the network's input.
NETWORK = 40
SCORE = 13
"""And class, where probabilities are asked for."""

COPIES = 2
"""Of the file, beside the upload itself."""

SHRINKS = (8, 4, 2)
"""What a JPEG's sides may be divided by while it is unpacked."""


def of_picture(header: Header, needed: tuple[int, int] | None, heatmap: bool) -> int:
    """Bytes for unpacking an image and drawing what is asked for; `needed` is None where that shows the whole photo."""
    width, height = header.size
    pixels = width * height
    shown = pixels
    if needed is not None and header.format == "JPEG":
        shrink = min(width // needed[0], height // needed[1])
        shown //= next((by for by in SHRINKS if by <= shrink), 1) ** 2
    unpacking = (UNPACKING[header.format] + COEFFICIENT * header.buffered) * pixels
    if header.format == "JPEG":
        unpacking += SHOWN * shown
    drawing = PICTURE * shown + (MASK + heatmap * HEATMAP + (needed is None) * OVERLAY) * pixels
    return int(max(unpacking, drawing))


def of_network(pixels: int, classes: int) -> int:
    """Bytes for running a network on an input of `pixels`, with scores for so many classes, 0 where none are wanted."""
    return pixels * (NETWORK + SCORE * classes)


def of_file(size: int) -> int:
    """Bytes for reading a file of `size` bytes."""
    return COPIES * size
