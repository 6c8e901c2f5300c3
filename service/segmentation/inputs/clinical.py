"""The door to DICOM, whose reader comes with the extra `clinical`. It is imported when it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from service.segmentation.errors import FormatNotInstalled

if TYPE_CHECKING:
    from service.segmentation.inputs.dicom.series import Scan
    from service.segmentation.inputs.dicom.slice import Slice


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Turns a failing import into FormatNotInstalled, which says what to install for files of this name."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise FormatNotInstalled(
            f'The reader for {name} files is not installed here; install it: pip install "fcn-serve[clinical]".'
        ) from error


def dicom_slice(data: bytes, max_pixels: int) -> "Slice":
    """See `dicom.slice.read`. Raises FormatNotInstalled too."""
    with extra("DICOM"):
        from service.segmentation.inputs.dicom import slice as reader
    return reader.read(data, max_pixels)


def dicom_series(files: list[bytes], max_voxels: int) -> "Scan":
    """See `dicom.series.read`. Raises FormatNotInstalled too."""
    with extra("DICOM"):
        from service.segmentation.inputs.dicom import series as reader
    return reader.read(files, max_voxels)
