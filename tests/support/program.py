"""Runs `fcn-serve` as a process."""

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
