"""A run that was stopped goes on: no image is done twice, none is lost. Real processes are killed."""

import csv
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cli.manifest import NAME, manifest_of
from tests.support import slow
from tests.support.colours import model_bytes
from tests.support.pictures import encoded, quarters
from tests.support.program import PROGRAM, environment, fcn_serve
from tests.support.waiting import wait_until

IMAGES = 12
PATIENCE_S = 240
CALL = ["segment", "photos"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images that take their model a while."""
    (tmp_path / "photos").mkdir()
    for number in range(IMAGES):
        (tmp_path / "photos" / f"{number}.png").write_bytes(slow.picture(2 + number))
    (tmp_path / "slow.onnx").write_bytes(slow.model_bytes())
    return tmp_path


def stopped(folder: Path, by: signal.Signals, after: int) -> tuple[int, str]:
    """Stop a run some time after it has done so many more images; its exit code, and what it said."""
    before = len(done(folder))
    command = [*PROGRAM, *CALL]
    with subprocess.Popen(
        command, cwd=folder, env=environment(models=folder / "slow.onnx"), stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: len(done(folder)) >= before + after or process.poll() is not None, seconds=PATIENCE_S)
        time.sleep(random.random() / 10)
        process.send_signal(by)
        _, errors = process.communicate(timeout=PATIENCE_S)
    return process.returncode, errors


def done(folder: Path) -> list[str]:
    """The images in the manifest, without a last line that is being written."""
    path = folder / "segmented" / NAME
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line)["name"] for line in lines]


def written(folder: Path) -> dict[str, int]:
    """When each output of a finished image was written."""
    return {
        path.name: path.stat().st_mtime_ns
        for name in done(folder)
        for path in (folder / "segmented" / "photos").glob(f"{Path(name).name}.*")
    }


def test_killed_three_times_it_does_each_image_once_and_loses_none(folder: Path) -> None:
    before: dict[str, int] = {}
    for _ in range(3):
        stopped(folder, signal.SIGKILL, after=2)
        assert before.items() <= written(folder).items(), "an image was done again"
        before = written(folder)
    last = fcn_serve(*CALL, cwd=folder, models=folder / "slow.onnx")
    assert (last.returncode, last.stderr) == (0, b"")
    assert before.items() <= written(folder).items(), "an image was done again"
    assert Counter(done(folder)) == Counter(f"photos/{number}.png" for number in range(IMAGES))
    outputs = {path.name for path in (folder / "segmented" / "photos").iterdir()}
    assert outputs == {f"{number}.png.{kind}" for number in range(IMAGES) for kind in ("png", "json")}
    rows = list(csv.DictReader((folder / "segmented" / "areas.csv").read_text().splitlines()))
    assert Counter(row["file"] for row in rows) == {f"photos/{number}.png": 3 for number in range(IMAGES)}


@pytest.fixture
def audible() -> Iterator[None]:
    """A shell that starts programs in the background lets them ignore SIGINT, and those that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("audible")
def test_ctrl_c_ends_it_after_the_images_under_way_and_it_goes_on(folder: Path) -> None:
    for number in range(1, IMAGES):
        (folder / "photos" / f"{number}.png").write_bytes(slow.picture(20))
    code, errors = stopped(folder, signal.SIGINT, after=1)
    assert (code, errors) == (130, "fcn-serve: stopped; the same command goes on from here.\n")
    assert not list((folder / "segmented").rglob("*.part"))
    first = written(folder)
    assert first
    assert fcn_serve(*CALL, cwd=folder, models=folder / "slow.onnx").returncode == 0
    assert first.items() <= written(folder).items()
    assert sorted(Counter(done(folder)).values()) == [1] * IMAGES


def test_what_changed_is_done_again_and_nothing_else(tmp_path: Path, model_file: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("same", "touched", "lost", "short"):
        (tmp_path / "photos" / f"{name}.png").write_bytes(encoded(quarters()))

    def again(*options: object) -> list[str]:
        result = fcn_serve(*CALL, "--json", "--models", model, *options, cwd=tmp_path)
        assert (result.returncode, result.stderr) == (0, b"")
        return sorted(Path(json.loads(line)["file"]).stem for line in result.stdout.splitlines())

    model = model_file
    every = ["lost", "same", "short", "touched"]
    assert again() == every
    assert again() == []
    os.utime(tmp_path / "photos" / "touched.png", ns=(1, 1))
    (tmp_path / "segmented" / "photos" / "lost.png.png").unlink()
    (tmp_path / "segmented" / "photos" / "short.png.json").write_bytes(b"")  # as after a power failure
    assert again() == ["lost", "short", "touched"]
    assert again("--confidence") == every
    model = tmp_path / "colours.onnx"
    model.write_bytes(model_bytes(version="2"))
    assert again("--confidence") == every
    assert again("--confidence") == []


def test_a_line_that_was_cut_off_costs_its_image_alone(tmp_path: Path, model_file: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in "ab":
        (tmp_path / "photos" / f"{name}.png").write_bytes(encoded(quarters()))
    fcn_serve(*CALL, cwd=tmp_path, models=model_file)
    manifest = tmp_path / "segmented" / NAME
    (cut,) = done(tmp_path)[1:]
    manifest.write_bytes(manifest.read_bytes()[:-20])
    result = fcn_serve(*CALL, "--json", cwd=tmp_path, models=model_file)
    assert [json.loads(line)["file"] for line in result.stdout.splitlines()] == [cut]
    assert len(done(tmp_path)) == 2


def test_two_runs_do_not_write_to_one_folder(folder: Path) -> None:
    with manifest_of(folder / "segmented"):
        second = fcn_serve(*CALL, cwd=folder, models=folder / "slow.onnx")
    assert second.returncode == 1
    assert second.stderr.decode().startswith("fcn-serve: another fcn-serve writes to segmented; ")
