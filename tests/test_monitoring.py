"""deploy/monitoring is true: Prometheus takes its configuration, alerts fire as they should, and every query of the
dashboard has data after a load."""

import json
import math
import re
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import monitored
from benchmarks.dashboard import FILE, Query, panels
from benchmarks.prometheus import MONITORING, Prometheus, configure, prometheus
from service.http import routes, volumes
from service.kserve import routes as kserve
from service.segmentation.measures.drift import FEWEST
from service.serving.metrics import NEAR
from tests.support import colours
from tests.support.debian import need
from tests.support.pictures import encoded, quarters
from tests.support.server import ROOT, serving
from tests.support.waiting import wait_until

RULES = (MONITORING / "rules.yml").read_text()
PAGE = (ROOT / "docs" / "how-to" / "monitor.md").read_text()
DASHBOARD = json.loads(FILE.read_text())
OFTEN = "500ms"
KEY, OF_PROMETHEUS = "admin-key-of-the-tests", "monitor-key-of-prometheus"
OUTCOMES = Counter(ok=FEWEST // 2, unsupported_format=3, unknown_model=2, invalid_parameter=1)
"""Requests of one load, by code. After two there is a drift."""
PROMETHEUS_OWN = {"up", "ALERTS"}


@dataclass(frozen=True)
class Watched:
    """A service under load that a Prometheus scrapes."""

    url: str
    http: httpx2.Client
    prometheus: Prometheus
    sent: Counter[str]
    log: Path

    def metrics(self) -> dict[str, float]:
        """Samples of /metrics, summed over their labels."""
        sums: defaultdict[str, float] = defaultdict(float)
        for family in text_string_to_metric_families(self.http.get("/metrics").text):
            for sample in family.samples:
                sums[sample.name] += sample.value
        return sums


def load(http: httpx2.Client) -> None:
    """Images that are segmented, and requests that are not: see OUTCOMES."""
    image, png = encoded(quarters()), {"Content-Type": "image/png"}
    queries = {"ok": ("?include=confidence", image), "unsupported_format": ("", b"no image")}
    queries |= {"unknown_model": ("?model=none", image), "invalid_parameter": ("?include=none", image)}
    for code, count in OUTCOMES.items():
        query, content = queries[code]
        for _ in range(count):
            answer = http.post(f"/segment{query}", content=content, headers=png)
            assert answer.json().get("code", "ok") == code


@pytest.fixture(scope="module")
def watched(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A service with keys, a model and a damaged one, after two loads with scrapes between and after them."""
    program = need("prometheus")
    folder = tmp_path_factory.mktemp("monitoring")
    models = folder / "models"
    models.mkdir()
    (models / "colours.onnx").write_bytes(colours.model_bytes(references=colours.REFERENCES))
    (models / "damaged.onnx").write_bytes(model_file.read_bytes()[:-1])
    (folder / "keys").write_text(f"admin {KEY}\nmonitor {OF_PROMETHEUS}\n")
    log = folder / "log"
    with serving(models, default_model="colours", keys=folder / "keys", log=log) as url:
        configuration = configure(folder, url.removeprefix("http://"), OF_PROMETHEUS, OFTEN)
        bearer = {"Authorization": f"Bearer {KEY}"}
        with prometheus(program, configuration) as asked, httpx2.Client(base_url=url, headers=bearer) as http:
            for loads in (1, 2):
                load(http)
                wait_until(partial(counted, asked, loads * OUTCOMES.total()))
            yield Watched(url, http, asked, OUTCOMES + OUTCOMES, log)


def counted(asked: Prometheus, requests: int) -> bool:
    """Whether Prometheus has seen so many requests to segment."""
    return total(asked, 'segment_requests_total{route="/segment"}') == requests


def total(asked: Prometheus, expression: str) -> float:
    """The sum of all series of an expression, now."""
    return sum(series.values[-1] for series in asked.instant(expression))


def test_prometheus_takes_the_configuration(tmp_path: Path) -> None:
    promtool = need("promtool", "prometheus")
    subprocess.run([promtool, "check", "config", configure(tmp_path, "segment:8000")], check=True)


def test_every_alert_fires_when_it_should_and_no_other_does() -> None:
    promtool = need("promtool", "prometheus")
    subprocess.run([promtool, "test", "rules", "rules.test.yml"], cwd=MONITORING, check=True)
    alerts = re.findall(r"- alert: (\w+)", RULES)
    assert alerts
    assert set(re.findall(r'alertname="(\w+)"', (MONITORING / "rules.test.yml").read_text())) == set(alerts)
    severities = re.findall(r"- alert: (\w+)\n(?: .*\n)*? +severity: (\w+)", RULES)
    assert re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE) == severities
    assert RULES.count("\n          summary: ") == RULES.count("\n          description: >-") == len(alerts)


def test_requests_by_outcome_are_those_sent_in_prometheus_the_metrics_and_the_log(watched: Watched) -> None:
    assert Counter(re.findall(r" route=/segment status=\d+ code=(\w+) ", watched.log.read_text())) == watched.sent
    by_code = watched.prometheus.instant('sum by (code) (segment_requests_total{route="/segment"})')
    assert {series.labels["code"]: series.values[-1] for series in by_code} == watched.sent
    images = watched.prometheus.instant("sum by (outcome) (segment_images_total)")
    with_model = {code: watched.sent[code] for code in ("ok", "unsupported_format")}
    assert {series.labels["outcome"]: series.values[-1] for series in images} == with_model
    shown = watched.metrics()
    assert shown["segment_images_total"] == sum(with_model.values())
    for name in ("segment_class_share_sum", "segment_confidence_count"):
        assert shown[name] == pytest.approx(total(watched.prometheus, name)) == watched.sent["ok"]
    assert total(watched.prometheus, 'segment_request_seconds_count{route="/segment"}') == watched.sent.total()


def queries() -> list[Query]:
    return [query for panel in panels(["colours"], "1m") for query in panel.queries]


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.expression)
def test_every_query_of_the_dashboard_has_data(watched: Watched, query: Query) -> None:
    wait_until(lambda: watched.prometheus.instant(query.expression))
    for series in watched.prometheus.instant(query.expression):
        assert not any(map(math.isnan, series.values)), series
        assert "{{" not in query.name(series.labels)


def test_the_dashboard_is_drawn(watched: Watched, tmp_path: Path) -> None:
    monitored.draw(watched.prometheus, ["colours"], time.time() - 60, time.time(), tmp_path / "dashboard.png")
    with Image.open(tmp_path / "dashboard.png") as picture:
        assert picture.convert("L").entropy() > 0.5  # bits a pixel; an empty one has 0


def test_the_routes_of_the_dashboard_and_the_rules_are_those_that_segment() -> None:
    found = re.findall(r'route=~\\?"(/segment\|/volumes.*?)\\?"', RULES + FILE.read_text())
    assert len(set(found)) == 1
    posts = [
        route.path
        for router in (routes.router, volumes.router, kserve.router)
        for route in router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    ]
    others = ["/models/{name}/reload", "/v2/{path:path}"]  # the latter refuses what the service has not
    assert [path for path in posts if not re.fullmatch(found[0], path)] == others


def test_the_alert_near_the_deadline_has_a_bucket_of_its_own() -> None:
    assert f"> on (instance) {NEAR} * segment_deadline_seconds\n" in RULES


def test_an_alert_says_what_is_wrong_and_what_to_do(watched: Watched) -> None:
    def refused() -> list[Any]:
        alerts = watched.prometheus.get("alerts")["alerts"]
        return [alert for alert in alerts if alert["labels"]["alertname"] == "ModelRefused"]

    wait_until(refused)
    (alert,) = refused()
    address = watched.url.removeprefix("http://")
    assert alert["annotations"]["summary"] == f"damaged.onnx is not served by {address}: model_tampered."
    assert "copy the file again" in alert["annotations"]["description"]


def test_every_metric_that_is_named_exists(watched: Watched) -> None:
    known = watched.metrics().keys() | PROMETHEUS_OWN
    expressions = " ".join(query.expression for query in queries())
    expressions += " ".join(re.findall(r"expr: (?:\|\n)?((?:.|\n {10})+)", RULES))
    named = set(re.findall(r"\b((?:segment|process)_\w+|up|ALERTS)\b", expressions))
    named |= set(re.findall(r"\b((?:segment|process)_\w+)\b", PAGE))
    assert len(named) > 20
    assert named <= known, named - known


def test_without_keys_the_key_file_is_empty(model_file: Path, tmp_path: Path) -> None:
    program = need("prometheus")
    assert (MONITORING / "no-key").read_text() == ""
    with serving(model_file) as url:
        configuration = configure(tmp_path, url.removeprefix("http://"), every=OFTEN)
        with prometheus(program, configuration) as asked:
            wait_until(lambda: total(asked, "up") == 1)


def test_every_field_of_the_dashboard_is_one_that_grafana_knows() -> None:
    register_default_plugins()
    known = json.loads(JSONEncoder().encode(Dashboard.from_json(DASHBOARD)))
    assert lost(DASHBOARD, known) == []


def lost(ours: Any, theirs: Any, path: str = "$") -> list[str]:
    """The fields of a document that another one lacks, or has with another value."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [at for key in ours for at in lost(ours[key], theirs.get(key), f"{path}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [at for number, (a, b) in pairs for at in lost(a, b, f"{path}[{number}]")]
    return [] if ours == theirs else [path]


def test_the_panels_of_the_dashboard_have_their_own_ids_and_places() -> None:
    documents = DASHBOARD["panels"]
    assert len({document["id"] for document in documents}) == len(documents)
    places = [document["gridPos"] for document in documents]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart = any(
            a[at] + a[side] <= b[at]
            for at, side in (("x", "w"), ("y", "h"))
            for a, b in ((one, other), (other, one))
        )  # fmt: skip
        assert apart, (one, other)
    sources = {str(document["datasource"]) for document in documents if document["type"] != "row"}
    assert sources == {"{'type': 'prometheus', 'uid': '${datasource}'}"}


def test_grafana_is_given_the_data_source_and_the_folder_of_the_dashboard() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    folder = "/etc/grafana/provisioning/dashboards"
    assert f"./deploy/monitoring/grafana/dashboards:{folder}:ro" in compose
    assert f"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: {folder}/{FILE.name}" in compose
    assert f"path: {folder}\n" in (FILE.parent / "files.yml").read_text()
    source = (MONITORING / "grafana" / "datasources" / "prometheus.yml").read_text()
    assert "url: http://prometheus:9090\n" in source
    assert "timeInterval: 15s " in source
    assert "scrape_interval: 15s\n" in (MONITORING / "prometheus.yml").read_text()
