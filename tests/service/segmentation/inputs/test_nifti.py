"""NIfTI files: every kind that is read, and what is refused before it is unpacked."""

import gzip
import struct
import tracemalloc
import zlib
from itertools import permutations, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.segmentation.errors import DamagedImage, ImageError, ImageTooLarge, UnsupportedFormat, UnusableScan
from service.segmentation.inputs.axial import axial
from service.segmentation.inputs.nifti import read
from tests.support.effort import EFFORT, WOUNDED_SCANS
from tests.support.mutations import wounded
from tests.support.nifti import PLACE, SHAPE, SPACING, big_endian, head, nifti, turned, valid_niftis

CAP = 100_000
EVERYWHERE = ["".join(axes) for order in permutations(("RL", "AP", "SI")) for axes in product(*order)]
SCAN = head()


@pytest.mark.parametrize("axes", EVERYWHERE)
def test_a_scan_of_any_orientation_is_the_same_axial_slices(axes: str) -> None:
    voxels, affine = turned(SCAN, axes)
    volume = read(nifti(voxels, affine), CAP)
    assert np.array_equal(volume.voxels, voxels)
    assert np.allclose(volume.affine, affine)
    seen = axial(volume)
    assert np.array_equal(seen.voxels, np.flip(SCAN, (0, 1)).transpose(2, 1, 0))
    assert seen.spacing == pytest.approx((SPACING[2], SPACING[1], SPACING[0]))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("stored", "kept"),
    [("u1", "u1"), ("i1", "i2"), ("i2", "i2"), ("u2", "u2")]
    + [(stored, "f4") for stored in ("i4", "u4", "i8", "u8", "f4", "f8")],
)
def test_numbers_of_any_type_keep_their_values(version: int, packed: bool, stored: str, kept: str) -> None:
    voxels = (SCAN // 10).astype(stored)
    file = nifti(voxels, version=version)
    volume = read(gzip.compress(file) if packed else file, CAP)
    assert volume.voxels.dtype == np.dtype(kept)
    assert np.array_equal(volume.voxels, voxels)
    assert volume.warnings == ()


@pytest.mark.parametrize("version", [1, 2])
def test_big_endian_files_are_read(version: int) -> None:
    volume = read(big_endian(version), CAP)
    assert volume.voxels.dtype == np.int16
    assert np.array_equal(volume.voxels, SCAN)
    assert volume.spacing == pytest.approx(SPACING)


def test_slope_and_intercept_are_applied() -> None:
    voxels = read(nifti(SCAN, scl_slope=0.5, scl_inter=-100), CAP).voxels
    assert voxels.dtype == np.float32
    assert np.array_equal(voxels, SCAN * 0.5 - 100)


@pytest.mark.parametrize("slope", [0, np.nan, np.inf])
def test_a_slope_that_is_none_is_left_out(slope: float) -> None:
    assert np.array_equal(read(nifti(SCAN, scl_slope=slope, scl_inter=5), CAP).voxels, SCAN)


def test_the_sform_comes_before_the_qform_and_the_qform_before_the_sizes() -> None:
    turned_to = turned(SCAN, "LIA")[1]
    both = nifti(SCAN, turned_to, sform=2, qform=1, quatern_b=0, quatern_c=0, quatern_d=0)
    assert np.allclose(read(both, CAP).affine, turned_to)
    assert read(both, CAP).space == 2
    assert np.allclose(read(nifti(SCAN, turned_to, sform=0, qform=3), CAP).affine, turned_to, atol=1e-4)
    neither = read(nifti(SCAN, turned_to, sform=0), CAP)
    assert neither.spacing == pytest.approx((SPACING[0], SPACING[2], SPACING[1]))
    assert [warning.code for warning in neither.warnings] == ["orientation_unknown"]
    assert neither.space == 0


def test_oblique_scans_are_read() -> None:
    cos, sin = np.cos(0.4), np.sin(0.4)
    affine = np.array(((1, 0, 0, 0), (0, cos, -sin, 0), (0, sin, cos, 0), (0, 0, 0, 1))) @ PLACE
    for kind in ({"sform": 1}, {"sform": 0, "qform": 1}):
        volume = read(nifti(SCAN, affine, **kind), CAP)
        assert np.allclose(volume.affine, affine, atol=1e-4)
        assert axial(volume).tilt == pytest.approx(np.degrees(0.4), abs=0.01)


def test_metres_and_micrometres_become_millimetres() -> None:
    assert read(nifti(SCAN, np.diag((0.001, 0.001, 0.002, 1)), xyzt_units=1), CAP).spacing == pytest.approx((1, 1, 2))
    assert read(nifti(SCAN, np.diag((900.0, 900, 900, 1)), xyzt_units=3), CAP).spacing == pytest.approx((0.9, 0.9, 0.9))


def test_one_volume_may_have_four_dimensions_and_several_are_refused() -> None:
    one = read(nifti(SCAN[..., None]), CAP)
    assert one.voxels.shape == SHAPE
    assert one.shape == (*SHAPE, 1)
    with pytest.raises(UnusableScan, match="2 volumes"):
        read(nifti(np.stack([SCAN, SCAN], axis=-1)), CAP)


def test_voxels_that_are_no_number_take_the_smallest_value() -> None:
    voxels = SCAN.astype(np.float32) + 7
    voxels[0, 0, :3] = np.nan, np.inf, -np.inf
    volume = read(nifti(voxels), CAP)
    assert [warning.code for warning in volume.warnings] == ["values_not_finite"]
    assert volume.voxels[0, 0, :3].tolist() == [38, 38, 38]
    assert np.isfinite(read(nifti(np.full(SHAPE, 1e200)[:1] * SCAN), CAP).voxels).all()
    with pytest.raises(UnusableScan, match="finite"):
        read(nifti(np.full(SHAPE, np.nan)), CAP)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"dim": [3, 30_000, 30_000, 1000, 1, 1, 1, 1]}, ImageTooLarge),
        ({"dim": [3, 32_767, 1, 1, 1, 1, 1, 1]}, ImageTooLarge),
        ({"dim": [3, 0, 9, 5, 1, 1, 1, 1]}, DamagedImage),
        ({"dim": [3, -7, 9, 5, 1, 1, 1, 1]}, DamagedImage),
        ({"dim": [9, 7, 9, 5, 1, 1, 1, 1]}, DamagedImage),
        ({"dim": [-1, 7, 9, 5, 1, 1, 1, 1]}, DamagedImage),
        ({"dim": [3, 7, 9, 50, 1, 1, 1, 1]}, DamagedImage),
        ({"dim": [5, 7, 9, 5, 1, 3, 1, 1]}, UnusableScan),
        ({"sform_code": 0, "pixdim": [1, 0, 1, 1, 0, 0, 0, 0]}, DamagedImage),
        ({"sform_code": 0, "pixdim": [1, np.nan, 1, 1, 0, 0, 0, 0]}, DamagedImage),
        ({"sform_code": 0, "qform_code": 1, "pixdim": [1, -1, 1, 1, 0, 0, 0, 0]}, DamagedImage),
        ({"sform_code": 0, "qform_code": 1, "quatern_b": 5}, DamagedImage),
        ({"sform_code": 0, "qform_code": 1, "quatern_b": np.nan}, DamagedImage),
        ({"srow_x": [np.nan, 0, 0, 0]}, DamagedImage),
        ({"srow_x": [0, 0, 0, 0]}, DamagedImage),
        ({"srow_x": [1e30, 0, 0, 0]}, DamagedImage),
        ({"srow_x": [1, 0.5, 0, 0]}, UnusableScan),
        ({"vox_offset": np.inf}, DamagedImage),
        ({"vox_offset": -8}, DamagedImage),
        ({"vox_offset": 1e9}, DamagedImage),
        ({"scl_inter": np.inf}, DamagedImage),
        ({"datatype": 128}, UnusableScan),
        ({"datatype": 32}, UnusableScan),
        ({"datatype": 7777}, UnusableScan),
        ({"magic": b"ni1"}, UnsupportedFormat),
        ({"magic": b""}, UnsupportedFormat),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_wrong_header_is_refused(fields: dict[str, Any], error: type[ImageError], packed: bool) -> None:
    file = nifti(SCAN, **({"scl_slope": 1} | fields))
    with pytest.raises(error):
        read(gzip.compress(file) if packed else file, CAP)


def test_a_header_of_a_million_million_voxels_is_refused_in_both_versions() -> None:
    for sides in ([10_000] * 3, [2**40, 1, 1], [2**62, 2**62, 2**62]):
        with pytest.raises(ImageTooLarge, match="million"):
            read(nifti(SCAN, version=2, dim=[3, *sides, 1, 1, 1, 1]), 10**9)


def bomb(size: int) -> bytes:
    """So many zeros, gzipped."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(size >> 20)) + packer.flush()


def test_of_a_gzip_bomb_no_more_is_unpacked_than_the_header_says() -> None:
    zeros = bomb(2**25)
    files = gzip.compress(nifti(SCAN)) + zeros, gzip.compress(nifti(SCAN) + bytes(2**25)), zeros
    tracemalloc.start()
    for data in files:
        try:
            read(data, CAP)
        except ImageError:
            """It may be refused."""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


def test_a_gzip_file_of_many_members_is_refused_soon() -> None:
    with pytest.raises(ImageError):
        read(gzip.compress(b"") * 30_000, CAP)


def test_members_of_a_gzip_file_are_read_one_after_the_other() -> None:
    file = nifti(SCAN)
    members = b"".join(gzip.compress(file[at : at + 100]) for at in range(0, len(file), 100))
    assert np.array_equal(read(members, CAP).voxels, SCAN)


@pytest.mark.parametrize("kept", [0, 3, 100, 347, 348, 352, 700])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_cut_off_is_refused(kept: int, packed: bool) -> None:
    file = nifti(SCAN)
    for data in (gzip.compress(file[:kept]), gzip.compress(file)[:kept]) if packed else (file[:kept],):
        if data != gzip.compress(file):
            with pytest.raises(ImageError):
                read(data, CAP)


def test_a_flipped_bit_is_found_by_the_checksum() -> None:
    file = bytearray(gzip.compress(nifti(SCAN), compresslevel=0))
    file[len(file) // 2] ^= 1
    with pytest.raises(DamagedImage, match="gzip"):
        read(bytes(file), CAP)


def test_no_text_of_the_header_comes_out() -> None:
    marks: dict[str, Any] = {
        "descrip": b"SECRET",
        "aux_file": b"SECRET",
        "db_name": b"SECRET",
        "intent_name": b"SECRET",
    }
    assert "SECRET" not in repr(read(nifti(SCAN, **marks), CAP))
    wrongs: list[dict[str, Any]] = [{"dim": [9] * 8}, {"datatype": 0}, {"magic": b"ni1"}]
    for wrong in wrongs:
        with pytest.raises(ImageError) as caught:
            read(nifti(SCAN, **marks, **wrong), CAP)
        assert "SECRET" not in str(caught.value) + repr(caught.value.__cause__)


def check(data: bytes) -> None:
    """Either a volume that fits its own description, or an ImageError, and nothing else."""
    try:
        volume = read(data, CAP)
    except ImageError:
        return
    assert volume.voxels.size <= CAP
    assert np.prod(volume.shape) == volume.voxels.size
    assert volume.voxels.dtype in (np.uint8, np.int16, np.uint16, np.float32)
    assert np.isfinite(volume.voxels).all()
    assert volume.voxel_mm3 > 0
    seen = axial(volume)
    assert seen.restored(np.zeros(seen.voxels.shape, np.uint8)).shape == volume.voxels.shape


@EFFORT
@given(st.sampled_from(sorted(valid_niftis().values())), st.integers(0, 540), st.binary(max_size=20))
def test_a_header_with_other_bytes_in_it_is_a_volume_or_refused(file: bytes, at: int, other: bytes) -> None:
    check(file[:at] + other + file[at + len(other) :])


@EFFORT
@given(st.binary(max_size=540))
def test_any_bytes_behind_the_size_of_a_header_are_a_volume_or_refused(other: bytes) -> None:
    check(struct.pack("<i", 348) + other)
    check(struct.pack("<i", 348) + (other + bytes(344))[:340] + b"n+1\0" + bytes(9000))


def test_every_wounded_file_is_a_volume_or_refused() -> None:
    for _, data in wounded(valid_niftis(), WOUNDED_SCANS, seed=1, head=352):
        check(data)


def test_every_kind_of_valid_file_is_read() -> None:
    expected: npt.NDArray[Any]
    for name, data in valid_niftis().items():
        expected = SCAN // 5 if "uint8" in name else SCAN * 0.5 - 100 if "scaled" in name else SCAN
        assert np.array_equal(read(data, CAP).voxels, expected), name
