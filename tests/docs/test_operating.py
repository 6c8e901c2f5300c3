"""docs/reference/operating.md is true: its tables are those of the code, its log lines are logged."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

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
    known |= {(one.code, str(one.status)) for one in early}
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


def test_the_metrics_table_is_that_of_the_service(tmp_path: Path) -> None:
    (tmp_path / "colours.onnx").write_bytes(colours.model_bytes(references=colours.REFERENCES))
    (tmp_path / "damaged.onnx").write_bytes(b"")
    with serving(tmp_path, default_model="colours") as url:
        answer = httpx2.post(f"{url}/segment?include=confidence", files={"image": encoded(quarters())})
        assert answer.status_code == 200
        text = httpx2.get(f"{url}/metrics").text
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


def test_the_logs_lines_look_as_they_are_said_to(model_file: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving(model_file, log=log) as url:
        httpx2.post(f"{url}/segment", files={"image": encoded(quarters())})
        wait_until(lambda: "route=/segment" in log.read_text())
    (said,) = re.findall(r"^\S+ \S+ (INFO .*)$", PAGE, re.MULTILINE)
    (logged,) = re.findall(r"^\S+ \S+ (INFO .*route=/segment .*)$", log.read_text(), re.MULTILINE)
    value = re.compile(r"=\S+")
    assert value.sub("=", logged) == value.sub("=", said)


def test_the_reasons_for_a_review_are_the_codes() -> None:
    page = (ROOT / "docs" / "how-to" / "clinic.md").read_text()
    source = (ROOT / "service" / "segmentation" / "measures" / "review.py").read_text()
    written = re.findall(r'Reason\(\s*"([a-z_]+)"', source)
    table = page[page.index("## Review") : page.index("## Privacy")]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == sorted(set(written))
