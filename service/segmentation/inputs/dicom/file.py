"""The bytes of a DICOM file -> its data set, with a bound on the work. Nothing of its text is repeated or logged."""

import io
import logging
import warnings
import zlib
from math import isfinite
from typing import Any

from pydicom import Dataset, Sequence, config, dcmread
from pydicom.multival import MultiValue

from service.segmentation.errors import DamagedImage, ImageError, ImageTooLarge, TooManyParts

MOST_READS = 300_000
"""Of a file: one or two for each element, nested ones too. An enhanced MR of 1,000 frames takes 60,000."""
MOST_ITEMS = 100_000
"""Of all sequences: an enhanced MR has ten for each frame. Each takes a kilobyte once it is read."""

_DEFLATED, _PLAIN = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.1\0\0\0"
_META = 132
"""Where the file meta information begins (PS3.10, section 7.1)."""
_ITEM, _ITEM_BIG = b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00"
_HEADER = 2**23
"""Bytes that a deflated file may have beside its pixels."""

# Its log lines and warnings quote values of the file.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module=r"pydicom\.")
config.settings.reading_validation_mode = config.IGNORE


class Counted(io.BytesIO):
    """A file with a bounded number of items, and of reads: every element costs one. Raises TooManyParts."""

    reads = 0

    def __init__(self, data: bytes) -> None:
        if max(data.count(_ITEM), data.count(_ITEM_BIG)) > MOST_ITEMS:
            raise too_many()
        super().__init__(data)

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MOST_READS:
            raise too_many()
        return super().read(size)


def dataset_of(data: bytes, most_bytes: int) -> Dataset:
    """The data set of a DICOM file; a deflated one may unpack to `most_bytes` of pixels.

    Raises DamagedImage, ImageTooLarge, TooManyParts; and MemoryError.
    """
    try:
        return dcmread(Counted(inflated(data, most_bytes)))
    except (ImageError, MemoryError):
        raise
    # A damaged file raises anything, and the message may quote the file, so the cause is dropped.
    except Exception:
        raise damaged() from None


def too_many() -> TooManyParts:
    """The error for a file of too many elements or items."""
    return TooManyParts("The DICOM file has more elements than any image needs; export it again.")


def damaged() -> DamagedImage:
    """The error for a file that cannot be read."""
    return DamagedImage("The DICOM file is damaged and cannot be read; export it again and resend.")


def inflated(data: bytes, most_bytes: int) -> bytes:
    """The file with its data set unpacked, if that is deflated (PS3.5, section A.5). Raises as `dataset_of`."""
    end = _META + 12 + int.from_bytes(data[_META + 8 : _META + 12], "little")
    meta = data[:end]
    if _DEFLATED not in meta:
        return data
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unpacked = unpacker.decompress(data[end:], most_bytes + _HEADER)
    except zlib.error:
        raise damaged() from None
    if unpacker.unconsumed_tail:
        raise ImageTooLarge("The deflated DICOM file unpacks to more than is allowed; send a smaller image.")
    if not unpacker.eof:
        raise DamagedImage("The DICOM file is cut off; export it again and resend.")
    return meta.replace(_DEFLATED, _PLAIN) + unpacked


def element(dataset: Dataset, keyword: str) -> Any:
    """The value of an element; None where it is missing, empty or damaged."""
    try:
        return dataset.get(keyword)
    except MemoryError:
        raise
    except Exception:  # damaged values raise anything
        return None


def text_of(dataset: Dataset, keyword: str) -> str:
    """The value as text, several values with a backslash between them; for comparing, not for showing."""
    value = element(dataset, keyword)
    return "\\".join(map(str, value)) if isinstance(value, MultiValue) else "" if value is None else str(value)


def numbers_of(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """The `count` finite numbers of an element; None where it has others."""
    value = element(dataset, keyword)
    try:
        numbers = tuple(float(number) for number in (value if isinstance(value, MultiValue) else (value,)))
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if len(numbers) == count and all(map(isfinite, numbers)) else None


def whole_of(dataset: Dataset, keyword: str, default: int) -> int:
    """One whole number; `default` where there is none."""
    numbers = numbers_of(dataset, keyword, 1)
    return default if numbers is None else int(numbers[0])


def sequence_of(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is missing or damaged."""
    items = element(dataset, keyword)
    return list(items) if isinstance(items, Sequence) else []
