"""Programs from Debian packages, unpacked into this checkout without installing them."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.support.server import ROOT

FOLDER = ROOT / ".debian_cache"
SECONDS = 60


def need(program: str, package: str | None = None) -> str:
    """The path of a program: the machine's own, else that of Debian's package (by default of the same name).

    Skips the test, and says why, where neither is available.
    """
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is not None:
        return found
    path, reason = _unpacked(program, package or program)
    if not path.exists():
        pytest.skip(f"no {program} on this machine, nor from a Debian package: {reason}")
    return str(path)


@cache
def _unpacked(program: str, package: str) -> tuple[Path, str]:
    """Where the program lies in the unpacked package, and if it does not, why."""
    folder, reason = FOLDER / package, "the package does not contain it"
    if not folder.exists():
        FOLDER.mkdir(exist_ok=True)
        try:
            _unpack(package, folder)
        except (OSError, subprocess.SubprocessError) as error:  # no Debian, no network, or another process was faster
            reason = str(error)
    places = [folder / place / program for place in ("usr/sbin", "usr/bin")]
    return next((path for path in places if path.exists()), places[0]), reason


def _unpack(package: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        try:
            _run("apt-get", "download", package, cwd=scratch)
        except subprocess.CalledProcessError:  # the package lists are missing or outdated; only root may fetch them
            _run("apt-get", "update", cwd=scratch)
            _run("apt-get", "download", package, cwd=scratch)
        (archive,) = Path(scratch).glob("*.deb")
        _run("dpkg", "-x", str(archive), "files", cwd=scratch)
        Path(scratch, "files").rename(folder)


def _run(*command: str, cwd: str) -> None:
    if command[0] == "apt-get":
        command = (*command, "-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=0")
    subprocess.run(command, cwd=cwd, check=True, timeout=SECONDS, capture_output=True)
