"""Bytes -> an upright RGB image: format by content, pixels capped before unpacking, EXIF applied."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from service.segmentation.errors import DamagedImage, ImageError, ImageTooLarge
from service.segmentation.inputs import jpeg, png, scans, webp
from service.segmentation.inputs.clinical import dicom_slice
from service.segmentation.inputs.container import Container
from service.segmentation.inputs.header import Header, inspect
from service.segmentation.inputs.orientation import SIDEWAYS, UPRIGHT, orientation
from service.segmentation.inputs.plane import Plane
from service.segmentation.inputs.rgb import Develop, as_picture
from service.segmentation.inputs.shades import Shades, shades
from service.segmentation.inputs.sniffing import Format, sniff
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.volume import Acquisition
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.inputs.window import Window

if TYPE_CHECKING:
    from service.segmentation.inputs.dicom.slice import Slice

# Pillow's own guard is a warning up to 179 megapixels; `decode` checks the header against the caller's limit instead.
Image.MAX_IMAGE_PIXELS = None

Size = tuple[int, int]
"""Width and height."""

READERS: dict[Format, Callable[[bytes], Container]] = {"JPEG": jpeg.read, "PNG": png.read, "WEBP": webp.read}

LONGEST_SIDE = 65_535
"""JPEG's own limit. Each row costs something beside its pixels: 50 million rows of a pixel took 7 seconds and 2 GB."""

MOST_PER_PIXEL = 18
"""Bytes that a decoder takes at most: libwebp, for two canvases, a frame and the picture."""

MOST_DRAWN = 2_500_000_000
"""Pixels times scans. A scan of 50 bytes goes over all pixels again, at a nanosecond each; ordinary files have ten."""


@dataclass(frozen=True)
class Photo:
    """A decoded upload.

    `image` is RGB and upright, as is `size`, the upload's own: where the caller needed less, the image may be smaller.
    `orientation` is the EXIF value (1 to 8) that was applied, 1 where the file has none; `warnings` say what is odd.
    `spacing`, `plane` and `acquisition` are what a DICOM file says of its pixels, its place and its making.
    """

    image: Image.Image
    size: Size
    format: Format
    orientation: int
    warnings: tuple[ImageWarning, ...] = ()
    spacing: Spacing | None = None
    plane: Plane | None = None
    acquisition: Acquisition | None = None


def decode(
    data: bytes,
    max_pixels: int,
    needed: Callable[[Size], Size] | None = None,
    window: Window | None = None,
    develop: Develop = as_picture,
) -> Photo:
    """Decode an image file of at most `max_pixels` pixels; `develop` makes RGB of what is unpacked.

    Where `needed` says that less than the file's size will do, a JPEG is unpacked at a half, a quarter or an eighth of
    its size, no smaller than that: the pixels left out are never computed.

    Grey and palette images become RGB, 16-bit samples keep their high byte unless grey ones have a `window`,
    transparent pixels lie on white; of an animation the first frame is taken. Of a DICOM file, the values of nearly all
    pixels fill the range from black to white, unless there is a `window`.

    Raises UnsupportedFormat, FormatNotInstalled, TooManyParts, ImageTooLarge (before any pixel is unpacked),
    DamagedImage, UnusableScan, WindowNeeded; and MemoryError.
    """
    format_ = sniff(data)
    if format_ == "DICOM":
        return of_slice(dicom_slice(data, max_pixels), inspect(data), window, develop)
    return of_file(data, format_, max_pixels, needed, window, develop)


def of_file(
    data: bytes,
    format_: Format,
    max_pixels: int,
    needed: Callable[[Size], Size] | None,
    window: Window | None,
    develop: Develop,
) -> Photo:
    """A JPEG, PNG or WebP image as a photo; see `decode`."""
    try:
        opened = READERS[format_](data)
        with Image.open(io.BytesIO(opened.data), formats=[format_]) as image:
            check(image.size, opened.scans, max_pixels)
            check_header(image.size, inspect(data))
            width, height = image.size
            if needed is not None:
                image.draft(None, needed(image.size))  # does nothing where the format has no such way
            if isinstance(image, JpegImageFile) and opened.scans > 1:
                scans.load(image, opened.data)
            image.load()
            if format_ == "PNG":
                png.require_all_rows(image, opened.data)
            turned = orientation(opened.exif)
            upright, warnings = develop(image, opened, window)
            if upright is not image:
                image.close()  # its pixels go now
            if turned in UPRIGHT:
                upright = upright.transpose(UPRIGHT[turned])
            elif upright is image and format_ == "WEBP":
                upright = image.copy()  # the file's decoder holds two more pictures for as long as it lives
            size = (height, width) if turned in SIDEWAYS else (width, height)
            return Photo(upright, size, format_, turned, warnings)
    except (ImageError, MemoryError):
        raise
    # Damaged files raise OSError, SyntaxError, ValueError, TypeError, struct.error and more, by version.
    except Exception as error:
        require_room_for(inspect(data), max_pixels)
        wrong = "cut off" if "truncated" in str(error) else "damaged and cannot be decoded"
        raise DamagedImage(f"The {format_} image is {wrong}; save it again and resend.") from error


def of_slice(slice_: "Slice", header: Header | None, window: Window | None, develop: Develop) -> Photo:
    """A DICOM image as a photo: grey values by the window, in the file's units, or by the range of nearly all.

    Raises DamagedImage where its size is not the header's.
    """
    height, width = slice_.values.shape
    check_header((width, height), header)
    if window is None:
        image = Image.fromarray(shades(slice_.values).of(slice_.values)).convert("RGB")
    else:
        low = float(slice_.values.min()) if window.low is None else window.low
        high = float(slice_.values.max()) if window.high is None else window.high
        grey = Shades(low, max(high, low + 1)).of(slice_.values)
        image, _ = develop(Image.fromarray(grey), Container(b""), None)
    return Photo(image, (width, height), "DICOM", 1, slice_.warnings, slice_.spacing, slice_.plane, slice_.acquisition)


def require_room_for(header: Header | None, max_pixels: int) -> None:
    """Raises MemoryError where there is not enough for the picture: decoders then fail as for damaged files."""
    width, height = (0, 0) if header is None else header.size
    bytearray(MOST_PER_PIXEL * min(max_pixels, width * height))  # zeros that are never touched take no memory


def check_header(size: Size, header: Header | None) -> None:
    """Raises DamagedImage where the size is not the header's, by which memory is reserved."""
    if header is None or header.size != size:
        raise DamagedImage("The image is damaged: its header gives another size; save it again and resend.")


def check(size: Size, scans: int, max_pixels: int) -> None:
    """Raises ImageTooLarge where unpacking would take too long, before anything is."""
    width, height = size
    pixels = width * height
    if pixels > max_pixels:
        raise ImageTooLarge(
            f"The image is {width} x {height} = {pixels / 1e6:.1f} megapixels, "
            f"but at most {max_pixels / 1e6:g} are allowed; send a smaller one."
        )
    if max(size) > LONGEST_SIDE:
        raise ImageTooLarge(
            f"The image is {width} x {height}, but a side has at most {LONGEST_SIDE} pixels; send it in pieces."
        )
    if pixels * scans > MOST_DRAWN:
        raise ImageTooLarge(
            f"The image draws its {pixels / 1e6:.1f} megapixels in {scans} scans; save it as a baseline JPEG."
        )
