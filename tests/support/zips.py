"""Zip archives."""

import io
import zipfile
from collections.abc import Mapping, Sequence


def zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files, compressed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return archive.getvalue()


def zipped_series(files: Sequence[bytes]) -> bytes:
    """An archive of the files of a series."""
    return zipped({f"{number}.dcm": file for number, file in enumerate(files)})
