"""docs/reference/operating.md is true: its tables are those of the code, its log lines are logged."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.cluster import proxy
from service.http.errors import RequestError
from service.http.problems import status_of
from service.http.security import refusals
from service.kserve.errors import BadInference, UnknownVersion
from service.segmentation.errors import SegmentationError, UnknownModel, code_of
from service.segmentation.stopwatch import STAGES
from service.serving.errors import BadKeys, BadSettings, ServingError
from service.serving.settings import Settings
from tests.support import colours
from tests.support.pictures import encoded, quarters
from tests.support.server import ROOT, serving
from tests.support.waiting import wait_until

PAGE = (ROOT / "docs" / "reference" / "operating.md").read_text()
FRAMEWORK = {
    ("not_found", "404"),
    ("method_not_allowed", "405"),
    ("invalid_parameter", "422"),
    ("internal_error", "500"),
    ("foreign_origin", "403"),
    ("unknown_host", "421"),
}
"""Codes that belong to no class."""


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    _, section = re.split(rf"^## {title}$", PAGE, flags=re.MULTILINE)
    section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def kinds(root: type[Exception]) -> Iterator[type[Exception]]:
    """The service's classes under a root that have no subclasses. Tests make subclasses too."""
    below = [class_ for class_ in root.__subclasses__() if class_.__module__.startswith("service.")]
    for class_ in below:
        yield from kinds(class_)
    if not below:
        yield root


def test_the_error_table_is_the_codes() -> None:
    roots: tuple[type[Exception], ...] = (RequestError, SegmentationError, ServingError, BadInference, UnknownVersion)
    raised: set[type[Exception]] = {class_ for root in roots for class_ in kinds(root)}
    raised = (raised | {UnknownModel}) - {BadKeys, BadSettings}  # the last two stop the start
    errors = [Exception.__new__(class_) for class_ in raised]
    early = [one for one in vars(refusals).values() if isinstance(one, refusals.Refusal)]
    known = {(code_of(error), str(status_of(error))) for error in errors} | FRAMEWORK
    on_ray = [one for one in vars(proxy).values() if isinstance(one, proxy.Refusal)]
    known |= {(one.code, str(one.status)) for one in early} | {(one.code, str(one.status.value)) for one in on_ray}
    documented = [(code.strip("`"), status) for code, status, *_ in rows("Errors")]
    assert set(documented) == known
    assert len(documented) == len(known)
    assert [status for _, status in documented] == sorted(status for _, status in documented)


def test_a_code_that_belongs_to_no_class_is_known_to_these_tests() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "service" / "http").rglob("*.py"))
    written = set(re.findall(r'problem\([^"\n]*"([a-z_]+)"[,)]', sources))
    assert written
    assert written <= {code for code, _ in FRAMEWORK}


def test_the_table_of_warnings_is_the_codes() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "service").rglob("*.py"))
    written = re.findall(r'ImageWarning\(\s*"([a-z_]+)"', sources)
    assert [row[0] for row in rows("Warnings")] == [f"`{code}`" for code in sorted(written)]


def test_the_stage_table_is_the_codes() -> None:
    assert [row[0] for row in rows("Stages")] == [f"`{stage}`" for stage in STAGES]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What a service with a damaged model says in /metrics, and in its log, after an image."""
    models, log = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("log") / "log"
    (models / "colours.onnx").write_bytes(colours.model_bytes(references=colours.REFERENCES))
    (models / "damaged.onnx").write_bytes(b"")
    with serving(models, default_model="colours", log=log) as url:
        answer = httpx2.post(f"{url}/segment?include=confidence", files={"image": encoded(quarters())}, timeout=60)
        assert answer.status_code == 200
        metrics = httpx2.get(f"{url}/metrics").text
        wait_until(lambda: "route=/segment" in log.read_text())
    return metrics, log.read_text()


def test_the_metrics_table_is_that_of_the_service(used: tuple[str, str]) -> None:
    text, _ = used
    shown = {}
    for family in text_string_to_metric_families(text):
        if not family.name.endswith("_created") and not family.name.startswith("process_"):
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            total = "_total" if family.type == "counter" else ""
            shown[f"`{family.name}{total}`"] = family.type, ", ".join(f"`{label}`" for label in sorted(labels))
    *ours, (process, *_) = rows("Metrics")
    assert process == "`process_*`"
    assert {name: (type_, labels) for name, type_, labels, _ in ours} == shown


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"SEGMENT_(\w+)", PAGE))
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def test_the_logs_lines_look_as_they_are_said_to(used: tuple[str, str]) -> None:
    _, log = used
    (said,) = re.findall(r"^\S+ \S+ (INFO .*)$", PAGE, re.MULTILINE)
    (logged,) = re.findall(r"^\S+ \S+ (INFO .*route=/segment .*)$", log, re.MULTILINE)
    value = re.compile(r"=\S+")
    assert value.sub("=", logged) == value.sub("=", said)


def test_the_reasons_for_a_review_are_the_codes() -> None:
    page = (ROOT / "docs" / "how-to" / "clinic.md").read_text()
    source = (ROOT / "service" / "segmentation" / "measures" / "review.py").read_text()
    written = re.findall(r'Reason\(\s*"([a-z_]+)"', source)
    table = page[page.index("## Review") : page.index("## Privacy")]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == sorted(set(written))
