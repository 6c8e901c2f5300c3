"""What the README says is so: its commands run, their output is what they print, its tables are the code's."""

import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import report
from service.segmentation.catalog import EMBEDDED
from service.segmentation.runtime.model import Model
from service.serving.settings import Settings
from tests.support.server import ROOT, serving

README = (ROOT / "README.md").read_text()
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The service as it comes, with its embedded model."""
    with serving() as address:
        yield address


def console() -> list[tuple[str, str]]:
    """Every command of the README's console blocks, with what it is said to print; line breaks are for the reader."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, re.sub(r"\n *", "", output)) for command, _, output in (step.partition("\n") for step in steps)]


def agrees(said: str, printed: str) -> bool:
    """The same text, where … stands for anything, and numbers may differ by as much as processors' arithmetic does."""
    parts = re.split(f"(…|{NUMBER.pattern})", said)
    numbers = [part for part in parts if NUMBER.fullmatch(part)]
    pattern = "".join(
        ".*?" if part == "…" else f"({NUMBER.pattern})" if NUMBER.fullmatch(part) else re.escape(part) for part in parts
    )
    match = re.fullmatch(pattern, printed, re.DOTALL)
    return match is not None and all(
        float(theirs) == pytest.approx(float(ours), rel=0.03)
        for ours, theirs in zip(numbers, match.groups(), strict=True)
    )


def test_the_consoles_output_is_what_the_commands_print(url: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "README.md", tmp_path)
    assert len(console()) == 5
    for command, output in console():
        here = command.replace("http://127.0.0.1:8000", url)
        printed = subprocess.check_output(["bash", "-c", here], cwd=tmp_path, text=True)
        assert agrees(output, printed), f"{command}\nprinted {printed}"
    for name in ("street-mask.png", "street-overlay.webp"):
        ours = np.asarray(Image.open(io.BytesIO((tmp_path / name).read_bytes())).convert("RGB")).astype(int)
        shown = np.asarray(Image.open(ROOT / "docs" / name).convert("RGB")).astype(int)
        assert (np.abs(ours - shown).max(axis=2) > 20).mean() < 0.02, f"docs/{name} is another model's"


def test_the_comparison_of_outputs_notices_what_matters() -> None:
    assert agrees('{"pixels":1234,…}', '{"pixels":1230,"x":1}')
    assert not agrees('{"pixels":123456}', '{"pixels":103456}')
    assert not agrees('{"pixels":1}', '{"pixel":1}')


def test_the_street_models_classes_add_up(url: str) -> None:
    command = f"curl -s -F image=@docs/street.jpg {url}/segment?include="
    answer = subprocess.check_output(command.split(), cwd=ROOT, text=True)
    assert sum(int(n) for n in re.findall(r'"pixels":(\d+)', answer)) == 640 * 480


def test_the_settings_table_is_the_codes() -> None:
    rows = re.findall(r"^\| `(SEGMENT_\w+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    assert rows == settings_table()


def settings_table() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        if default in (None, (), "") or field.default_factory is not None or default == EMBEDDED:
            shown = "" if default != EMBEDDED else "the models that come with it"
        else:
            shown = f"`{','.join(default) if isinstance(default, tuple) else default}`"
        rows.append((f"SEGMENT_{name.upper()}", shown, field.description or ""))
    return rows


def shipped() -> list[Model]:
    return [Model.load(path, threads=0) for path in sorted(EMBEDDED.glob("*.onnx"))]


def test_the_figures_are_those_in_the_model_files() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|((?: \d+\.\d \|)+)$", README, re.MULTILINE)
    told = [(name, re.findall(r"\d+\.\d", figures)) for name, figures in rows]
    expected: list[tuple[str, list[str]]] = []
    for model in shipped():
        evaluation = model.contract.evaluation
        assert evaluation is not None
        m = evaluation.metrics
        four = (m.pixel_accuracy, m.mean_accuracy, m.mean_iu, m.frequency_weighted_iu)
        expected += [(model.contract.name, [f"{100 * (v or 0):.1f}" for v in values]) for values in (four, m.iu)]
        assert model.contract.training.licence in re.sub(r"\s+", " ", README)
    assert sorted(told) == sorted(expected)


def test_the_speeds_are_those_of_the_run_that_it_names() -> None:
    figures = json.loads((ROOT / "docs" / "benchmarks" / "figures.json").read_text())
    assert f"<!-- benchmarks -->\n{report.table(figures)}\n<!-- end -->" in README
    machine = figures["machine"]
    words = (f"{figures['rounds']} rounds", machine["processor"], f"{machine['cores']} cores", machine["commit"])
    (told,) = re.findall(r"in one run of `make bench`,\n(.*?)\. \[CONTRIBUTING", README, re.DOTALL)
    assert all(word in told for word in words)


def test_each_models_card_is_of_the_file_that_is_shipped() -> None:
    for model in shipped():
        text = (ROOT / "docs" / "models" / f"{model.contract.name}.md").read_text()
        evaluation = model.contract.evaluation
        assert evaluation is not None
        assert model.digest in text
        assert f"| mean IU | {100 * evaluation.metrics.mean_iu:.2f} |" in text
        for name, iu in zip(model.contract.labels.names, evaluation.metrics.iu, strict=True):
            assert f"| IU {name} | {100 * (iu or 0):.2f} |" in text
        assert all((ROOT / "docs" / "models" / picture).exists() for picture in re.findall(r"\]\((.*?\.png)\)", text))


def test_every_make_target_that_documents_name_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    texts = README + (ROOT / "CONTRIBUTING.md").read_text()
    for target in set(re.findall(r"(?:^|`)(?:\w+=\w+ )?make (\w+)", texts, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
