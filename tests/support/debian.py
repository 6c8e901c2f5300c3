"""Debian packages, unpacked into this checkout with all they depend on, without installing them."""

import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.support.server import ROOT

FOLDER = ROOT / ".debian_cache"
SECONDS = 300
QUICKLY = ("-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=0")

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir>{root}/var/cache/fontconfig</cachedir>
</fontconfig>
"""
"""The machine's fonts and those that were unpacked: with either alone, there may be none."""


def need(program: str, package: str | None = None) -> str:
    """The path of a program: the machine's own, else that of Debian's package (by default of the same name).

    Skips the test, and says why, where neither is available.
    """
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is not None:
        return found
    package = package or program
    root, reason = _unpacked(package)
    # A package's own folder comes first: in usr/bin may be a script that expects it at its installed place.
    places = [root / place / program for place in (f"usr/lib/{package}", "usr/sbin", "usr/bin")]
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        pytest.skip(f"no {program} on this machine, nor from a Debian package: {reason}")
    return str(_started(path, root))


def need_tree(package: str, file: str) -> Path:
    """The root under which a package's `file`, such as "usr/include/curl/curl.h", lies: / where it is installed, else
    the folder into which the package and all it depends on are unpacked.

    Skips the test, and says why, where neither is available.
    """
    if Path("/", file).exists():
        return Path("/")
    root, reason = _unpacked(package)
    if not (root / file).exists():
        pytest.skip(f"no {file} on this machine, nor from a Debian package: {reason}")
    return root


def library_path(root: Path) -> str:
    """The folders of the shared libraries under the root of `need_tree`, for LD_LIBRARY_PATH; those of / are known."""
    if root == Path("/"):
        return ""
    return ":".join(sorted({str(file.parent) for lib in ("lib", "usr/lib") for file in (root / lib).rglob("lib*.so*")}))


def _started(program: Path, root: Path) -> Path:
    """A script beside the root that starts the program with the libraries and fonts which were unpacked with it."""
    script = root.with_name(f"{root.name}.{program.name}")
    lines = ["#!/bin/sh", f'export LD_LIBRARY_PATH="{library_path(root)}"']
    if (root / "etc/fonts").exists() or (root / "usr/share/fonts").exists():
        fonts = root.with_name(f"{root.name}.fonts.conf")
        fonts.write_text(FONTS.format(root=root))
        lines.append(f'export FONTCONFIG_FILE="{fonts}"')
    script.write_text("\n".join([*lines, f'exec "{program}" "$@"\n']))
    script.chmod(0o755)
    return script


@cache
def _unpacked(package: str) -> tuple[Path, str]:
    """Where the package is unpacked, and why the place may lack what was sought."""
    root = FOLDER / f"{package}-{platform.machine()}"
    reason = "the package does not contain it"
    if not root.exists():
        FOLDER.mkdir(exist_ok=True)
        try:
            _unpack(package, root)
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip().splitlines() or [str(error)])[-1]
        except (OSError, subprocess.SubprocessError) as error:  # no Debian, no network, or another process was faster
            reason = str(error)
    return root, reason


def _unpack(package: str, root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        archives, files = Path(scratch, "archives"), Path(scratch, "files")
        (archives / "partial").mkdir(parents=True)
        try:
            _download(package, archives)
        except subprocess.CalledProcessError:  # the package lists are missing or outdated; only root may fetch them
            _run("apt-get", "update", *QUICKLY)
            _download(package, archives)
        for archive in archives.glob("*.deb"):
            if not archive.name.startswith("libc6_"):  # the loader needs the C library it came with
                _run("dpkg", "-x", str(archive), str(files))
        files.rename(root)


def _download(package: str, archives: Path) -> None:
    """Fetch the package, and what it depends on and this machine lacks."""
    there = ("-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=true")  # no root is needed
    _run("apt-get", "install", "--yes", "--download-only", "--no-install-recommends", *there, *QUICKLY, package)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=SECONDS, capture_output=True, text=True)
