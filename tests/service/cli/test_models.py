"""`fcn-serve models`: of a folder, and of a running service."""

import json
import shutil
from pathlib import Path

import httpx2

from tests.support.colours import model_bytes
from tests.support.program import fcn_serve
from tests.support.server import free_port, serving


def test_a_folder_and_a_service_that_serves_it_list_the_same(model_file: Path, url: str) -> None:
    here, there = fcn_serve("models", "--models", model_file), fcn_serve("models", "--url", url)
    assert here.stdout == there.stdout
    assert here.stdout.decode().startswith("colours (default), version 1\n  red, green, blue\n  Apache-2.0\n  sha256:")
    assert (here.returncode, here.stderr, there.returncode) == (0, b"", 0)


def test_the_json_is_that_of_the_api(model_file: Path, url: str) -> None:
    assert json.loads(fcn_serve("models", "--json", models=model_file).stdout) == httpx2.get(f"{url}/models").json()


def test_a_refused_file_is_named_and_the_others_are_listed(model_file: Path, tmp_path: Path) -> None:
    shutil.copy(model_file, tmp_path)
    (tmp_path / "zebra.onnx").write_bytes(model_bytes()[:-1])
    result = fcn_serve("models", "--models", tmp_path)
    assert result.returncode == 1
    assert b"colours (default)" in result.stdout
    assert result.stderr.decode().splitlines()[-1].startswith("fcn-serve: not served: zebra: ")


def test_where_nothing_listens_it_says_so_in_one_line() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    result = fcn_serve("models", "--url", url)
    assert result.returncode == 1
    assert result.stderr.decode().startswith(f"fcn-serve: {url} does not answer: ")


def test_a_key_is_sent_and_a_missing_one_is_told(model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"segment {'s' * 40}\n")
    with serving(model_file, keys=tmp_path / "keys") as url:
        assert fcn_serve("models", "--url", url, "--key", "s" * 40).returncode == 0
        refused = fcn_serve("models", "--url", url)
    assert refused.returncode == 1
    assert b"key" in refused.stderr
