"""NIfTI-1 and NIfTI-2 files (nifti.nimh.nih.gov), gzipped or not, of any orientation. Needs nibabel.

Nothing is unpacked before the header has said how much there is, and never more than that. Text of the header, which
may name a patient, is not read.
"""

import io
from itertools import product
from math import prod
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from nibabel.spatialimages import HeaderDataError

from service.segmentation.errors import DamagedImage, ImageTooLarge, UnsupportedFormat, UnusableScan
from service.segmentation.inputs.affine import check_affine
from service.segmentation.inputs.unpack import Gzip
from service.segmentation.inputs.values import values
from service.segmentation.inputs.volume import Affine, Volume
from service.segmentation.inputs.warning import ImageWarning

LONGEST_SIDE = 4096
"""Voxels along an axis; scanners make a quarter of that."""

_KINDS: tuple[Any, ...] = (Nifti1Header, Nifti2Header)
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
"""NumPy's name of each datatype code that is one real number."""
_NAMED = {1: "bits", 32: "complex numbers", 128: "colours", 1536: "128-bit numbers", 2304: "colours"}

_LARGEST_OFFSET = 2**24
"""Bytes before the voxels: the header and its extensions."""
_BEHIND = 2**16
"""Bytes behind the voxels that are unpacked, so that a gzip file's checksum is verified."""
_MILLIMETRES = {1: 1000.0, 3: 0.001}
"""Of the units metre and micrometre; all others are taken for millimetres."""

ORIENTATION_UNKNOWN = ImageWarning(
    "orientation_unknown",
    "The NIfTI file does not say how it lies in the patient, so its axes were taken to run to the right, the front and "
    "the top; left and right may be exchanged.",
)


def read(data: bytes, max_voxels: int) -> Volume:
    """The one volume of a NIfTI file.

    Raises UnsupportedFormat unless it is a NIfTI file of one part, UnusableScan for several volumes, colours and
    sheared axes, ImageTooLarge before any voxel is unpacked, DamagedImage, TooManyParts; and MemoryError.
    """
    file = unpacked(data)
    header = header_of(file)
    shape = shape_of(header, max_voxels)
    stored, (affine, space, warnings) = type_of(header), place_of(header)
    count = prod(shape)
    file.read(offset_of(header) - header.sizeof_hdr)
    packed = file.read(count * stored.itemsize)
    if len(packed) < count * stored.itemsize:
        raise DamagedImage("The NIfTI file is cut off: voxels are missing; save it again and resend.")
    file.read(_BEHIND)
    voxels = np.frombuffer(packed, stored).reshape((*shape, 1)[:3], order="F")
    settled, odd = values(voxels, *scale_of(header))
    return Volume(settled, affine, shape, "NIFTI", space, warnings=warnings + odd)


def voxels_of(data: bytes, max_voxels: int) -> int:
    """How many voxels the header of a file announces. Raises as `read`."""
    return prod(shape_of(header_of(unpacked(data)), max_voxels))


def unpacked(data: bytes) -> Gzip | io.BytesIO:
    """A file to be read from its start."""
    return Gzip(data) if data.startswith(b"\x1f\x8b") else io.BytesIO(data)


def header_of(file: Gzip | io.BytesIO) -> Nifti1Header:
    """The header at the start of a file. Raises UnsupportedFormat, and DamagedImage where it is cut off."""
    head = bytes(file.read(Nifti1Header.sizeof_hdr))
    for kind, order in product(_KINDS, "<>"):
        if head[:4] == np.array(kind.sizeof_hdr, f"{order}i4").tobytes():
            head += bytes(file.read(kind.sizeof_hdr - len(head)))
            if len(head) < kind.sizeof_hdr:
                raise DamagedImage("The NIfTI file is cut off in its header; save it again and resend.")
            header: Nifti1Header = kind(head, order, check=False)
            if bytes(header["magic"])[:2] == b"n+":
                return header
            raise UnsupportedFormat(
                "The file is the header of a pair (.hdr and .img) or an Analyze volume; "
                "save it as one NIfTI file (.nii or .nii.gz) and resend."
            )
    raise UnsupportedFormat("The file is not a NIfTI volume; save it as one (.nii or .nii.gz) and resend.")


def shape_of(header: Nifti1Header, max_voxels: int) -> tuple[int, ...]:
    """The sides of the array, the last one 1 where there are four. Raises DamagedImage, UnusableScan, ImageTooLarge."""
    dimensions, *sides = (int(side) for side in header["dim"])
    sides = sides[: max(dimensions, 0)]
    if not 2 <= dimensions <= 7 or min(sides) < 1:
        raise DamagedImage("The NIfTI file is damaged: its header gives impossible dimensions; export it again.")
    volumes = prod(sides[3:])
    if volumes > 1:
        raise UnusableScan(f"The NIfTI file has {volumes} volumes; send one of them, as in: fslroi scan one 0 1.")
    count = prod(sides)
    if count > max_voxels or max(sides) > LONGEST_SIDE:
        raise ImageTooLarge(
            f"The scan has {' x '.join(map(str, sides[:3]))} voxels, but at most {max_voxels / 1e6:g} million and "
            f"{LONGEST_SIDE} along an axis are allowed; crop or resample it."
        )
    return tuple(sides[:4])


def type_of(header: Nifti1Header) -> np.dtype[Any]:
    """The type of a stored voxel, with its byte order. Raises UnusableScan."""
    code = int(header["datatype"])
    if code not in _TYPES:
        named = _NAMED.get(code, "an unknown type")
        raise UnusableScan(f"The voxels of the NIfTI file are {named}, not grey values; save them as numbers.")
    return np.dtype(_TYPES[code]).newbyteorder(header.endianness)


def offset_of(header: Nifti1Header) -> int:
    """Where the voxels begin. Raises DamagedImage."""
    offset = float(header["vox_offset"]) or float(header.sizeof_hdr)
    if not header.sizeof_hdr <= offset <= _LARGEST_OFFSET or not offset.is_integer():
        raise DamagedImage("The NIfTI file is damaged: its voxels begin at an impossible place; save it again.")
    return int(offset)


def scale_of(header: Nifti1Header) -> tuple[float, float]:
    """Slope and intercept. Raises DamagedImage."""
    try:
        with np.errstate(all="ignore"):
            slope, intercept = header.get_slope_inter()
    except HeaderDataError as error:
        raise DamagedImage("The NIfTI file is damaged: its intercept is not a number; export it again.") from error
    return (1.0, 0.0) if slope is None else (slope, intercept)


def place_of(header: Nifti1Header) -> tuple[Affine, int, tuple[ImageWarning, ...]]:
    """The affine, its code, and warnings: the sform if there is one, else the qform, else the sizes alone.

    Raises DamagedImage and UnusableScan.
    """
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    warnings: tuple[ImageWarning, ...] = ()
    with np.errstate(all="ignore"):  # values that are not numbers are refused below
        if sform > 0:
            affine = header.get_sform().astype(np.float64)
        elif qform > 0:
            affine = quaternion_of(header)
        else:
            affine = np.diag((*np.abs(header["pixdim"][1:4].astype(np.float64)), 1.0))
            warnings = (ORIENTATION_UNKNOWN,)
    affine[:3] *= _MILLIMETRES.get(int(header["xyzt_units"]) & 7, 1.0)
    check_affine(affine)
    return affine, max(sform if sform > 0 else qform, 0), warnings


def quaternion_of(header: Nifti1Header) -> Affine:
    """The affine of the qform. Raises DamagedImage."""
    try:
        affine: Affine = header.get_qform()
    except (HeaderDataError, ValueError) as error:
        raise DamagedImage("The NIfTI file is damaged: its qform is not a rotation; export it again.") from error
    return affine
