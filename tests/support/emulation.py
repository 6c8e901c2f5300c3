"""Other processors, emulated by QEMU: programs that run this Python there, as `sys.executable` does here."""

import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.debian import need


def emulator(architecture: str) -> str:
    """The path of QEMU's program for it. Skips the test, and says why, where there is none."""
    program = f"qemu-{architecture}"
    if (found := shutil.which(program)) is not None:
        return found
    with suppress(pytest.skip.Exception):
        return need(f"{program}-static", "qemu-user-static")  # until Debian 12
    return need(program, "qemu-user")


def x86(processor: str, folder: Path) -> str:
    """The path of a program in `folder` that runs Python on an x86-64 processor of QEMU's list."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        pytest.skip("Python here is not for x86-64 Linux")
    return tried(folder / f"python-on-{processor}", f'"{emulator("x86_64")}" -cpu {processor} "{sys.executable}"')


def tried(path: Path, command: str) -> str:
    # OPENBLAS_CORETYPE, where it is set, names the processor that numpy's BLAS has kernels for: this machine's.
    path.write_text(f'#!/bin/sh\nunset OPENBLAS_CORETYPE\nexec {command} "$@"\n')
    path.chmod(0o755)
    result = subprocess.run([path, "-c", "import sys"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        pytest.skip(f"QEMU does not run here: {result.stderr.strip()[-200:]}")
    return str(path)
