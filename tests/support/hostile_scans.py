"""Hostile scans, each with where it is sent and its allowed statuses."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydicom import uid

from tests.support.dicom import dicom, enhanced, pattern, series, valid_dicoms
from tests.support.hostile import ANY, DAMAGED, OK, TOO_LARGE, UNKNOWN
from tests.support.mutations import wounded
from tests.support.nifti import head, nifti, valid_niftis
from tests.support.zips import zipped, zipped_series

MAX_MEGAVOXELS = 4
"""What the service that these are sent to should take."""
SIDE = 158
"""Of the largest cube of so many."""
HUGE = 2**28
"""Bytes that a bomb unpacks to."""

VOLUMES, SLICE, PICTURE = b"/volumes", b"/segment?model=tissues", b"/segment"


@dataclass(frozen=True)
class HostileScan:
    name: str
    path: bytes
    data: bytes
    statuses: frozenset[int]
    content_type: str = "application/octet-stream"


def zeros(size: int, wbits: int) -> bytes:
    """So many zeros, compressed."""
    packer = zlib.compressobj(1, wbits=wbits)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(size >> 20)) + packer.flush()


def nifti_bombs() -> Iterator[HostileScan]:
    def scan(name: str, data: bytes, statuses: frozenset[int]) -> HostileScan:
        return HostileScan(f"NIfTI {name}", VOLUMES, data, statuses)

    small, bomb = nifti(head()), zeros(HUGE, 31)
    for version in (1, 2):
        sides = [30_000, 30_000, 1112] if version == 1 else [10_000] * 3
        claim = nifti(head(), version=version, dim=[3, *sides, 1, 1, 1, 1])
        yield scan(f"{version} that claims a million million voxels", claim, TOO_LARGE)
        yield scan(f"{version} that claims them, gzipped", gzip.compress(claim) + bomb, TOO_LARGE)
    yield scan("that claims 2^126 voxels", nifti(head(), version=2, dim=[2, 2**62, 2**62, 1, 1, 1, 1, 1]), TOO_LARGE)
    yield scan("of many volumes", nifti(head(), dim=[4, 7, 9, 5, 32_767, 1, 1, 1]), DAMAGED)
    claim = nifti(head(), dim=[3, SIDE, SIDE, SIDE, 1, 1, 1, 1])
    yield scan("whose voxels are not there", claim, DAMAGED)
    yield scan("whose voxels are not there, gzipped", gzip.compress(claim), DAMAGED)
    yield scan("of the most voxels, all zero", gzip.compress(nifti(np.zeros((SIDE,) * 3)), 1), OK)
    yield scan("before a bomb", gzip.compress(small) + bomb, OK | DAMAGED)
    yield scan("before a bomb in its own member", gzip.compress(small + bytes(2**25), 1), OK)
    yield scan("that is a bomb", bomb, UNKNOWN)
    yield scan("of 30,000 members", gzip.compress(b"") * 30_000, UNKNOWN | DAMAGED)
    yield scan("gzipped twice", gzip.compress(gzip.compress(small)), UNKNOWN)


def dicom_bombs() -> Iterator[HostileScan]:
    file = dicom()
    at = file.index(b"\x08\0\x16\0")
    many = b"\x09\0\x10\x10LO\0\0" * 500_000
    items = b"\x08\0\x11\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\0\0\0\0" * 500_000
    deflated = dicom(syntax=uid.DeflatedExplicitVRLittleEndian)
    end = 144 + int.from_bytes(deflated[140:144], "little")
    for path in (VOLUMES, SLICE, PICTURE):
        for name, data, statuses in (
            ("that claims 100,000 frames", dicom(NumberOfFrames=100_000), TOO_LARGE),
            ("that claims 65535 x 65535", dicom(Rows=65_535, Columns=65_535), TOO_LARGE),
            ("that claims no pixels", dicom(Rows=0), DAMAGED),
            ("without pixels", dicom(PixelData=None), DAMAGED),
            ("of a million elements", file[:at] + many + file[at:], ANY - OK),
            ("of a sequence of a million items", file[:at] + items + file[at:], ANY - OK),
            ("that is deflated zeros", deflated[:end] + zeros(HUGE, -15), TOO_LARGE | DAMAGED),
        ):
            yield HostileScan(f"DICOM {name}, to {path.decode()}", path, data, statuses)
    yield HostileScan("DICOM of many frames, to /segment", SLICE, dicom(np.stack([pattern()] * 9)), DAMAGED)


def archives() -> Iterator[HostileScan]:
    def archive(name: str, data: bytes, statuses: frozenset[int]) -> HostileScan:
        return HostileScan(f"zip {name}", VOLUMES, data, statuses, "application/zip")

    good = zipped_series(series())
    claims = good.replace(len(series()[0]).to_bytes(4, "little"), (2**31).to_bytes(4, "little"))
    yield archive("of a series", good, OK)
    yield archive("of zeros", zipped({"a.dcm": bytes(HUGE)}), TOO_LARGE)
    yield archive("whose files are larger than they say", claims, TOO_LARGE | DAMAGED)
    yield archive("of 6,000 files", zipped({str(number): b"" for number in range(6_000)}), ANY - OK)
    yield archive("in a zip", zipped({"inner.zip": good}), ANY - OK)
    yield archive("with paths out of it", zipped({"../../evil.dcm": b"x", "/etc/passwd": b"x"}), ANY - OK)
    yield archive("of nothing", zipped({}), ANY - OK)
    yield archive("cut in its middle", good[: len(good) // 2], ANY - OK)


BOMBS = (nifti_bombs, dicom_bombs, archives)


def mutations(count: int) -> Iterator[HostileScan]:
    """`count` wounded files of each kind."""
    for name, data in wounded(valid_niftis(), count, seed=5, head=352):
        yield HostileScan(name, VOLUMES, data, ANY)
    slices = list(wounded(valid_dicoms(), count, seed=6, head=900))
    for number, (name, data) in enumerate(slices):
        yield HostileScan(name, SLICE if number % 2 else PICTURE, data, ANY)
    whole = {
        "enhanced.dcm": enhanced(),
        "series.zip": zipped_series(series()),
    }
    for name, data in wounded(whole, count, seed=7, head=900):
        yield HostileScan(name, VOLUMES, data, ANY)
