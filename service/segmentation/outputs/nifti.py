"""Labels -> a NIfTI-1 file of the volume's own shape and place. Needs nibabel, of the extra `clinical`."""

import gzip

import numpy as np
from numpy.typing import NDArray

from service.segmentation.inputs.volume import Volume

NOTICE = "labels of a network; not a medical device"
"""Stands in the header's `descrip`, which has 80 bytes, where a viewer shows it."""
LEVEL = 1
"""Labels are large areas of one value: a higher level of gzip takes longer and saves little."""


def nifti(volume: Volume, labels: NDArray[np.uint8]) -> bytes:
    """A gzipped NIfTI-1 file of labels [I, J, K], uint8, with the volume's shape, affine and space.

    The header has nothing else of the source's header: its texts may name the patient.
    """
    from nibabel.nifti1 import Nifti1Image  # noqa: PLC0415  # an extra

    image = Nifti1Image(labels.reshape(volume.shape), volume.affine)
    image.set_sform(volume.affine, code=volume.space)
    image.set_qform(volume.affine, code=volume.space)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = NOTICE
    return gzip.compress(image.to_bytes(), LEVEL, mtime=0)
