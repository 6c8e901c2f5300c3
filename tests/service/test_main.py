"""`python -m service`: how it starts, and how it refuses to."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from service.serving.settings import Settings
from tests.support.colours import model_bytes
from tests.support.server import ROOT, free_port, wait_until_ready


def start(**settings: object) -> subprocess.Popen[bytes]:
    environment = os.environ | {f"SEGMENT_{key.upper()}": str(value) for key, value in settings.items()}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-m", "service"], cwd=ROOT, env=environment, stdout=pipe, stderr=pipe)


def refusal(**settings: object) -> tuple[int, list[str]]:
    """The exit code and the lines of standard error of a start that must fail."""
    process = start(**settings)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors.decode().splitlines()


def test_it_says_where_it_listens_and_how_to_try_it(model_file: Path) -> None:
    port = free_port()
    process = start(models=model_file, port=port)
    wait_until_ready(f"http://127.0.0.1:{port}", process)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert f"Ready: http://127.0.0.1:{port}" in output.decode()
    assert f"curl -F image=@docs/street.jpg http://127.0.0.1:{port}/segment" in output.decode()
    assert process.returncode == 0


def test_a_bad_model_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(model_bytes()[:-1])
    code, lines = refusal(models=tmp_path)
    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"fcn-serve: {tmp_path / 'bad.onnx'}: ")


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [("port", "http", "SEGMENT_PORT"), ("max_body_mib", "-1", "SEGMENT_MAX_BODY_MIB"), ("workers", "0", "greater")],
)
def test_a_bad_setting_is_one_line_that_names_it(setting: str, value: str, said: str) -> None:
    code, lines = refusal(**{setting: value})
    assert code == 2
    assert len(lines) == 1
    assert said in lines[0]


def test_every_setting_is_an_option_too(model_file: Path) -> None:
    command = [sys.executable, "-m", "service"]
    listing = subprocess.check_output([*command, "--help"], cwd=ROOT, text=True)
    assert all(f"--{name.replace('_', '-')} " in listing for name in Settings.model_fields)
    port = free_port()
    process = subprocess.Popen([*command, "--models", str(model_file), "--port", str(port)], cwd=ROOT)
    wait_until_ready(f"http://127.0.0.1:{port}", process)
    process.terminate()
    assert process.wait(30) == 0


def test_an_option_that_is_none_is_refused() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "service", "--prot", "1"], cwd=ROOT, capture_output=True, check=False
    )
    assert result.returncode == 2
    assert b"--prot" in result.stderr


def test_a_port_in_use_ends_the_start(model_file: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code, lines = refusal(models=model_file, port=other.getsockname()[1])
    assert code != 0
    assert any("address already in use" in line for line in lines)


def test_an_accelerator_that_is_not_there_is_no_silent_fallback(model_file: Path) -> None:
    code, errors = refusal(models=model_file, port=free_port(), providers="cuda,cpu")
    assert code == 1
    assert errors == ["fcn-serve: SEGMENT_PROVIDERS asks for cuda, which this build of onnxruntime lacks; it has cpu."]
    code, errors = refusal(providers="abacus")
    assert code == 2
    assert errors == ["fcn-serve: SEGMENT_PROVIDERS: Input should be 'cpu', 'cuda', 'tensorrt' or 'openvino'"]
