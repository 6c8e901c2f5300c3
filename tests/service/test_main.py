"""`python -m service`: how it starts, and how it refuses to."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.__main__ import main
from service.serving.hosts import url_of
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


Refusal = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """As `refusal`, in this process: for what is refused before a model is loaded."""

    def call(**settings: object) -> tuple[int, list[str]]:
        for key, value in settings.items():
            monkeypatch.setenv(f"SEGMENT_{key.upper()}", str(value))
        return main([]), capsys.readouterr().err.splitlines()

    return call


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


# What Windows and macOS lack: the affinity of processes, sysconf, a C library of the process's own, control groups and
# /proc. The libraries come first: they know which system they are on.
ELSEWHERE = """
import ctypes, os, pathlib, sys
import fastapi_offline, onnxruntime, prometheus_client, pydantic_settings, uvicorn

del os.sched_getaffinity, os.sysconf
sys.platform = "darwin"

class CDLL(ctypes.CDLL):
    def __init__(self, name, *arguments, **options):
        if name is None:
            raise TypeError("a library has a name")
        super().__init__(name, *arguments, **options)

def nothing_there(path, *_, usual=pathlib.Path.read_text, **options):
    if str(path).startswith(("/proc", "/sys")):
        raise FileNotFoundError(path)
    return usual(path, *_, **options)

ctypes.CDLL, pathlib.Path.read_text = CDLL, nothing_there
from service.__main__ import main
sys.exit(main([]))
"""


def test_it_starts_without_what_only_linux_has(model_file: Path) -> None:
    port = free_port()
    environment = os.environ | {"SEGMENT_MODELS": str(model_file), "SEGMENT_PORT": str(port), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", ELSEWHERE], env=environment)
    wait_until_ready(f"http://127.0.0.1:{port}", process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("port", "http", "SEGMENT_PORT"),
        ("max_body_mib", "-1", "SEGMENT_MAX_BODY_MIB"),
        ("workers", "0", "greater"),
        ("hosts", "robot.local, http://", "SEGMENT_HOSTS: 'http://' is not a host name"),
        ("root_path", "https://robot.local/x", "SEGMENT_ROOT_PATH: 'https://robot.local/x' is not a path"),
        *(
            (name, "inf", f"SEGMENT_{name.upper()}")
            for name in ("max_body_mib", "uploads_mib", "max_megapixels", "grace_s")
        ),
        ("workers", "1000000", "SEGMENT_WORKERS: Input should be less than or equal to 1000"),
        ("origins", "robot.local", "SEGMENT_ORIGINS: 'robot.local' is not the origin of a page"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(refused: Refusal, setting: str, value: str, said: str) -> None:
    code, lines = refused(**{setting: value})
    assert code == 2
    assert len(lines) == 1
    assert said in lines[0]


def test_too_little_memory_for_any_image_ends_the_start(model_file: Path) -> None:
    code, lines = refusal(models=model_file, memory_mib=0.001)
    assert (code, lines) == (1, ["fcn-serve: colours needs 1 MiB for any image; raise SEGMENT_MEMORY_MIB."])


def test_every_setting_is_an_option_too(model_file: Path) -> None:
    command = [sys.executable, "-m", "service"]
    listing = subprocess.check_output([*command, "--help"], cwd=ROOT, text=True)
    assert all(f"--{name.replace('_', '-')} " in listing for name in Settings.model_fields)
    port = free_port()
    process = subprocess.Popen([*command, "--models", str(model_file), "--port", str(port)], cwd=ROOT)
    wait_until_ready(f"http://127.0.0.1:{port}", process)
    process.terminate()
    assert process.wait(30) == 0


def test_an_unknown_option_is_refused() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "service", "--prot", "1"], cwd=ROOT, capture_output=True, check=False
    )
    assert result.returncode == 2
    assert b"--prot" in result.stderr


@pytest.mark.parametrize("host", ["::", "[::1]"])
def test_an_ipv6_address_is_printed_as_a_url(model_file: Path, host: str) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        port = probe.getsockname()[1]
    process = start(models=model_file, port=port, host=host, allow_anonymous=True)
    wait_until_ready(f"http://[::1]:{port}", process)
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert f"Ready: http://[::1]:{port}\n" in output.decode()


def test_a_port_in_use_ends_the_start(refused: Refusal, model_file: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert refused(models=model_file, port=port) == (
            1,
            [f"fcn-serve: port {port} of 127.0.0.1 is in use; set SEGMENT_PORT to another one."],
        )


def test_an_address_of_another_machine_ends_the_start(refused: Refusal, model_file: Path) -> None:
    """It is one of those for documents (RFC 5737)."""
    code, lines = refused(models=model_file, host="192.0.2.1", allow_anonymous=True)
    assert code == 1
    assert len(lines) == 1
    assert "cannot listen on 192.0.2.1" in lines[0]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:8000"),
        ("robot.local", "http://robot.local:8000"),
    ],
)
def test_the_url_is_one_that_works(host: str, url: str) -> None:
    assert url_of(host, 8000) == url


def test_a_missing_accelerator_is_no_silent_fallback(model_file: Path) -> None:
    code, errors = refusal(models=model_file, port=free_port(), providers="cuda,cpu")
    assert code == 1
    assert errors == ["fcn-serve: SEGMENT_PROVIDERS asks for cuda, which this build of onnxruntime lacks; it has cpu."]
    code, errors = refusal(providers="abacus")
    assert code == 2
    assert errors == ["fcn-serve: SEGMENT_PROVIDERS: Input should be 'cpu', 'cuda', 'tensorrt' or 'openvino'"]
