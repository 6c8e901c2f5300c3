"""Runs `fcn-serve` as a process, or lets a shell find it by its name."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.server import ROOT

PROGRAM = [sys.executable, "-m", "service.program"]


def environment(**settings: object) -> dict[str, str]:
    """This process's, without its settings, and with these: names as they stand after SEGMENT_, in lower case."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("SEGMENT_", "FCN_SERVE_"))}
    return plain | {"PYTHONPATH": str(ROOT)} | {f"SEGMENT_{key.upper()}": str(value) for key, value in settings.items()}


def fcn_serve(
    *arguments: object, data: bytes | None = None, cwd: Path = ROOT, **settings: object
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end; `data` is its standard input."""
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(
        command, input=data, cwd=cwd, env=environment(**settings), capture_output=True, check=False, timeout=300
    )


def by_name(folder: Path) -> dict[str, str]:
    """An environment in which a shell finds this Python, and `fcn-serve` as pip installs it, in the folder's `bin/`."""
    program = folder / "bin" / "fcn-serve"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m service.program "$@"\n')
    program.chmod(0o755)
    path = [str(program.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    return environment() | {"PATH": os.pathsep.join(path)}
