"""The files in a zip archive, such as a series of slices. Their names are ignored."""

import io
import zipfile
import zlib

from service.segmentation.errors import DamagedImage, ImageTooLarge, TooManyParts, UnusableScan

MOST_ENTRIES = 5000
_ENTRY = b"PK\x01\x02"
"""Signature of an entry of the central directory (PKWARE's APPNOTE, section 4.3.12)."""

_KINDS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The others unpack a piece without a bound."""


def unzipped(data: bytes, most_bytes: int) -> list[bytes]:
    """The files of an archive, which together have at most `most_bytes`. Archives in it are not opened.

    Raises TooManyParts and ImageTooLarge before anything is unpacked, UnusableScan where it is encrypted or empty,
    DamagedImage; and MemoryError.
    """
    if data.count(_ENTRY) > MOST_ENTRIES:
        raise TooManyParts(f"The zip archive has more than {MOST_ENTRIES} files; send one series.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if not entries:
                raise UnusableScan("The zip archive has no files; zip the slices of one series.")
            if any(entry.flag_bits & 1 or entry.compress_type not in _KINDS for entry in entries):
                raise UnusableScan("The zip archive is encrypted or of an uncommon compression; zip the files again.")
            if sum(entry.file_size for entry in entries) > most_bytes:
                raise ImageTooLarge(
                    f"The files in the zip archive have more than {most_bytes / 2**20:.0f} MiB; send fewer slices."
                )
            return [archive.read(entry) for entry in entries]
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, IndexError):
        raise DamagedImage("The zip archive is damaged or of an unknown kind; zip the files again.") from None
