"""Traces reach a collector and agree with the log, the headers and the metrics; without a collector there are none."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from service.segmentation.stopwatch import STAGES
from service.serving.tracing import tracer_for
from tests.support import picky, tissues
from tests.support.collector import Collected, attributes, collecting
from tests.support.pictures import encoded, quarters
from tests.support.scrape import metric
from tests.support.server import ROOT, free_port, serving
from tests.support.waiting import wait_until

PAGE = (ROOT / "docs" / "how-to" / "trace.md").read_text()
CALLER = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}


@dataclass(frozen=True)
class Traced:
    """A service that sends traces to a collector, and its log."""

    client: httpx2.Client
    log: Path
    collected: Collected

    def line(self, route: str) -> dict[str, str]:
        """The log's last line about a route, once it is there."""
        pattern = re.compile(rf"^.* fcn_serve\.request (.* route={route} .*)$", re.MULTILINE)
        wait_until(lambda: pattern.search(self.log.read_text()))
        return dict(pair.split("=", 1) for pair in pattern.findall(self.log.read_text())[-1].split())


@pytest.fixture(scope="module")
def service(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    models = tmp_path_factory.mktemp("models")
    log = tmp_path_factory.mktemp("log") / "log"
    (models / "colours.onnx").write_bytes(model_file.read_bytes())
    (models / "tissues.onnx").write_bytes(tissues.model_bytes())
    (models / "picky.onnx").write_bytes(picky.model_bytes(name="picky"))
    with collecting() as collected, ExitStack() as running:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collected.url)
            environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
            url = running.enter_context(serving(models, default_model="colours", log=log))
        yield Traced(running.enter_context(httpx2.Client(base_url=url, timeout=60)), log, collected)


@pytest.fixture
def traced(service: Traced) -> Traced:
    """With an empty collector."""
    service.collected.forget()
    return service


def spent_seconds(traced: Traced) -> dict[str, float]:
    """The seconds of images and of their stages, as /metrics sums them."""
    whole = metric(traced.client, "segment_request_seconds_sum", route="/segment")
    return {"whole": whole} | {
        stage: metric(traced.client, "segment_stage_seconds_sum", stage=stage) for stage in STAGES
    }


def test_log_header_histogram_and_trace_of_a_request_agree(traced: Traced) -> None:
    before = spent_seconds(traced)
    files = {"image": ("Mueller^Anna.png", encoded(quarters()))}
    response = traced.client.post("/segment?include=mask,confidence", files=files, headers=CALLER)
    assert response.status_code == 200
    _, trace_id, span_id, flags = response.headers["traceresponse"].split("-")
    assert (trace_id, flags) == (CALLER["traceparent"].split("-")[1], "01")
    wait_until(traced.collected.servers)
    (server,) = traced.collected.servers()
    assert server.trace_id.hex() == trace_id
    assert server.span_id.hex() == span_id
    assert server.parent_span_id.hex() == CALLER["traceparent"].split("-")[2]

    line = traced.line("/segment")
    assert line["trace_id"] == trace_id
    assert line["request_id"] == response.headers["X-Request-Id"]
    spent = (server.end_time_unix_nano - server.start_time_unix_nano) / 1e9
    assert float(line["ms"]) == pytest.approx(1000 * spent, abs=0.06)
    added = {name: seconds - before[name] for name, seconds in spent_seconds(traced).items()}
    assert added["whole"] == pytest.approx(spent, abs=1e-5)

    shown = dict(re.findall(r"(\w+);dur=([\d.e-]+)", response.headers["Server-Timing"]))
    stages = traced.collected.below(server)
    sums = dict.fromkeys(STAGES, 0.0)
    for stage in stages:
        sums[stage.name] += (stage.end_time_unix_nano - stage.start_time_unix_nano) / 1e6
    for name in STAGES:
        assert sums[name] == pytest.approx(float(shown[name]), abs=0.01)
        assert added[name] == pytest.approx(sums[name] / 1000, abs=1e-5)
    assert list(dict.fromkeys(stage.name for stage in stages)) == list(STAGES)
    times = [t for stage in stages for t in (stage.start_time_unix_nano, stage.end_time_unix_nano)]
    assert times == sorted(times)
    assert server.start_time_unix_nano <= times[0]
    assert times[-1] <= server.end_time_unix_nano

    said = attributes(server)
    assert server.name == "POST /segment"
    assert said == {
        "http.request.method": "POST", "http.route": "/segment", "http.response.status_code": 200,
        "http.response.body.size": len(response.content), "fcn_serve.code": "ok",
        "fcn_serve.request_id": response.headers["X-Request-Id"],
        "fcn_serve.model.name": "colours", "fcn_serve.model.version": "1",
        "fcn_serve.image.width": quarters().width, "fcn_serve.image.height": quarters().height,
    }  # fmt: skip
    assert traced.collected.sender["service.name"] == "fcn-serve"
    (documented,) = re.findall(r"^\S+ \S+ INFO fcn_serve\.request (.*)$", PAGE, re.MULTILINE)
    assert [pair.split("=")[0] for pair in documented.split()] == list(line)
    table = re.findall(r"^\| (`.*?) \|", PAGE[PAGE.index("## Attributes") : PAGE.index("## Settings")], re.MULTILINE)
    assert set(re.findall(r"`(.*?)`", " ".join(table))) == {*said, "error.type"}


def test_a_refusal_has_its_code_and_nothing_that_the_client_wrote(traced: Traced) -> None:
    client = traced.client
    client.get("/health/live")
    client.get("/metrics")
    client.post("/segment?patient=Mueller", content=b"Mueller", headers={"Content-Type": "image/png"})
    client.get("/Mueller", headers={"User-Agent": "Mueller", "Host": "localhost", "traceparent": "Mueller"})
    client.request("MUELLER", "/segment")
    client.post("/segment", content=b"Mueller", headers={"Content-Type": "image/png"})
    wait_until(lambda: len(traced.collected.servers()) >= 4)
    got = [(s.name, attributes(s)["fcn_serve.code"], s.status.code) for s in traced.collected.servers()]
    assert sorted(got) == [
        ("GET none", "not_found", 0),
        ("POST /segment", "invalid_parameter", 0),
        ("POST /segment", "unsupported_format", 0),
        ("other /segment", "method_not_allowed", 0),
    ]
    assert len({span.trace_id for span in traced.collected.servers()}) == 4
    assert b"mueller" not in b"".join(traced.collected.bodies).lower()


def test_a_failure_is_an_error_with_the_stages_that_it_went_through(traced: Traced) -> None:
    portrait = encoded(quarters(64, 96))
    response = traced.client.post("/segment?model=picky", files={"image": portrait})
    assert response.status_code == 500
    wait_until(traced.collected.servers)
    (server,) = traced.collected.servers()
    assert server.status.code == Status.STATUS_CODE_ERROR
    assert attributes(server)["error.type"] == "inference_failed"
    assert [stage.name for stage in traced.collected.below(server)] == ["queue", "decode", "fit", "turn", "network"]


def test_a_scan_has_a_span_for_each_slice_and_its_patient_has_none(traced: Traced) -> None:
    pytest.importorskip("highdicom")
    pytest.importorskip("pydicom")
    from tests.support.dicom import MARK, series  # noqa: PLC0415  # it needs them

    parts = [("volume", (f"{MARK}-{number}.dcm", file)) for number, file in enumerate(series())]
    response = traced.client.post("/volumes", files=parts)
    assert response.status_code == 200
    wait_until(traced.collected.servers)
    (server,) = traced.collected.servers()
    names = [stage.name for stage in traced.collected.below(server)]
    assert names.count("network") == response.json()["volume"]["slices"]
    assert set(names) == set(STAGES) - {"encode"}
    assert MARK.encode() not in b"".join(traced.collected.bodies)


SENT = {"image": encoded(quarters())}
LOADED = """
import sys
from service.http.app import create_app
from service.serving.settings import Settings
create_app(Settings())
names = ("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "requests")
print(*(name for name in sys.modules if name.startswith(names)))
"""


def loaded(model_file: Path, **environment: str) -> list[str]:
    """The modules for traces that a service loads."""
    command = [sys.executable, "-c", LOADED]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "SEGMENT_"))}
    environment = clean | {"SEGMENT_MODELS": str(model_file)} | environment
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout.split()


def test_without_a_collector_nothing_is_loaded(model_file: Path) -> None:
    assert loaded(model_file) == []
    assert "opentelemetry.sdk" in loaded(model_file, OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318")


def test_without_a_collector_answers_say_nothing_of_traces(client: httpx2.Client) -> None:
    assert "traceresponse" not in client.post("/segment", files=SENT, headers=CALLER).headers


def test_a_dead_collector_is_logged_and_holds_up_nothing(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    log = tmp_path / "log"
    with serving(model_file, log=log) as url:
        for _ in range(3):
            assert httpx2.post(f"{url}/segment", files=SENT).status_code == 200
        wait_until(lambda: "opentelemetry" in log.read_text())
        assert httpx2.post(f"{url}/segment", files=SENT).status_code == 200
    # `serving` has checked that it stopped with code 0.


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)  # as if it were not there
    assert tracer_for({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}) is None
    assert 'pip install "fcn-serve[otel]"' in caplog.text


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, ""),
        ({"OTEL_SERVICE_NAME": "segment"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "  "}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_SDK_DISABLED": "true"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_EXPORTER": "none"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_EXPORTER": "zipkin"}, "not zipkin"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "over grpc"),
    ],
)
def test_variables_that_ask_for_no_traces(
    variables: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert tracer_for(variables) is None
    assert said in caplog.text
    assert bool(said) == bool(caplog.text)
