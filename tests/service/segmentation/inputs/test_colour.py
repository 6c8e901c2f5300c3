"""Colour profiles far from sRGB are applied, as Little CMS applies them; close ones, and none, change nothing."""

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from service.segmentation.inputs.colour import correction
from service.segmentation.inputs.icc import MOST_BYTES
from service.segmentation.inputs.raster import decode
from tests.support import anatomy
from tests.support.anatomy import curve, icc, parametric
from tests.support.pictures import encoded, quarters

Pixels = npt.NDArray[np.int64]

SRGB_CURVE = parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
P3 = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189), b"bXYZ": (0.1571, 0.06657, 0.78407)}
SRGB = {b"rXYZ": (0.43607, 0.22249, 0.01392), b"gXYZ": (0.38515, 0.71687, 0.09708), b"bXYZ": (0.14307, 0.06061, 0.7141)}
ADOBE = {
    b"rXYZ": (0.60974, 0.31111, 0.01947),
    b"gXYZ": (0.20528, 0.62567, 0.06087),
    b"bXYZ": (0.14919, 0.06322, 0.74457),
}


def display(tone: bytes, primaries: dict[bytes, tuple[float, float, float]]) -> bytes:
    return icc({b"rTRC": tone, b"gTRC": tone, b"bTRC": tone}, primaries)


FAR = {
    "Display P3": display(SRGB_CURVE, P3),
    "Adobe RGB": display(curve(563), ADOBE),
    "linear light": display(curve(), SRGB),
    "linear by a table": display(curve(0, 32768, 65535), SRGB),
    "gamma 1.8": display(parametric(0, 1.8), SRGB),
}
CLOSE = {
    "sRGB": display(SRGB_CURVE, SRGB),
    "sRGB of Little CMS": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "gamma 2.2": display(parametric(0, 2.2), SRGB),
    "junk": b"junk" * 100,
    "a curve that ends the file": display(SRGB_CURVE, SRGB)[:-20],
    "a table of 4 billion": display(b"curv\0\0\0\0" + b"\xff" * 8, P3),
    "a curve of another kind": display(b"sf32" + bytes(20), P3),
    "a parametric curve of another kind": display(parametric(9, 1.0), P3),
    "primaries that are one": display(SRGB_CURVE, dict.fromkeys(P3, (0.0, 0.0, 0.0))),
    "a billion tags": FAR["Display P3"][:128] + b"\x3f\xff\xff\xff" + bytes(200),
    "printers' tables": icc({b"A2B0": b"mft2" + bytes(100)}, {}, b"CMYK"),
}


def colours() -> Image.Image:
    """Smooth, so that JPEG keeps them."""
    across, down = np.meshgrid(np.linspace(0, 255, 96), np.linspace(0, 255, 64))
    return Image.fromarray(np.stack((across, down, 255 - across), axis=-1).astype(np.uint8))


def decoded(file: bytes) -> Pixels:
    return np.asarray(decode(file, 10**6).image).astype(int)


def shown(image: Image.Image, profile: bytes) -> Pixels:
    """What Little CMS makes of the image."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), renderingIntent=intent)
    return np.asarray(converted).astype(int)


@pytest.mark.parametrize("profile", FAR.values(), ids=FAR)
@pytest.mark.parametrize(
    ("format_", "options"), [("PNG", {}), ("JPEG", {"quality": 98, "subsampling": 0}), ("WEBP", {"lossless": True})]
)
def test_colours_far_from_srgb_are_converted_as_by_a_colour_engine(
    profile: bytes, format_: str, options: dict[str, object]
) -> None:
    plain = decoded(encoded(colours(), format_, **options))
    expected = shown(Image.fromarray(plain.astype(np.uint8)), profile)
    corrected = decoded(encoded(colours(), format_, icc_profile=profile, **options))
    assert np.abs(corrected - expected).mean() < 1.5
    assert np.abs(corrected - plain).max() > 15


@pytest.mark.parametrize("profile", CLOSE.values(), ids=CLOSE)
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_colours_close_to_srgb_and_damaged_profiles_change_nothing(profile: bytes, format_: str) -> None:
    plain = decoded(encoded(colours(), format_))
    assert np.array_equal(decoded(encoded(colours(), format_, icc_profile=profile)), plain)


def test_white_stays_white_and_black_black() -> None:
    for profile in FAR.values():
        for level in (0, 255):
            image = Image.new("RGB", (4, 4), (level, level, level))
            assert np.abs(decoded(encoded(image, icc_profile=profile)) - level).max() <= 1


@pytest.mark.parametrize("colour", [100, (100, 255)], ids=["L", "LA"])
@pytest.mark.parametrize("gamma", [256, 461])
def test_a_grey_profile_is_applied_to_grey(colour: int | tuple[int, int], gamma: int) -> None:
    profile = icc({b"kTRC": curve(gamma)}, {}, b"GRAY")
    light = (100 / 255) ** (gamma / 256)
    expected = round(255 * (1.055 * light ** (1 / 2.4) - 0.055))
    image = Image.new("L" if isinstance(colour, int) else "LA", (2, 2), colour)
    assert (decoded(encoded(image, icc_profile=profile)) == expected).all()
    assert np.array_equal(decoded(encoded(colours(), icc_profile=profile)), np.asarray(colours()))


def with_gamma(value: int, *others: tuple[bytes, bytes]) -> Pixels:
    file = anatomy.with_chunks(encoded(colours()), (b"gAMA", struct.pack(">I", value)), *others)
    return decoded(file)


@pytest.mark.parametrize("value", [100_000, 55_556])
def test_a_png_s_gamma_is_applied_where_it_is_far(value: int) -> None:
    expected = shown(colours(), display(parametric(0, 100_000 / value), SRGB))
    assert np.abs(with_gamma(value) - expected).max() <= 1


@pytest.mark.parametrize("value", [45_455, 0, 1, 2**32 - 1])
def test_a_png_s_gamma_that_is_close_or_nonsense_is_ignored(value: int) -> None:
    assert np.array_equal(with_gamma(value), np.asarray(colours()))


@pytest.mark.parametrize("other", [(b"sRGB", b"\0"), (b"iCCP", b"x\0\0" + zlib.compress(CLOSE["sRGB"]))])
def test_a_png_that_says_more_than_its_gamma_is_believed(other: tuple[bytes, bytes]) -> None:
    assert np.array_equal(with_gamma(100_000, other), np.asarray(colours()))


def test_a_profile_in_pieces_is_joined_and_one_that_misses_a_piece_ignored() -> None:
    profile, plain = FAR["linear light"], encoded(colours(), "JPEG")

    def file(*numbers: int) -> bytes:
        pieces = [b"ICC_PROFILE\0" + bytes((n, 3)) + profile[(n - 1) * 150 : n * 150] for n in numbers]
        return anatomy.with_segments(plain, *[anatomy.segment(0xE2, piece) for piece in pieces])

    whole = decoded(encoded(colours(), "JPEG", icc_profile=profile))
    for order in ((1, 2, 3), (3, 1, 2)):
        assert np.array_equal(decoded(file(*order)), whole)
    broken: list[tuple[int, ...]] = [(1, 3), (2, 3), (1, 2, 2, 3)]
    for numbers in broken:
        assert np.array_equal(decoded(file(*numbers)), decoded(plain))


def test_a_profile_that_unpacks_to_much_is_not_unpacked() -> None:
    bomb = FAR["linear light"] + bytes(100 * MOST_BYTES)
    assert np.array_equal(decoded(encoded(colours(), icc_profile=bomb)), np.asarray(colours()))


def test_a_corrected_photo_is_turned_too() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = decode(encoded(quarters(), icc_profile=FAR["linear light"], exif=exif), 10**6)
    assert photo.size == (64, 96)


def test_parametric_curves_of_every_type_are_the_standard_s() -> None:
    """Each describes light itself."""
    types: list[tuple[float, ...]] = [(1,), (1, 1, 0), (1, 1, 0, 0), (1, 1, 0, 1, 0.5), (1, 1, 0, 1, 0.5, 0, 0)]
    for type_, values in enumerate(types):
        found = correction(display(parametric(type_, *values), SRGB), None, grey=False)
        expected = correction(FAR["linear light"], None, grey=False)
        assert found is not None
        assert expected is not None
        assert found.tables == expected.tables
