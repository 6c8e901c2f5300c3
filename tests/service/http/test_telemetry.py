"""Log lines and metrics of requests; onnxruntime's telemetry is off."""

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

import httpx2
import onnxruntime
import pytest

import service
from tests.support.pictures import encoded, quarters
from tests.support.scrape import metric
from tests.support.server import ROOT, serving

PNG = {"Content-Type": "image/png"}


def test_every_answer_has_a_request_id_and_a_harmless_one_is_kept(client: httpx2.Client) -> None:
    assert len(client.get("/health/live").headers["X-Request-Id"]) == 32
    given = client.get("/health/live", headers={"X-Request-Id": "robot-7.42"})
    assert given.headers["X-Request-Id"] == "robot-7.42"
    harmful = client.get("/health/live", headers={"X-Request-Id": "a b=c"})
    assert len(harmful.headers["X-Request-Id"]) == 32


def test_requests_and_images_are_counted_by_outcome(client: httpx2.Client) -> None:
    def counts() -> list[float]:
        request = {"method": "POST", "route": "/segment"}
        image = {"model": "colours", "version": "1"}
        return [
            metric(client, "segment_requests_total", **request, status="200", code="ok"),
            metric(client, "segment_requests_total", **request, status="415", code="unsupported_format"),
            metric(client, "segment_request_seconds_count", route="/segment", status_class="2xx"),
            metric(client, "segment_request_seconds_count", route="/segment", status_class="4xx"),
            metric(client, "segment_images_total", **image, outcome="ok"),
            metric(client, "segment_images_total", **image, outcome="unsupported_format"),
        ]

    before = counts()
    assert client.post("/segment", content=encoded(quarters()), headers=PNG).status_code == 200
    assert client.post("/segment", content=b"no image", headers=PNG).status_code == 415
    assert counts() == [count + 1 for count in before]


def test_shares_of_classes_are_summed_and_confidence_where_it_was_asked_for(client: httpx2.Client) -> None:
    def sums() -> list[float]:
        shares = [
            metric(client, f"segment_class_share_{of}", model="colours", **{"class": name})
            for of in ("sum", "count")
            for name in ("red", "green", "blue")
        ]
        return shares + [metric(client, f"segment_confidence_{of}", model="colours") for of in ("sum", "count")]

    before = sums()
    answer = client.post("/segment?include=confidence", content=encoded(quarters()), headers=PNG).json()
    client.post("/segment?include=", content=encoded(quarters()), headers=PNG)
    client.post("/segment", content=b"no image", headers=PNG)
    fractions = [class_["fraction"] for class_ in answer["classes"]]
    mean = sum(class_["fraction"] * (class_["confidence"] or 0) for class_ in answer["classes"])
    added = [now - then for now, then in zip(sums(), before, strict=True)]
    assert added == pytest.approx([*(2 * fraction for fraction in fractions), 2, 2, 2, mean, 1])


def test_a_file_that_is_not_served_is_named_with_the_reason(tmp_path: Path, model_file: Path) -> None:
    (tmp_path / "colours.onnx").write_bytes(model_file.read_bytes())
    (tmp_path / "damaged.onnx").write_bytes(model_file.read_bytes()[:-1])
    with serving(tmp_path, default_model="colours") as url, httpx2.Client(base_url=url) as client:
        assert metric(client, "segment_models_refused") == 1
        assert metric(client, "segment_refused_model_info", file="damaged", code="model_tampered") == 1


def test_gauges_and_what_runs_are_shown(client: httpx2.Client, model_file: Path) -> None:
    for gauge in ("slots_taken", "queue_length", "upload_bytes", "models_refused"):
        assert metric(client, f"segment_{gauge}") == 0
    assert metric(client, "segment_slots") > 16
    assert metric(client, "segment_scans_slots") == 1 + 16
    assert metric(client, "segment_deadline_seconds") == 30
    assert 0 < metric(client, "segment_memory_budget_bytes") < metric(client, "segment_memory_limit_bytes")
    versions = {"python": platform.python_version(), "onnxruntime": onnxruntime.__version__}
    assert metric(client, "segment_build_info", version=service.__version__, **versions) == 1
    digest = f"sha256:{hashlib.sha256(model_file.read_bytes()).hexdigest()}"
    model = {"model": "colours", "version": "1", "digest": digest, "precision": "float32"}
    assert metric(client, "segment_model_info", **model) == 1


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the process metrics are read from /proc")
def test_the_process_is_shown(client: httpx2.Client) -> None:
    assert metric(client, "process_resident_memory_bytes") > 1e6
    assert metric(client, "process_cpu_seconds_total") > 0


def test_no_label_is_a_text_of_the_clients_making(client: httpx2.Client) -> None:
    client.get("/made-up")
    client.request("MADEUP", "/segment")
    client.get("/health/live", headers={"X-Request-Id": "made-up", "User-Agent": "made-up", "Host": "made-up"})
    for query in ("model=made-up", "heatmap=made-up", "include=made-up", "made-up=1"):
        client.post(f"/segment?{query}", content=encoded(quarters()), headers=PNG)
    client.get("/models/made-up")
    client.post("/models/made-up/reload")
    client.get("/web/made-up.js")
    text = client.get("/metrics").text.lower()
    assert "made-up" not in text
    assert "madeup" not in text


def test_onnxruntime_keeps_no_telemetry(tmp_path: Path, model_file: Path) -> None:
    """It would write what it is about to send into the folder for temporary files."""
    load = f"from service.segmentation.runtime.model import *; Model.load(Path('{model_file}'), 1)"
    environment = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", f"{load}; import time; time.sleep(1)"], cwd=ROOT, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
