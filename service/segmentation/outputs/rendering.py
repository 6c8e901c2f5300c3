"""Labels -> pictures: the mask as an indexed PNG, the overlay on the photo; probabilities -> heat maps."""

import io
from collections.abc import Callable

from PIL import Image, ImageEnhance

from service.segmentation.errors import PictureTooLarge
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.classes import ClassList
from service.segmentation.modelfile.contract import Labels
from service.segmentation.outputs.png import png
from service.segmentation.segmenter import Heatmap
from service.segmentation.stripes import stripes

OVERLAY_OPACITY = 0.55
OVERLAY_QUALITY = 85
HEATMAP_GROUND = 0.4

# The longest side that each format's encoder takes.
LONGEST_SIDE = {"WEBP": 16_383, "JPEG": 65_500}


def mask_png(labels: Labels, classes: ClassList) -> bytes:
    """An indexed PNG of the labels' size: pixel value = class id, palette = class colours."""
    return png(labels, bytes(palette(classes)))


def overlay(photo: Image.Image, labels: Labels, classes: ClassList, format_: str) -> bytes:
    """The class colours over the RGB photo, as JPEG or WEBP. Raises PictureTooLarge."""

    def draw(stripe: Image.Image, rows: slice) -> Image.Image:
        return Image.blend(stripe, indexed(labels[rows], classes).convert("RGB"), OVERLAY_OPACITY)

    check(photo.size, format_)
    return encoded(in_stripes(photo, draw), format_)


def heatmap_png(heatmap: Heatmap) -> bytes:
    """A grey PNG of the heat map's size: 255 where the class is certain."""
    return png(heatmap.probability)


def heatmap_overlay(photo: Image.Image, heatmap: Heatmap, format_: str) -> bytes:
    """The photo in dim grey, lit in the class's colour where the class is probable. Raises PictureTooLarge."""

    def draw(stripe: Image.Image, rows: slice) -> Image.Image:
        dim = ImageEnhance.Brightness(stripe.convert("L").convert("RGB")).enhance(HEATMAP_GROUND)
        lit = Image.blend(stripe, Image.new("RGB", stripe.size, heatmap.class_.rgb), OVERLAY_OPACITY)
        return Image.composite(lit, dim, Image.fromarray(heatmap.probability[rows]))

    check(photo.size, format_)
    return encoded(in_stripes(photo, draw), format_)


def in_stripes(photo: Image.Image, draw: Callable[[Image.Image, slice], Image.Image]) -> Image.Image:
    """What `draw` makes of each stripe of an RGB photo and of its rows, put together."""
    boxes = list(stripes(photo.size))
    if len(boxes) == 1:
        return draw(photo, slice(None))  # a small photo is not copied
    drawn = Image.new("RGB", photo.size)
    for box in boxes:
        _, top, _, bottom = box
        drawn.paste(draw(photo.crop(box), slice(top, bottom)), box)
    return drawn


def check(size: Size, format_: str) -> None:
    """Raises PictureTooLarge where the format cannot hold a picture of `size`."""
    longest = LONGEST_SIDE[format_]
    if max(size) > longest:
        raise PictureTooLarge(f"{format_} pictures end at {longest} pixels a side; ask for image/png instead.")


def encoded(image: Image.Image, format_: str) -> bytes:
    """An RGB image as JPEG or WEBP. Raises MemoryError."""
    file = io.BytesIO()
    try:
        image.save(file, format_, quality=OVERLAY_QUALITY, method=0)
    except Exception as error:  # "encoding error 1": for an image that fits the format, memory is all that can lack
        raise MemoryError from error
    return file.getvalue()


def indexed(labels: Labels, classes: ClassList) -> Image.Image:
    """A palette image of the labels in the class colours."""
    image = Image.fromarray(labels).convert("L")
    image.putpalette(palette(classes))
    return image


def palette(classes: ClassList) -> list[int]:
    """Red, green and blue of each class, 0..255."""
    return [value for c in classes.classes for value in c.rgb]
