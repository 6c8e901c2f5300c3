"""The load under which the dashboard is drawn; tests/test_monitoring.py draws it."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from benchmarks import monitored, soak, subjects
from benchmarks.traffic import Traffic
from tests.support.scrape import metric
from tests.support.waiting import wait_until

pytest.importorskip("nibabel")


def test_the_load_is_mixed_and_a_file_is_damaged(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitored, "SCAN_SIDE", 24)
    whole = tmp_path / "colours.onnx"
    whole.write_bytes(model_file.read_bytes())
    with subjects.service(models=tmp_path, queue=1, workers=1, reload_s=0.1, client_s=1, log_level="error") as subject:
        traffic = Traffic(0, soak.models(subject), largest=(400, 300))
        asyncio.run(monitored.load(subject, traffic, 4, whole))
        with httpx2.Client(base_url=subject.url.removesuffix("/segment")) as http:
            wait_until(lambda: metric(http, "segment_models_refused") == 1)
            assert metric(http, "segment_requests_total", route="/segment", code="ok") > 0
            assert metric(http, "segment_requests_total", route="/segment", code="busy") > 0
            assert metric(http, "segment_requests_total", route="/volumes") > 0
