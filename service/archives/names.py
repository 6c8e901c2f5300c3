"""Which files of an archive are its inputs, and which of them have names that cannot be used."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from service.archives.rows import Failed
from service.cli.sources import SUFFIXES

SCANS = (".nii", ".nii.gz")
"""They are listed, so that they are refused with a sentence, not passed over."""


def inputs(names: Iterable[str], outputs: str | None) -> list[str]:
    """The images and scans in a listing, but not hidden ones, nor those in the folder `outputs`."""
    return [name for name in names if is_input(name) and not (outputs and name.startswith(f"{outputs}/"))]


def is_input(name: str) -> bool:
    whole = name.lower()
    known = PurePosixPath(whole).suffix in SUFFIXES or whole.endswith(SCANS)
    return known and not any(part.startswith(".") and part not in {".", ".."} for part in name.split("/"))


def refusal(name: str) -> Failed | None:
    """Why a name cannot stand in a plan, or would lead out of a folder of outputs; None for others."""
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "backslashreplace").decode()
        return Failed(shown, "unusable_name", "Its name is not UTF-8; rename it.")
    if any(part in {"", ".", ".."} for part in name.split("/")):
        return Failed(name, "unusable_name", "Its name is no path in a folder; rename it.")
    return None
