"""Labels as a DICOM Segmentation: read back by highdicom, and checked by dciodvfy of dicom3tools."""

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.segmentation.errors import ImageError, UnusableScan
from service.segmentation.inputs.source import Source
from service.segmentation.modelfile.classes import Class, ClassList
from tests.support import colours, tissues
from tests.support.debian import need
from tests.support.effort import WOUNDED_SCANS
from tests.support.mutations import wounded

pydicom = pytest.importorskip("pydicom")
highdicom = pytest.importorskip("highdicom")

from service.segmentation.inputs.dicom.series import read  # noqa: E402
from service.segmentation.outputs.dicomseg import dicomseg  # noqa: E402
from tests.support.dicom import SPACING, dicom, enhanced, pattern, series  # noqa: E402

CAP = 1_000_000
CONTRACT = colours.contract(name="tissues", labels=tissues.CLASSES)
ODD = ClassList((Class(0, "air", "#000000"), Class(1, "a\\b" * 30, "#ff0000"), Class(2, "Größe", "#00ff00")))
OBLIQUE = [0.9, 0.3, -0.316228, -0.3, 0.95, 0.0874]


def oblique(count: int = 6) -> list[bytes]:
    """A series whose slices lie on no axis of the patient, in another order than their places, in whole micrometres."""
    across, down = np.linalg.qr(np.array(OBLIQUE).reshape(2, 3).T)[0].T.round(9)
    normal = np.cross(across, down)
    files = [
        dicom(
            pattern(number=number),
            ImagePositionPatient=[f"{value:.6f}" for value in 2.5 * number * normal + (-80.5, 12, 7)],
            ImageOrientationPatient=[*across, *down],
        )
        for number in range(count)
    ]
    return [files[at] for at in (3, 0, 5, 1, 4, 2)]


def labelled(source: Source) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Labels that each pixel's own grey value tells, none in the dark slices."""
    voxels = source.volume.voxels
    labels: np.ndarray[Any, np.dtype[np.uint8]] = (voxels % 4 * (voxels.max((1, 2), keepdims=True) > 3990)).astype(
        np.uint8
    )
    return labels


def expected(pixels: Any) -> Any:
    return pixels % 4 * (pixels.max() > 3990)


def made(files: list[bytes]) -> Any:
    source = read(files, CAP)
    return highdicom.seg.segread(io.BytesIO(dicomseg(source, labelled(source), CONTRACT)))


def test_each_mask_is_that_of_its_instance() -> None:
    files = oblique()
    sources = [pydicom.dcmread(io.BytesIO(file)) for file in files]
    wanted = np.stack([expected(source.pixel_array) for source in sources])
    segmentation = made(files)
    read_back = segmentation.get_pixels_by_source_instance(
        [source.SOPInstanceUID for source in sources], combine_segments=True, assert_missing_frames_are_empty=True
    )
    np.testing.assert_array_equal(read_back, wanted)
    assert 0 < np.count_nonzero(~wanted.any((1, 2))) < len(wanted)
    assert segmentation.NumberOfFrames == sum(np.unique(mask)[1:].size for mask in wanted)  # none is empty
    assert segmentation.FrameOfReferenceUID == sources[0].FrameOfReferenceUID
    assert segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID == sources[0].SeriesInstanceUID
    assert segmentation.SeriesInstanceUID != sources[0].SeriesInstanceUID


def test_each_frame_lies_where_its_source_does() -> None:
    files = oblique()
    sources = {source.SOPInstanceUID: source for source in (pydicom.dcmread(io.BytesIO(file)) for file in files)}
    segmentation = made(files)
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        source = sources[frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID]
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        assert position == pytest.approx(source.ImagePositionPatient, abs=1e-6)
        turn = shared.PlaneOrientationSequence[0].ImageOrientationPatient
        assert turn == pytest.approx(source.ImageOrientationPatient, abs=1e-6)
    assert shared.PixelMeasuresSequence[0].PixelSpacing == list(SPACING)
    assert shared.PixelMeasuresSequence[0].SpacingBetweenSlices == pytest.approx(2.5, abs=1e-5)


def test_each_mask_is_that_of_its_frame() -> None:
    """The frames of this file are stored from the head downwards."""
    file = enhanced()
    source = pydicom.dcmread(io.BytesIO(file))
    segmentation = made([file])
    read_back = segmentation.get_pixels_by_source_frame(
        source.SOPInstanceUID, [1, 2, 3, 4, 5], combine_segments=True, assert_missing_frames_are_empty=True
    )
    np.testing.assert_array_equal(read_back, np.stack([expected(frame) for frame in source.pixel_array]))


def test_the_tissues_have_codes_and_other_classes_are_tissue() -> None:
    source = read(series(), CAP)
    for classes, meanings in (
        (tissues.CLASSES, ["Cerebrospinal Fluid", "Gray Matter", "White Matter"]),
        (ODD, ["Tissue", "Tissue"]),
    ):
        contract = colours.contract(labels=classes)
        segmentation = highdicom.seg.segread(io.BytesIO(dicomseg(source, labelled(source) % 3, contract)))
        segments = [segmentation.get_segment_description(number) for number in segmentation.segment_numbers]
        assert [segment.segmented_property_type.meaning for segment in segments] == meanings
        assert {segment.segmented_property_type.scheme_designator for segment in segments} == {"SCT"}
        for segment, class_ in zip(segments, classes.classes[1:], strict=True):
            assert segment.segment_label.startswith(class_.name[:1])


def test_patient_and_study_are_the_sources_and_nothing_else_is() -> None:
    marks: dict[str, Any] = {"PatientComments": "SECRET1", "InstitutionName": "SECRET2", "PatientAddress": "SECRET3"}
    names: dict[str, Any] = {
        "PatientName": "Ünal^Ö",
        "PatientID": "ID 7",
        "AccessionNumber": "A1",
        "StudyDate": "20240229",
    }
    broken: dict[str, Any] = {"PatientBirthDate": "SECRET4", "PatientSex": "SECRET5", "StudyTime": "SECRET6"}
    source = read(series(SpecificCharacterSet="ISO_IR 100", **marks, **names, **broken), CAP)
    data = dicomseg(source, labelled(source), CONTRACT)
    assert b"SECRET" not in data
    segmentation = pydicom.dcmread(io.BytesIO(data))
    assert {keyword: str(segmentation[keyword].value) for keyword in names} == names
    assert segmentation.StudyInstanceUID == "1.2.3"
    assert all(segmentation[keyword].value in {"", None} for keyword in broken)
    assert segmentation.ContentCreatorName == ""
    assert "not a medical device" in segmentation.SeriesDescription


def test_it_says_whether_it_is_to_be_reviewed() -> None:
    source = read(series(), CAP)
    codes = ["no_brain", "low_confidence", *["other_contrast"] * 5]
    for review, (series_said, said) in (
        ([], ("device", "")),
        (codes, ("to be reviewed", "no_brain, low_confidence, ")),
    ):
        data = pydicom.dcmread(io.BytesIO(dicomseg(source, labelled(source), CONTRACT, review)))
        assert data.SeriesDescription.endswith(series_said)
        assert (data.ContentDescription or "").startswith(said)
        assert max(map(len, (data.SeriesDescription, data.ContentDescription or ""))) <= 64


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (series(FrameOfReferenceUID=None), "FrameOfReferenceUID"),
        (series(StudyInstanceUID="x"), "StudyInstanceUID"),
        (series(SOPClassUID=pydicom.uid.EnhancedMRImageStorage), "SOPClassUID"),
        ([enhanced(SOPClassUID=pydicom.uid.MRImageStorage)], "SOPClassUID"),
        ([*series(4), dicom(ImagePositionPatient=[-10, -20, 12], FrameOfReferenceUID="1.2")], "differ in FrameOfRef"),
    ],
)
def test_a_series_that_cannot_be_referred_to_is_refused_with_the_reason(files: list[bytes], said: str) -> None:
    source = read(files, CAP)
    with pytest.raises(UnusableScan, match=said):
        dicomseg(source, labelled(source), CONTRACT)


def test_every_wounded_series_has_a_segmentation_or_is_refused() -> None:
    refused = []
    good = series(3, PatientBirthDate="19700101", PatientSex="O", StudyTime="101112", LossyImageCompression="01")
    for name, data in wounded({"slice": good[1], "enhanced": enhanced()}, WOUNDED_SCANS, seed=5, head=900):
        try:
            source = read([data] if "enhanced" in name else [good[0], data, good[2]], CAP)
            dicomseg(source, labelled(source), CONTRACT)
        except ImageError:
            refused.append(name)
    assert 0 < len(refused) < 2 * WOUNDED_SCANS


@pytest.mark.parametrize(
    "files",
    [
        oblique(),
        [enhanced()],
        series(LossyImageCompression="01"),
        [dicom(np.zeros((9, 7), np.uint16), ImagePositionPatient=[0, 0, number]) for number in range(3)],
    ],
    ids=["series", "enhanced", "lossy", "empty"],
)
def test_dciodvfy_finds_no_error(files: list[bytes], tmp_path: Path) -> None:
    program = need("dciodvfy", "dicom3tools")
    source = read(files, CAP)
    for contract in (CONTRACT, colours.contract(labels=ODD)):
        (tmp_path / "seg.dcm").write_bytes(dicomseg(source, labelled(source) % len(contract.labels.classes), contract))
        found = subprocess.run([program, str(tmp_path / "seg.dcm")], capture_output=True, text=True, check=False).stderr
        assert found.splitlines()[-1] == "Segmentation", found
        assert "Error" not in found
