"""Labels -> pictures: the mask as an indexed PNG, the overlay on the photo; probabilities -> heat maps."""

import io
import zlib

from PIL import Image, ImageEnhance

from service.segmentation.classes import ClassList
from service.segmentation.contract import Labels
from service.segmentation.errors import PictureTooLarge
from service.segmentation.segmenter import Heatmap

# A mask is areas of one value. Measured on a street of 12 megapixels: runs of equal bytes, and no search for anything
# longer, take four fifths of the time of level 1 and make 21 kB of it in place of 51.
MASK_COMPRESSION = {"compress_level": 1, "compress_type": zlib.Z_RLE}
HEATMAP_LEVEL = 1
OVERLAY_OPACITY = 0.55
OVERLAY_QUALITY = 85
HEATMAP_GROUND = 0.4

# The longest side that each format's encoder takes.
LONGEST_SIDE = {"WEBP": 16_383, "JPEG": 65_500}


def mask_png(labels: Labels, classes: ClassList) -> bytes:
    """An indexed PNG of the labels' size: pixel value = class id, palette = class colours."""
    file = io.BytesIO()
    indexed(labels, classes).save(file, "PNG", **MASK_COMPRESSION)
    return file.getvalue()


def overlay(photo: Image.Image, labels: Labels, classes: ClassList, format_: str) -> bytes:
    """The class colours over the RGB photo, as JPEG or WEBP. Raises PictureTooLarge."""
    return picture(Image.blend(photo, indexed(labels, classes).convert("RGB"), OVERLAY_OPACITY), format_)


def heatmap_png(heatmap: Heatmap) -> bytes:
    """A grey PNG of the heat map's size: 255 where the class is certain."""
    file = io.BytesIO()
    Image.fromarray(heatmap.probability).save(file, "PNG", compress_level=HEATMAP_LEVEL)
    return file.getvalue()


def heatmap_overlay(photo: Image.Image, heatmap: Heatmap, format_: str) -> bytes:
    """The photo in dim grey, lit in the class's colour where the class is probable. Raises PictureTooLarge."""
    dim = ImageEnhance.Brightness(photo.convert("L").convert("RGB")).enhance(HEATMAP_GROUND)
    lit = Image.blend(photo, Image.new("RGB", photo.size, heatmap.class_.rgb), OVERLAY_OPACITY)
    return picture(Image.composite(lit, dim, Image.fromarray(heatmap.probability)), format_)


def picture(image: Image.Image, format_: str) -> bytes:
    """The image as JPEG or WEBP. Raises PictureTooLarge."""
    longest = LONGEST_SIDE[format_]
    if max(image.size) > longest:
        raise PictureTooLarge(f"{format_} pictures end at {longest} pixels a side; ask for image/png instead.")
    file = io.BytesIO()
    image.save(file, format_, quality=OVERLAY_QUALITY, method=0)
    return file.getvalue()


def indexed(labels: Labels, classes: ClassList) -> Image.Image:
    """A palette image of the labels in the class colours."""
    image = Image.fromarray(labels).convert("L")
    image.putpalette([value for c in classes.classes for value in c.rgb])
    return image
