"""NIfTI files of a small head that looks different from every side."""

import gzip
import io
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform

from service.segmentation.inputs.volume import Affine

SHAPE = (7, 9, 5)
SPACING = (1.0, 0.8, 3.0)
PLACE = np.diag((*SPACING, 1.0))
PLACE[:3, 3] = -30, -40, 12


def head(shape: tuple[int, ...] = SHAPE) -> npt.NDArray[np.int16]:
    """0..1000, axes to the right, the front and the top."""
    i, j, k = np.indices(shape)
    scan: npt.NDArray[np.int16] = (i * 97 + j * 31 + k * 13 + i * j * k).astype(np.int16)
    return scan


def nifti(
    voxels: npt.NDArray[Any], affine: Affine = PLACE, *, sform: int = 1, qform: int = 0, version: int = 1, **fields: Any
) -> bytes:
    """A NIfTI file of these voxels; `fields` are set in its header."""
    kind: Any = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    image = kind(voxels, affine, dtype=voxels.dtype)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    file = bytearray(image.to_bytes())
    header = image.header.from_fileobj(io.BytesIO(file), check=False)
    for name, value in fields.items():
        header[name] = value
    file[: header.sizeof_hdr] = header.binaryblock
    return bytes(file)


def turned(voxels: npt.NDArray[Any], axes: str) -> tuple[npt.NDArray[Any], Affine]:
    """The same scan with its axes running to `axes`, as "LPS"."""
    change = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(axes))
    return apply_orientation(voxels, change), PLACE @ inv_ornt_aff(change, voxels.shape)


def big_endian(version: int = 1) -> bytes:
    """A file as from a SPARC."""
    kind: Any = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    header = kind.header_class(endianness=">")
    header.set_data_dtype(np.int16)
    return bytes(kind(head(), PLACE, header).to_bytes())


def valid_niftis() -> dict[str, bytes]:
    """A file of every kind that is accepted."""
    scan = head()
    return {
        "int16.nii": nifti(scan),
        "uint8.nii.gz": gzip.compress(nifti((scan // 5).astype(np.uint8))),
        "float32.nii.gz": gzip.compress(nifti(scan.astype(np.float32), qform=1, sform=0)),
        "float64.nii": nifti(scan.astype(np.float64), version=2),
        "scaled.nii": nifti(scan, scl_slope=0.5, scl_inter=-100),
        "big-endian.nii": big_endian(),
    }
