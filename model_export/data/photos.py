"""Photos without labels, decoded as the service decodes an upload."""

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from model_export.errors import DataError
from service.segmentation.errors import ImageError, UnsupportedFormat
from service.segmentation.inputs.raster import decode

MAX_PIXELS = 100_000_000
"""Of one photo."""


def photos_in(place: Path) -> Iterator[Image.Image]:
    """The photos in a folder and in those inside it, in order of their paths, RGB and upright; or the one photo given.

    A file is passed over if neither its name nor its content is that of an image. Raises DataError, which names the
    file, where a photo cannot be decoded, and where there is no photo.
    """
    if not place.is_dir():
        yield read(place)
        return
    found = False
    for path in sorted(place.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            try:
                photo = read(path)
            except DataError as error:
                if isinstance(error.__cause__, UnsupportedFormat) and not named_as_image(path):
                    continue
                raise
            found = True
            yield photo
    if not found:
        raise DataError(f"{place} holds no photos; put JPEG, PNG or WebP images into it.")


def read(path: Path) -> Image.Image:
    """The photo in a file, RGB and upright. Raises DataError, which names the file, where it cannot be decoded."""
    with naming(path):
        return decode(path.read_bytes(), MAX_PIXELS).image


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn an error about an image into a DataError that names its file."""
    try:
        yield
    except ImageError as error:
        raise DataError(f"{path}: {error}") from error


def named_as_image(path: Path) -> bool:
    """Whether the suffix is that of an image, of whatever format."""
    kind, _ = mimetypes.guess_type(path.name)
    return kind is not None and kind.startswith("image/")
