"""The door to DICOM and NIfTI, whose readers come with the extra `clinical`. They are imported when they are needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from service.segmentation.errors import FormatNotInstalled
from service.segmentation.inputs.source import Source
from service.segmentation.inputs.volume import Volume

if TYPE_CHECKING:
    from service.segmentation.inputs.dicom.slice import Slice


def installed() -> bool:
    """Whether the extra is installed."""
    return find_spec("nibabel") is not None


def check_installed() -> None:
    """Raises FormatNotInstalled without the extra."""
    if not installed():
        raise not_installed("NIfTI and DICOM")


def load() -> None:
    """Import the readers that are installed, and what writes DICOM. It takes a third of a second, and the first scan
    that came would hold up all images meanwhile."""
    here = "service.segmentation.inputs"
    for module in (f"{here}.nifti", f"{here}.dicom.series", f"{here}.dicom.slice", "highdicom.seg"):
        with suppress(ModuleNotFoundError):
            import_module(module)


def not_installed(name: str) -> FormatNotInstalled:
    """The error for files of this name, which says what to install."""
    return FormatNotInstalled(
        f'The reader for {name} files is not installed here; install it: pip install "fcn-serve[clinical]".'
    )


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Turn a failing import into the error for files of this name."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise not_installed(name) from error


def dicom_slice(data: bytes, max_pixels: int) -> "Slice":
    """See `dicom.slice.read`. Raises FormatNotInstalled too."""
    with extra("DICOM"):
        from service.segmentation.inputs.dicom import slice as reader
    return reader.read(data, max_pixels)


def dicom_series(files: Sequence[bytes], max_voxels: int) -> Source:
    """See `dicom.series.read`. Raises FormatNotInstalled too."""
    with extra("DICOM"):
        from service.segmentation.inputs.dicom import series as reader
    return reader.read(files, max_voxels)


def nifti_volume(data: bytes, max_voxels: int) -> Volume:
    """See `nifti.read`. Raises FormatNotInstalled too."""
    with extra("NIfTI"):
        from service.segmentation.inputs import nifti as reader
    return reader.read(data, max_voxels)


def nifti_voxels(data: bytes, max_voxels: int) -> int:
    """See `nifti.voxels_of`. Raises FormatNotInstalled too."""
    with extra("NIfTI"):
        from service.segmentation.inputs import nifti as reader
    return reader.voxels_of(data, max_voxels)
