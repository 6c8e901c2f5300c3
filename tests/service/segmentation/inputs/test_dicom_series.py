"""DICOM series and enhanced files as volumes, and what is no volume."""

from typing import Any

import numpy as np
import pytest

from service.segmentation.errors import ImageError, ImageTooLarge, UnusableScan
from service.segmentation.inputs.axial import axial
from service.segmentation.inputs.dicom.series import read
from tests.support.dicom import MARK, SHAPE, SPACING, dicom, enhanced, pattern, series
from tests.support.effort import WOUNDED_SCANS
from tests.support.mutations import wounded

CAP = 1_000_000
STACK = np.stack([pattern(number=number) for number in range(5)])
SAGITTAL = [0, 1, 0, 0, 0, -1]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]])
def test_the_slices_of_a_series_are_sorted_by_their_places(order: list[int]) -> None:
    files = series()
    scan = read([files[at] for at in order], CAP)
    volume = scan.volume
    assert np.array_equal(volume.voxels, STACK)
    assert volume.spacing == pytest.approx((3, *SPACING))
    assert volume.affine @ (0, 0, 0, 1) == pytest.approx((10, 20, 0, 1))
    assert volume.affine @ (1, 0, 0, 1) == pytest.approx((10, 20, 3, 1))
    assert np.array_equal(axial(volume).voxels, STACK)
    assert [float(instance.ImagePositionPatient[2]) for instance in scan.instances] == [0, 3, 6, 9, 12]
    assert not any("PixelData" in instance for instance in scan.instances)
    assert MARK not in repr(volume)
    assert volume.acquisition.modality == "MR"
    assert volume.warnings == ()


def test_an_enhanced_file_is_a_volume_with_its_frames_sorted() -> None:
    scan = read([enhanced()], CAP)
    assert np.array_equal(scan.volume.voxels, STACK)
    assert scan.volume.spacing == pytest.approx((3, *SPACING))
    assert scan.frames == (5, 4, 3, 2, 1)
    assert len(scan.instances) == 1


def test_slices_of_different_slopes_are_brought_to_one_unit() -> None:
    files = [
        dicom(ImagePositionPatient=[0, 0, number], RescaleSlope=number + 1, RescaleIntercept=7) for number in range(3)
    ]
    voxels = read(files, CAP).volume.voxels
    assert voxels.dtype == np.float32
    for number in range(3):
        assert np.array_equal(voxels[number], pattern() * np.float32(number + 1) + 7)


def test_a_sagittal_series_is_seen_as_axial_slices() -> None:
    files = [dicom(ImagePositionPatient=[n, 0, 0], ImageOrientationPatient=SAGITTAL) for n in range(4)]
    seen = axial(read(files, CAP).volume)
    assert seen.voxels.shape == (SHAPE[0], SHAPE[1], 4)
    assert seen.spacing == pytest.approx((SPACING[0], SPACING[1], 1))
    assert np.array_equal(seen.voxels[:, :, 0], pattern()[::-1])


def moved(**elements: Any) -> list[bytes]:
    """A series whose last slice has other elements."""
    return [*series(4), dicom(pattern(number=4), **({"ImagePositionPatient": [-10, -20, 12]} | elements))]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (series(6)[:2] + series(6)[3:], "missing"),
        ([*series(4), series(4)[2]], "same place"),
        (moved(ImagePositionPatient=[-10, -20, 10.5]), "equal distances"),
        (moved(ImagePositionPatient=[-10, 0, 12]), "one line"),
        (moved(ImageOrientationPatient=[0, 1, 0, 0, 0, -1]), "directions"),
        (moved(PixelSpacing=[1, 1]), "pixel sizes"),
        (moved(SeriesInstanceUID="1.2.9"), "several series"),
        (moved(ImagePositionPatient=None), "where it lies"),
        ([*series(4), dicom(pattern((8, 8)))], "sizes"),
        ([dicom(ImagePositionPatient=[0, n, 2 * n]) for n in range(5)], "gantry"),
        (series(1), "one slice"),
        ([b"text"], "no DICOM image"),
        ([enhanced(), enhanced()], "many frames"),
        ([dicom(np.stack([pattern()] * 3), ImagePositionPatient=None)], "where it lies"),
    ],
)
def test_what_is_not_one_stack_is_refused_with_the_reason(files: list[bytes], said: str) -> None:
    with pytest.raises(UnusableScan, match=said) as caught:
        read(files, CAP)
    assert "SECRET" not in str(caught.value)


def test_a_series_of_too_many_voxels_is_refused() -> None:
    with pytest.raises(ImageTooLarge):
        read(series(5), 5 * SHAPE[0] * SHAPE[1] - 1)


def test_what_is_no_image_is_ignored_with_a_warning() -> None:
    scan = read([*series(), b"readme", dicom(PixelData=None)], CAP)
    assert [warning.code for warning in scan.volume.warnings] == ["files_ignored"]
    assert scan.volume.voxels.shape == (5, *SHAPE)


def test_another_modality_is_flagged() -> None:
    volume = read(series(Modality="CT"), CAP).volume
    assert volume.acquisition.modality == "CT"
    assert [warning.code for warning in volume.warnings] == ["not_mr"]


@pytest.mark.parametrize(
    ("elements", "weighting"),
    [
        ({"EchoTime": 3, "RepetitionTime": 2300, "InversionTime": 900, "ScanningSequence": ["GR", "IR"]}, "T1"),
        ({"EchoTime": 14, "RepetitionTime": 500, "ScanningSequence": "SE"}, "T1"),
        ({"EchoTime": 100, "RepetitionTime": 5000, "ScanningSequence": "SE"}, "T2"),
        ({"EchoTime": 120, "RepetitionTime": 9000, "InversionTime": 2500, "ScanningSequence": ["SE", "IR"]}, "FLAIR"),
        ({"EchoTime": 20, "RepetitionTime": 3000, "ScanningSequence": "SE"}, "PD"),
        ({"AcquisitionContrast": "DIFFUSION"}, "diffusion"),
        ({}, None),
    ],
)
def test_the_weighting_is_told_from_name_or_times(elements: dict[str, Any], weighting: str | None) -> None:
    acquisition = read(series(ContrastBolusAgent="Gd", **elements), CAP).volume.acquisition
    assert acquisition.weighting == weighting
    assert acquisition.contrast_agent


def test_every_wounded_series_is_a_volume_or_refused() -> None:
    good = series(3)
    files = {"slice": good[1], "enhanced": enhanced()}
    for name, data in wounded(files, WOUNDED_SCANS, seed=3, head=900):
        try:
            volume = read([data] if "enhanced" in name else [good[0], data, good[2]], CAP).volume
        except ImageError:
            continue
        assert np.isfinite(volume.voxels).all()
        assert volume.voxels.size <= CAP
        assert volume.voxel_mm3 > 0
