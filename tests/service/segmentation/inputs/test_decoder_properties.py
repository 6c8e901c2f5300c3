"""Properties of the decoder that hold for any bytes."""

import io
import warnings
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from service.segmentation.errors import ImageError, WindowNeeded
from service.segmentation.inputs.orientation import SIDEWAYS
from service.segmentation.inputs.raster import Photo, Size, decode
from service.segmentation.inputs.window import FEW
from tests.support.effort import EFFORT
from tests.support.mutations import mutations, valid
from tests.support.pictures import encoded

CAP = 100_000
MAGIC = st.sampled_from(
    [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBP", b"RIFF\xff\0\0\0WEBPVP8X\x0a\0\0\0"]
)
SIDES = st.integers(1, 60)
SEEDS = st.integers(0, 2**32)

Pixels = npt.NDArray[np.uint8]


def check(data: bytes) -> None:
    """Either an upright RGB image of the size that the header says, or an ImageError, and nothing else."""
    try:
        photo = decode(data, CAP)
    except ImageError:
        return
    assert photo.image.mode == "RGB"
    assert photo.image.size == photo.size
    assert photo.size[0] * photo.size[1] <= CAP
    assert photo.orientation in range(1, 9)
    assert claimed(data, photo) in (photo.size, None)


def claimed(data: bytes, photo: Photo) -> Size | None:
    """The size that Pillow reads in the whole file's header, upright; None where something beside it is broken."""
    with warnings.catch_warnings(action="ignore"):
        try:
            width, height = Image.open(io.BytesIO(data), formats=[photo.format]).size
        except Exception:
            return None
    return (height, width) if photo.orientation in SIDEWAYS else (width, height)


@EFFORT
@given(st.binary(max_size=500))
def test_any_bytes_are_an_image_or_refused(data: bytes) -> None:
    check(data)


@EFFORT
@given(MAGIC, st.binary(max_size=500))
def test_the_first_bytes_of_an_image_and_any_others_are_an_image_or_refused(magic: bytes, data: bytes) -> None:
    check(magic + data)


@EFFORT
@given(st.sampled_from(sorted(valid().items())), st.data())
def test_a_valid_file_with_other_bytes_in_its_middle_is_an_image_or_refused(
    file: tuple[str, bytes], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(file[1])))
    end = data.draw(st.integers(start, min(start + 20, len(file[1]))))
    check(file[1][:start] + data.draw(st.binary(max_size=20)) + file[1][end:])


@EFFORT
@given(SEEDS)
def test_a_wounded_file_is_an_image_or_refused(seed: int) -> None:
    for _, data in mutations(len(valid()), seed):
        check(data)


def grey(pixels: Pixels) -> Pixels:
    return np.repeat(pixels[..., :1], 3, axis=2)


@EFFORT
@given(SIDES, SIDES, SEEDS, st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]))
def test_a_png_of_every_size_and_mode_keeps_every_pixel(width: int, height: int, seed: int, mode: str) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    pixels[0, 0] = 255  # not all of it transparent
    alpha = pixels[..., 3:] // 128 * np.uint8(255)
    if mode == "1":
        image, expected = Image.fromarray(pixels[..., 0] > 99), grey(np.uint8(255) * (pixels > 99))
    elif mode == "L":
        image, expected = Image.fromarray(pixels[..., 0]), grey(pixels)
    elif mode == "LA":
        image = Image.fromarray(np.concatenate([pixels[..., :1], alpha], 2), mode)
        expected = np.where(alpha == 0, np.uint8(255), grey(pixels))
    elif mode == "P":
        image = Image.fromarray(pixels[..., 0])
        image.putpalette(Random(seed).randbytes(768))
        expected = np.asarray(image.convert("RGB"))
    elif mode == "RGB":
        image, expected = Image.fromarray(pixels[..., :3]), pixels[..., :3]
    elif mode == "RGBA":
        image = Image.fromarray(np.concatenate([pixels[..., :3], alpha], 2))
        expected = np.where(alpha == 0, np.uint8(255), pixels[..., :3])
    else:
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 256 + pixels[..., 1])
        expected = grey(pixels)
    if mode == "I;16" and np.ptp(np.asarray(image)) < FEW:
        with pytest.raises(WindowNeeded):
            decode(encoded(image), CAP)
        return
    photo = decode(encoded(image), CAP)
    assert photo.size == (width, height)
    assert np.array_equal(np.asarray(photo.image), expected)


@EFFORT
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 400), st.integers(1, 400), st.integers(1, 8))
def test_of_a_jpeg_never_less_is_unpacked_than_is_needed(
    width: int, height: int, across: int, down: int, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.new("RGB", (width, height), "red"), "JPEG", exif=exif)
    photo = decode(data, CAP, lambda _: (across, down))
    size, unpacked = photo.size, photo.image.size
    if orientation in SIDEWAYS:
        size, unpacked = size[::-1], unpacked[::-1]
    assert size == (width, height)
    assert unpacked[0] >= min(width, across)
    assert unpacked[1] >= min(height, down)
