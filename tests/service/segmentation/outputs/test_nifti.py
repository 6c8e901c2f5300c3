"""Labels of a volume as a NIfTI file, read back by nibabel."""

import gzip

import numpy as np
import pytest

from service.segmentation.outputs.nifti import nifti
from tests.support.scans import ORIENTATIONS, SHAPE, scan, truth, turned, turned_scan

nibabel = pytest.importorskip("nibabel")


@pytest.mark.parametrize(("order", "flipped"), ORIENTATIONS[::5])
def test_labels_lie_where_the_scan_does(order: tuple[int, ...], flipped: tuple[bool, ...]) -> None:
    volume = turned_scan(scan((0.7, 1, 1.5)), order, flipped)
    labels = turned(truth(), order, flipped).astype(np.uint8)
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(nifti(volume, labels)))
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(image.dataobj), labels)
    np.testing.assert_allclose(image.affine, volume.affine)
    assert image.header["sform_code"] == image.header["qform_code"] == volume.space
    assert image.header.get_xyzt_units()[0] == "mm"


def test_a_scan_of_one_moment_keeps_its_fourth_axis() -> None:
    volume = scan()
    object.__setattr__(volume, "shape", (*SHAPE, 1))
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(nifti(volume, truth())))
    assert image.shape == (*SHAPE, 1)
    assert b"not a medical device" in image.header["descrip"].item()
