"""`fcn-serve doctor`: what it says of this machine is so, and a sick model is found."""

import json
import shutil
from pathlib import Path

import onnxruntime

from service.cli.doctor import cpuinfo, features
from service.segmentation.catalog import EMBEDDED
from service.segmentation.runtime import amx, cores
from tests.support.colours import model_bytes
from tests.support.program import fcn_serve


def test_it_reports_the_machine_and_the_time_of_every_model() -> None:
    result = fcn_serve("doctor", "--models", EMBEDDED / "street-small.onnx", "--json")
    assert (result.returncode, result.stderr) == (0, b"")
    report = json.loads(result.stdout)
    assert report["cores"] == cores.available()
    assert report["onnxruntime"] == onnxruntime.__version__
    assert "cpu" in report["providers"]
    assert 0 < report["memory_mib"] <= report["memory_of_machine_mib"]
    assert ("AMX int8" in (report["features"] or ())) == amx.available()
    (model,) = report["models"]
    assert (model["name"], model["trouble"]) == ("street-small", None)
    assert model["ms_all_cores"] > 0
    assert model["ms_one_core"] > 0


def test_a_model_that_fails_is_named_beside_those_that_pass(model_file: Path, tmp_path: Path) -> None:
    shutil.copy(model_file, tmp_path)
    (tmp_path / "bad.onnx").write_bytes(model_bytes()[:-1])
    result = fcn_serve("doctor", "--models", tmp_path)
    assert result.returncode == 1
    lines = dict(line.split(maxsplit=1) for line in result.stdout.decode().splitlines())
    assert lines["bad.onnx"].startswith("FAILED: ")
    assert lines["colours"].startswith("self-test passed; ")


def test_features_are_read_as_linux_writes_them(tmp_path: Path) -> None:
    listing = tmp_path / "cpuinfo"
    listing.write_text("processor\t: 0\nmodel name\t: EPYC\nflags\t\t: fpu avx2 avx512_vnni\n\nprocessor\t: 1\n")
    assert features(cpuinfo(listing)) == ("AVX2", "AVX-512 VNNI")
    listing.write_text("processor\t: 0\nFeatures\t: fp asimd asimddp\n")
    assert features(cpuinfo(listing)) == ("dot products (ARM)",)
    assert features(cpuinfo(tmp_path / "none")) is None
