"""Scans in the memory that there is for one: what fits is segmented, in whatever form it comes."""

import pytest

from service.segmentation.errors import ImageTooLarge
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from service.segmentation.volume_pipeline import VolumePipeline
from tests.support import tissues

pytest.importorskip("pydicom")

from tests.support.dicom import SHAPE, dicom, enhanced, pattern, series
from tests.support.zips import zipped_series

MEMORY = 4 * 2**20
MANY = 10**9


@pytest.fixture(scope="module")
def pipeline() -> VolumePipeline:
    return VolumePipeline(Segmenter(Model(tissues.model_bytes(), threads=1)), MANY, MEMORY)


@pytest.mark.parametrize(
    "files", [series(), [zipped_series(series())], [enhanced()]], ids=["series", "zip", "enhanced"]
)
def test_a_dicom_scan_that_fits_is_read(pipeline: VolumePipeline, files: list[bytes]) -> None:
    """However many voxels might be in such files: what is reserved for them is all that there is, and no more."""
    assert MEMORY * 0.99 < pipeline.footprint(files) <= MEMORY
    assert pipeline.read(files, Call()).volume.voxels.shape == (5, *SHAPE)


def test_one_that_does_not_is_refused(pipeline: VolumePipeline) -> None:
    large = [dicom(pattern((512, 256)), ImagePositionPatient=[0, 0, number]) for number in range(2)]
    for files in (large, [zipped_series(large)]):
        with pytest.raises(ImageTooLarge):
            pipeline.read(files, Call())


def test_files_that_leave_no_memory_reserve_more_than_there_is(pipeline: VolumePipeline) -> None:
    assert pipeline.footprint([bytes(128) + b"DICM" + bytes(MEMORY)]) > MEMORY
