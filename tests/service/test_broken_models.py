"""An invalid default model stops the start, with one line that names file and cause."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from service.segmentation.errors import SegmentationError
from service.segmentation.modelfile import seal
from service.serving.services import build
from service.serving.settings import Settings
from tests.support import colours
from tests.support.colours import golden_of, graph, model_bytes, packed
from tests.support.server import ROOT, free_port

GOOD = model_bytes()
DOCUMENT = msgspec.json.encode(colours.contract())


def flipped() -> bytes:
    damaged = bytearray(GOOD)
    damaged[len(GOOD) // 3] ^= 1
    return bytes(damaged)


def document(**changes: object) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(DOCUMENT) | changes)


def without_document() -> bytes:
    """Another program's model, with a seal that somebody has put in by hand."""
    plain = graph()
    helper.set_model_props(plain, {"note": '"seal":"' + "0" * 64 + '"'})
    return seal.sealed(plain.SerializeToString())


def outputs_renamed() -> bytes:
    other = graph(scores=False)
    other.graph.node[-1].output[0] = other.graph.output[0].name = "classes"
    return packed(other, DOCUMENT)


def labels_of_floats() -> bytes:
    other = graph(scores=False)
    other.graph.node[-1].attribute[0].i = TensorProto.FLOAT
    other.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    return packed(other, DOCUMENT)


def unknown_operation() -> bytes:
    other = graph(scores=False)
    other.graph.node[1].op_type = "ArgMost"
    return packed(other, DOCUMENT)


def of_the_future() -> bytes:
    other = graph()
    other.opset_import[0].version = 999
    return packed(other, DOCUMENT)


def weights_elsewhere() -> bytes:
    """It asks for a file of this machine as its weights."""
    other = graph()
    weights = other.graph.initializer[0]
    weights.ClearField("float_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../../../etc/passwd")
    return packed(other, DOCUMENT)


def one_size_alone() -> bytes:
    """It can do the self-test's image, and none of another size, not even its own."""
    other = graph(scores=False)
    zeros = helper.make_tensor("zeros", TensorProto.UINT8, [1, 64, 96], bytes(64 * 96), raw=True)
    other.graph.initializer.append(zeros)
    other.graph.node[2].output[0] = "any size"
    other.graph.node.append(helper.make_node("Add", ["any size", "zeros"], ["labels"]))
    return packed(other, document(input={"width": 192, "height": 128, "stride": 32, "padding": "#000000"}))


BROKEN: dict[str, tuple[Callable[[], bytes] | bytes, str]] = {
    "empty": (b"", "truncated, or was not written"),
    "text": (b"I am no model.", "truncated, or was not written"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(1000), "truncated, or was not written"),
    "half of it": (GOOD[: len(GOOD) // 2], "truncated|differs"),
    "all but a byte": (GOOD[:-1], "sha256 differs"),
    "a byte too many": (GOOD + b"\0", "sha256 differs"),
    "a flipped bit": (flipped, "sha256 differs"),
    "a swapped name": (GOOD.replace(b'"red"', b'"der"'), "sha256 differs"),
    "no seal": (graph().SerializeToString(), "no seal"),
    "a sealed nothing": (packed(onnx.ModelProto(), DOCUMENT), "cannot load it"),
    "no metadata": (without_document, "metadata"),
    "metadata of another kind": (packed(graph(), b'{"seal":"' + b"0" * 64 + b'","classes":7}'), "not understood"),
    "a later contract": (packed(graph(), document(format=3)), "not understood.*format"),
    "a name that is a path": (packed(graph(), document(name="../../etc")), r"\$\.name"),
    "floats for an image": (packed(graph(image_type=TensorProto.FLOAT), DOCUMENT), "must be `image`, uint8"),
    "no labels": (outputs_renamed, "must be `labels`"),
    "labels of floats": (labels_of_floats, "must be `labels`"),
    "scores that are no numbers": (packed(graph(scale=float("nan")), DOCUMENT), "NaN or infinity"),
    "scores without end": (packed(graph(scale=float("inf")), DOCUMENT), "NaN or infinity"),
    "another's answers": (model_bytes(golden=golden_of(np.zeros((64, 96), np.uint8))), "recorded label at .*%"),
    "too few names": (
        model_bytes(labels=msgspec.structs.replace(colours.CLASSES, classes=colours.CLASSES.classes[:2])),
        "does not have the 2 classes that it names",
    ),
    "an operation that nobody knows": (unknown_operation, "cannot load it: .*ArgMost"),
    "operations of the future": (of_the_future, "cannot load it"),
    "weights in another file": (weights_elsewhere, "cannot load it"),
    "one size alone": (one_size_alone, "fails on an image of its native size"),
}


def written(name: str, folder: Path) -> Path:
    """The file of that name in `BROKEN`."""
    content, _ = BROKEN[name]
    file = folder / "broken.onnx"
    file.write_bytes(content if isinstance(content, bytes) else content())
    return file


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_is_refused_with_its_cause(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = written(name, tmp_path)
    with pytest.raises(SegmentationError) as refused:
        build(Settings(models=file))
    said = str(refused.value)
    assert re.search(BROKEN[name][1], said, re.DOTALL), said
    assert said.startswith(f"{file}: ")
    assert capfd.readouterr() == ("", ""), "nobody else speaks of it"


@pytest.mark.parametrize("name", ["an operation that nobody knows", "scores that are no numbers"])
def test_a_start_with_it_is_one_line_and_an_exit_code(name: str, tmp_path: Path) -> None:
    file = written(name, tmp_path)
    environment = os.environ | {"SEGMENT_MODELS": str(file), "SEGMENT_PORT": str(free_port())}
    command = [sys.executable, "-m", "service"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)
    assert result.returncode == 1
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith(f"fcn-serve: {file}: ")
    assert re.search(BROKEN[name][1], line), line
