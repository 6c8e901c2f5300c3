"""`fcn-serve` as a whole: its commands, its old calls, and how it says no."""

import subprocess
from pathlib import Path

import pytest

from service import __version__
from tests.support.program import PROGRAM, environment, fcn_serve
from tests.support.server import ROOT, free_port, wait_until_ready


@pytest.mark.parametrize("command", [["serve"], []])
def test_it_serves_with_and_without_the_name_of_the_command(command: list[str], model_file: Path) -> None:
    """Before it had commands it took the options of the service."""
    port = free_port()
    call = [*PROGRAM, *command, "--port", str(port), "--models", str(model_file)]
    process = subprocess.Popen(call, cwd=ROOT, env=environment())
    wait_until_ready(f"http://127.0.0.1:{port}", process)
    process.terminate()
    assert process.wait(30) == 0


def test_the_help_lists_the_commands_and_that_of_serve_the_settings() -> None:
    listing = fcn_serve("--help").stdout.decode()
    assert all(f"\n  {command} " in listing for command in ("serve", "segment", "models", "doctor"))
    assert "--max-body-mib" in fcn_serve("serve", "--help").stdout.decode()


def test_it_says_its_version() -> None:
    assert fcn_serve("--version").stdout.decode() == f"fcn-serve {__version__}\n"


@pytest.mark.parametrize("call", [["sgment"], ["models", "--jsn"], ["serve", "--prot", "1"]])
def test_a_wrong_call_ends_with_2_and_names_what_is_wrong(call: list[str]) -> None:
    result = fcn_serve(*call)
    assert result.returncode == 2
    assert result.stdout == b""
    assert (call[1:2] or call)[0] in result.stderr.decode()
