"""Runs `python -m model_export` in this process, where torch is imported already: that takes a new one seconds."""

import io
import runpy
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, on a terminal of 400 columns."""
    words = ["model_export", *map(str, arguments)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as output:
        patch.setattr(sys, "argv", words)
        patch.setenv("COLUMNS", "400")
        with redirect_stderr(io.StringIO()) as errors:
            code = status()
    return subprocess.CompletedProcess(words, code, output.getvalue(), errors.getvalue())


def status() -> int:
    """With which the program ends; a message in its place is printed, as the interpreter does."""
    with pytest.raises(SystemExit) as end:
        runpy.run_module("model_export", run_name="__main__")
    if isinstance(end.value.code, str):
        sys.stderr.write(f"{end.value.code}\n")
        return 1
    return int(end.value.code or 0)
