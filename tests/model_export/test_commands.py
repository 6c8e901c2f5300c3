"""The command line: every mistake is answered with one line that says what to do."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import torch
import typer
from PIL import Image

from model_export.commands.arguments import source
from model_export.data import shapes
from model_export.networks import DeconvNet
from model_export.reports.evaluate import evaluate
from model_export.reports.sizes import Objects
from model_export.training import checkpoint
from model_export.training.options import Options
from service.segmentation.modelfile.contract import Evaluation
from service.segmentation.runtime.model import Model
from tests.support import towns
from tests.support.command import run
from tests.support.server import ROOT


@pytest.mark.parametrize(
    "command",
    ["shapes", "train", "export", "publish", "quantize", "restore", "golden", "evaluate", "card", "compare", "adopt"],
)
def test_every_command_has_help(command: str) -> None:
    result = run(command, "--help")
    assert result.returncode == 0
    assert command in result.stdout


def test_train_has_every_option_with_its_default_and_its_meaning() -> None:
    said = " ".join(run("train", "--help").stdout.replace("│", " ").split())
    for field in msgspec.structs.fields(Options):
        _, meta = get_args(field.type)
        if field.name not in {"data", "backbone"}:  # an argument, and one that follows --init
            assert f"--{field.name.replace('_', '-')}" in said
            assert " ".join(meta.description.split()) in said
    assert "[default: 448x352]" in said


def test_train_takes_a_second_data_set(tmp_path: Path) -> None:
    for seed, name in enumerate(("one", "two")):
        shapes.write(tmp_path / name, train=4, val=1, width=64, height=32, seed=seed)
    options = ["--backbone", "tiny", "--epochs", 1, "--batch-size", 4, "--crop", "32x32"]
    also = f"{tmp_path / 'two'},share=0.5,stretch=32x64,hold-out=0001,hold-out=0002"
    result = run("train", tmp_path / "one", tmp_path / "run", *options, "--also", also)
    assert result.returncode == 0, result.stderr
    assert re.search(r"val mean IU 0\.\d+ \(one 0\.\d+, two 0\.\d+\)", " ".join(result.stdout.split()))
    kept = json.loads((tmp_path / "run" / "options.json").read_text())["also"]
    assert kept == [{"data": str(tmp_path / "two"), "share": 0.5, "stretch": [32, 64], "hold_out": "0001,0002"}]


def test_a_backbone_that_does_not_exist_is_said_with_those_that_do(tmp_path: Path) -> None:
    shapes.write(tmp_path, train=8, val=1, width=32, height=32, seed=0)
    result = run("train", tmp_path, tmp_path / "run", "--backbone", "resnet")
    assert result.returncode == 1
    known = "mobilenetv2, resnet50v2, vgg16, vgg16-bn, vgg-small, tiny, and timm:NAME"
    assert result.stderr == f"error: There is no backbone resnet; there are {known}.\n"


def test_train_takes_an_architecture_and_says_which_backbones_fit(tmp_path: Path) -> None:
    shapes.write(tmp_path, train=4, val=1, width=64, height=64, seed=0)  # of smaller ones a norm sees no variance
    options = ["--architecture", "deconvnet", "--epochs", 1, "--batch-size", 4, "--crop", "64x64", "--backbone"]
    command = ["train", tmp_path, tmp_path / "run", *options, "vgg-small"]
    process = [sys.executable, "-m", "model_export", *map(str, command)]
    subprocess.run(process, cwd=ROOT, check=True)
    assert isinstance(checkpoint.load(tmp_path / "run" / "best.pt").network, DeconvNet)
    result = run("train", tmp_path, tmp_path / "other", *options, "tiny")
    assert result.returncode == 1
    assert result.stderr == "error: A DeconvNet undoes max pools of 2x2, and Tiny has other layers.\n"


def test_an_invalid_data_set_is_one_line(tmp_path: Path) -> None:
    result = run("train", tmp_path, tmp_path / "run")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"error: {tmp_path / 'classes.json'} is missing: it lists the classes, each with id, name and color."
    ]


@pytest.mark.parametrize("command", ["evaluate", "quantize", "calibrate", "reference"])
def test_a_model_that_is_not_there_is_one_line(tmp_path: Path, command: str) -> None:
    written = [] if command == "evaluate" else [tmp_path / "made.onnx"]
    result = run(command, tmp_path / "gone.onnx", tmp_path, *written)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "cannot be read" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--stride", "2", "8, 16 or 32"),
        ("--crop", "100x64", "multiple of 32"),
        ("--native", "64", "not a size like 480x360"),
        ("--weights", "gone.pth", "does not exist"),
        ("--epochs", "0", ">= 1"),
        ("--also", "idd,share=1.5", "< 1"),
    ],
)
def test_an_option_that_cannot_be_is_named(tmp_path: Path, option: str, value: str, said: str) -> None:
    result = run("train", tmp_path, tmp_path / "run", option, value)
    assert result.returncode == 2
    assert option in result.stderr
    assert said in result.stderr


@pytest.mark.parametrize("command", ["adopt", "export"])
@pytest.mark.parametrize(
    ("output", "option", "value", "said"),
    [
        ("made.onnx", "--name", "Pets!", "Pets! is not a name of small letters"),
        ("made.onnx", "--native", "0x64", "0x64 is not a size of 1x1 to 16384x16384"),
        (".", "--name", "pets", "is a directory"),
    ],
)
def test_what_no_model_file_can_be_called_is_said_at_once(
    tmp_path: Path, command: str, output: str, option: str, value: str, said: str
) -> None:
    result = run(command, tmp_path / "gone", *[tmp_path] * (command == "export"), tmp_path / output, option, value)
    assert result.returncode == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("idd", "lacks its share"),
        ("idd,share=much", "the share much is not a number"),
        ("idd,share=0.5,stretch=2", "not a size like 480x360"),
        ("idd,0.5", "0.5 is not share=, stretch= or hold-out="),
    ],
)
def test_an_invalid_data_set_beside_the_first_is_named(value: str, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        source(value)


def test_an_image_that_is_not_there_is_named(tmp_path: Path) -> None:
    street = ROOT / "service" / "models" / "street.onnx"
    labels = msgspec.to_builtins(Model.load(street, threads=1).contract.labels)
    (tmp_path / "classes.json").write_bytes(msgspec.json.encode(labels))
    for kind in ("images", "labels"):
        (tmp_path / "val" / kind).mkdir(parents=True)
        Image.new("L", (64, 48)).save(tmp_path / "val" / kind / "a.png")
    result = run("compare", tmp_path, street, "--image", 7)
    assert result.returncode == 2
    assert "val has images 0 to 0" in result.stderr


def test_evaluate_prints_a_line_for_each_place(source: bytes, served: Model, tmp_path: Path) -> None:
    _, coarse = evaluated = towns.write(tmp_path)
    (tmp_path / "model.onnx").write_bytes(source)
    also = f"{coarse.folder},split=train,stretch=128x64,only=south"
    result = run("evaluate", tmp_path / "model.onnx", tmp_path / "fine", "--also", also, "--json", "--objects")
    assert result.returncode == 0, result.stderr
    printed = [msgspec.json.decode(line, type=Evaluation) for line in result.stdout.splitlines()]
    assert printed == [evaluate(served, place) for place in evaluated]
    objects = Objects(coarse.judged(served.contract.labels).classes)
    evaluate(served, coarse, watch=objects.add)
    assert objects.table() in result.stderr


def test_ctrl_c_stops_a_run_after_its_step_and_resume_goes_on(tmp_path: Path) -> None:
    assert run("shapes", tmp_path / "data", "--train", 16, "--val", 2).returncode == 0
    options = ["train", tmp_path / "data", tmp_path / "run", "--backbone", "tiny", "--epochs", 500]
    options += ["--crop", "160x128"]
    command = [sys.executable, "-m", "model_export", *map(str, options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "run" / "metrics.csv").exists() and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"stopped in epoch \d+; the same command with --resume continues", said)
    assert "Traceback" not in said
    epoch = torch.load(tmp_path / "run" / "last.pt", weights_only=True)["epoch"]
    assert 1 <= epoch < 500
