"""A camera beside scans: every frame and every scan is accounted for."""

from pathlib import Path

import pytest

from benchmarks import volumes
from benchmarks.wire import Answer
from tests.support import tissues

pytest.importorskip("nibabel")


def test_a_camera_beside_small_scans(
    model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "HERTZ", 10)
    scans = tmp_path / "tissues.onnx"
    scans.write_bytes(tissues.model_bytes())
    with volumes.service(scans, model_file) as subject:
        promises = volumes.run(subject, side=24, seconds=0.5, at_once=3)
    measured = {promise.name: promise for promise in promises}
    for name in ("frames without an answer", "scans without an answer", "lines of progress", "seconds of a scan"):
        assert measured[name].kept, measured[name]
    assert measured["p99 beside 3 over p99 alone"].measured > 0
    assert measured["peak memory of the service meanwhile, MB"].measured > 50
    printed = capsys.readouterr().out
    assert "| beside 3 |" in printed
    assert "network" in printed


def test_a_scan_without_a_result_is_no_answer() -> None:
    answer = Answer(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"done": 0, "of": 2}\n{"problem": {}}\n', 1.0, 3.5)
    assert volumes.scan_of(answer) == volumes.Scan(2.5, 2, answered=False)
    assert volumes.scan_of(Answer(b"", 1.0, 2.0)).answered is False
