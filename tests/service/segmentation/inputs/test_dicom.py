"""DICOM files of one frame: every transfer syntax, and what is refused."""

import logging
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid

from service.segmentation.errors import DamagedImage, ImageError, ImageTooLarge, UnsupportedFormat, UnusableScan
from service.segmentation.inputs.dicom.slice import read
from service.segmentation.inputs.raster import decode
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.window import Window
from tests.support.dicom import ENCODERS, MARK, PLAIN, SHAPE, SPACING, dataset, dicom, pattern, saved, valid_dicoms
from tests.support.effort import EFFORT, WOUNDED_SCANS
from tests.support.mutations import wounded

CAP = 100_000
SCAN = pattern()
LOSSY = {uid.JPEGBaseline8Bit: 40, uid.JPEGExtended12Bit: 40, uid.JPEGLSNearLossless: 1, uid.JPEG2000: 150}


@pytest.mark.parametrize("syntax", [*PLAIN, *ENCODERS], ids=lambda syntax: syntax.name)
def test_every_transfer_syntax_gives_the_values(syntax: uid.UID) -> None:
    scan = (SCAN // 16).astype(np.uint8) if syntax == uid.JPEGBaseline8Bit else SCAN
    found = read(dicom(scan, syntax, BitsStored=8 if scan.dtype == np.uint8 else 12), CAP)
    assert abs(found.values.astype(int) - scan).max() <= LOSSY.get(syntax, 0)
    assert found.spacing == Spacing(*SPACING)
    photo = decode(dicom(scan, syntax), CAP)
    assert (photo.format, photo.size, photo.spacing) == ("DICOM", SHAPE[::-1], Spacing(*SPACING))
    grey = np.asarray(photo.image)
    assert grey.shape == (*SHAPE, 3)
    assert grey.min() == 0
    assert grey.max() == 255


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless])
@pytest.mark.parametrize("stored", [12, 16])
def test_signed_values_keep_their_signs(syntax: uid.UID, stored: int) -> None:
    scan = (SCAN.astype(np.int16) - 2000).astype(np.int16)
    assert np.array_equal(read(dicom(scan, syntax, BitsStored=stored), CAP).values, scan)


@pytest.mark.parametrize("type_", [np.uint8, np.int8, np.uint32, np.int32])
def test_values_of_other_widths_are_read(type_: type[np.generic]) -> None:
    scan = (SCAN // 40).astype(type_)
    assert np.array_equal(read(dicom(scan), CAP).values, scan)


def test_bits_above_the_value_are_no_part_of_it() -> None:
    assert np.array_equal(read(dicom(SCAN | 0xF000, BitsStored=12), CAP).values, SCAN)


def test_slope_intercept_and_inversion_are_applied() -> None:
    scaled = read(dicom(RescaleSlope=2.5, RescaleIntercept=-10), CAP).values
    assert np.array_equal(scaled, SCAN * np.float32(2.5) - 10)
    inverted = read(dicom(BitsStored=12, PhotometricInterpretation="MONOCHROME1"), CAP).values
    assert np.array_equal(inverted, 4095 - SCAN)


def test_a_window_is_in_the_files_units() -> None:
    grey = np.asarray(decode(dicom(RescaleSlope=0.5), CAP, window=Window(500, 1000)).image)[..., 0]
    expected = np.clip((SCAN / 2 - 500) / 500, 0, 1) * 255
    assert abs(grey - expected).max() <= 1


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({"PixelSpacing": None}, None),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.2, 0.3]}, Spacing(0.2, 0.3)),
        ({"PixelSpacing": [0, 0]}, None),
        ({"PixelSpacing": [0.5]}, None),
    ],
)
def test_a_spacing_that_cannot_be_is_none(elements: dict[str, Any], spacing: Spacing | None) -> None:
    assert read(dicom(**elements), CAP).spacing == spacing


@pytest.mark.parametrize(
    ("elements", "error"),
    [
        ({"PixelData": None}, UnusableScan),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, UnusableScan),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, UnusableScan),
        ({"Rows": 60_000, "Columns": 60_000}, ImageTooLarge),
        ({"Rows": 0}, DamagedImage),
        ({"Rows": 400}, DamagedImage),
        ({"Rows": None}, DamagedImage),
        ({"BitsAllocated": 12}, DamagedImage),
        ({"BitsStored": 99}, DamagedImage),
        ({"NumberOfFrames": 100_000}, ImageTooLarge),
        ({"NumberOfFrames": -1}, DamagedImage),
        ({"NumberOfFrames": 3}, UnusableScan),
        ({"PixelData": b"\0\0"}, DamagedImage),
    ],
)
def test_what_is_no_grey_picture_is_refused(elements: dict[str, Any], error: type[ImageError]) -> None:
    with pytest.raises(error) as caught:
        read(dicom(**elements), CAP)
    assert "SECRET" not in str(caught.value)


def test_an_unknown_compression_is_refused() -> None:
    made = dataset(SCAN)
    made.file_meta.TransferSyntaxUID = uid.MPEG2MPML
    made.PixelData = dataset(SCAN, uid.RLELossless).PixelData
    made["PixelData"].VR = "OB"
    with pytest.raises(UnsupportedFormat, match="compression"):
        read(saved(made), CAP)


@pytest.mark.parametrize("syntax", list(ENCODERS), ids=lambda syntax: syntax.name)
def test_compressed_pixels_of_another_size_than_the_header_says_are_refused(syntax: uid.UID) -> None:
    scan = (SCAN // 16).astype(np.uint8) if syntax == uid.JPEGBaseline8Bit else SCAN
    for rows, columns in ((24, 31), (23, 32), (3000, 30)):
        with pytest.raises(DamagedImage):
            read(dicom(scan, syntax, Rows=rows, Columns=columns), CAP)


def test_a_deflated_bomb_is_refused() -> None:
    file = dicom(syntax=uid.DeflatedExplicitVRLittleEndian)
    end = 144 + int.from_bytes(file[140:144], "little")
    packer = zlib.compressobj(9, wbits=-15)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(32)) + packer.flush()
    with pytest.raises(ImageTooLarge):
        read(file[:end] + bomb, CAP)
    with pytest.raises(DamagedImage):
        read(file[:-20], CAP)


def test_a_file_of_a_million_elements_is_refused() -> None:
    file = dicom()
    many = b"\x09\0\x10\x10LO\0\0" * 1_000_000
    items = b"\x08\0\x11\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0" * 1_000_000
    at = file.index(b"\x08\0\x16\0")
    for inserted in (many, items):
        with pytest.raises(ImageError):
            read(file[:at] + inserted + file[at:], CAP)


def check(data: bytes) -> None:
    """Either a picture that fits its header, or an ImageError that says nothing of the patient, and nothing else."""
    said = None
    try:
        photo = decode(data, CAP)
    except ImageError as error:
        said = str(error)
    if said is not None:
        assert "SECRET" not in said
        return
    assert photo.image.mode == "RGB"
    assert photo.image.size == photo.size
    assert photo.size[0] * photo.size[1] <= CAP


@EFFORT
@given(st.sampled_from(sorted(valid_dicoms().values())), st.data())
def test_a_file_with_other_bytes_in_its_middle_is_a_picture_or_refused(file: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(128, len(file)))
    check(file[:start] + data.draw(st.binary(max_size=20)) + file[start + data.draw(st.integers(0, 20)) :])


def test_every_wounded_file_is_a_picture_or_refused() -> None:
    for _, data in wounded(valid_dicoms(), WOUNDED_SCANS, seed=1, head=900):
        check(data)


def test_nothing_of_the_patient_is_logged_or_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module=r"pydicom")  # as importing the reader does
        for _, data in wounded({"plain": dicom(PatientComments=MARK, PatientBirthDate=MARK)}, 200, seed=2, head=900):
            check(data)
    assert "SECRET" not in caplog.text
    assert not [warning for warning in warned if "SECRET" in str(warning.message)]
