"""The README's tables, figures and configurations are those of the code; its commands run in test_commands.py."""

import json
import re
import subprocess
from pathlib import Path

import httpx2

from benchmarks import report
from docsite import settings
from model_export.reports import card, photo_card
from model_export.reports.report import figures, judged_by
from service.http.app import create_app
from service.segmentation.catalog import EMBEDDED
from service.segmentation.runtime.model import Model
from service.serving.keys import ROLES, Role
from service.serving.settings import Settings
from tests.support.document import Document
from tests.support.server import ROOT, serving

DOCUMENT = Document("README.md")
README = DOCUMENT.text


def test_the_first_command_starts_the_service() -> None:
    planned = subprocess.check_output(["make", "--no-print-directory", "--dry-run", "serve"], cwd=ROOT, text=True)
    assert planned.splitlines()[-1] == ".venv/serve/bin/python -m service"


def test_the_endpoints_are_those_of_the_api(model_file: Path) -> None:
    rows = re.findall(r"^\| (GET|POST) \| (`/.*?`) \| (\w+) \|", README, re.MULTILINE)
    told = {(method, path, key) for method, paths, key in rows for path in re.findall(r"`(.*?)`", paths)}
    document = create_app(Settings(models=model_file)).openapi()["paths"]
    served = {(method.upper(), path) for path, methods in document.items() for method in methods}
    pages = {("GET", "/"), ("GET", "/docs"), ("GET", "/openapi.json")}
    assert {(method, path) for method, path, _ in told} == served | pages
    for method, path, key in told - {(*page, "none") for page in pages}:
        assert (key != "none") == bool(document[path][method.lower()].get("security")), path
    options = {p["name"] for p in document["/segment"]["post"]["parameters"] if p["in"] == "query"}
    parameters = README[README.index("query parameters") : README.index("## Classes of your own")]
    cells = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ", parameters, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"\w+", cell)} == options


def test_the_keys_of_the_endpoints_are_those_that_are_asked_for(model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("".join(f"{role} {role[0] * 40}\n" for role in ROLES))
    rows = re.findall(r"^\| (GET|POST) \| `(/.*?)`.*? \| (\w+) \|", README, re.MULTILINE)
    roles = {"none": Role.ANYONE} | ROLES
    with serving(model_file, keys=tmp_path / "keys") as url, httpx2.Client(base_url=url, timeout=60) as client:
        for method, path, key in rows:
            for role, rights in roles.items():
                headers = {} if role == "none" else {"Authorization": f"Bearer {role[0] * 40}"}
                answer = client.request(method, path.format(name="colours"), headers=headers)
                assert (answer.status_code in (401, 403)) == (roles[key] not in rights), (path, role)


def test_the_settings_table_is_the_codes() -> None:
    rows = re.findall(r"^\| `(SEGMENT_\w+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    assert rows == settings.rows()


def shipped() -> list[Model]:
    return [Model.load(path, threads=0) for path in sorted(EMBEDDED.glob("*.onnx"))]


def test_the_figures_are_those_in_the_model_files() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|((?: \d+\.\d \|)+)$", README, re.MULTILINE)
    told = [(name, re.findall(r"\d+\.\d", figures)) for name, figures in rows]
    expected: list[tuple[str, list[str]]] = []
    for model in shipped():
        assert model.contract.training.licence in re.sub(r"\s+", " ", README)
        assert f"{(EMBEDDED / f'{model.contract.name}.onnx').stat().st_size / 1e6:.1f} MB" in README
        evaluation, made = model.contract.evaluation, model.contract.quantization
        if evaluation is None:
            assert made is not None
            assert made.agreement is not None
            assert f"{100 * made.agreement:.1f} %" in README
            continue
        m = evaluation.metrics
        four = (m.pixel_accuracy, m.mean_accuracy, m.mean_iu, m.frequency_weighted_iu)
        judged = [one.metrics for one in model.contract.elsewhere]
        elsewhere = tuple(figure for one in judged for figure in (one.mean_iu, one.pixel_accuracy))
        rows_of = (elsewhere, four, m.iu) if elsewhere else (four, m.iu)
        expected += [(model.contract.name, [f"{100 * (v or 0):.1f}" for v in values]) for values in rows_of]
    assert sorted(told) == sorted(expected)


def test_the_speeds_are_those_of_the_run_that_it_names() -> None:
    figures = json.loads((ROOT / "docs" / "benchmarks" / "figures.json").read_text())
    assert f"<!-- benchmarks -->\n{report.summary(figures)}\n<!-- end -->" in README
    machine = figures["machine"]
    words = (f"{figures['rounds']} rounds", machine["processor"], f"{machine['cores']} cores", machine["commit"])
    (told,) = re.findall(r"Medians of `make bench`, (.*?):$", README, re.MULTILINE)
    assert all(word in told for word in words)


def test_each_models_card_is_of_the_file_that_is_shipped() -> None:
    for model in shipped():
        text = (ROOT / "docs" / "models" / f"{model.contract.name}.md").read_text()
        assert card.table(card.facts(model, (EMBEDDED / f"{model.contract.name}.onnx").stat().st_size)) in text
        assert all((ROOT / "docs" / "models" / picture).exists() for picture in re.findall(r"\]\((.*?\.png)\)", text))
        evaluation = model.contract.evaluation
        if evaluation is None:
            assert photo_card.agreement(model.contract) in text
            continue
        assert f"| mean IU | {100 * evaluation.metrics.mean_iu:.2f} |" in text
        for name, iu in zip(model.contract.labels.names, evaluation.metrics.iu, strict=True):
            assert f"| IU {name} | {100 * (iu or 0):.2f} |" in text
        for elsewhere in model.contract.elsewhere:
            section = text.partition(f"### {elsewhere.place}\n")[2].partition("\n#")[0]
            for name, figure in figures(elsewhere.metrics, judged_by(elsewhere, model.contract.labels)).items():
                assert f"| {name} | {figure} |" in section
