"""A classifier made fully convolutional says of every window what it says of that window alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from PIL import Image
from typer.testing import CliRunner

from model_export.adoption import foreign
from model_export.adoption.classifier import convolutional
from model_export.adoption.preprocessing import Preprocessing
from model_export.commands import app
from model_export.data import shapes
from model_export.errors import AdoptionError
from model_export.reports import heatmap

SIDE, STRIDE, CHANNELS, CLASSES = 32, 4, 6, 5
CELLS = SIDE // STRIDE

Nodes = list[onnx.NodeProto]


def tensor(name: str, *shape: int) -> onnx.TensorProto:
    draw = np.random.default_rng(len(name) + sum(shape))
    return numpy_helper.from_array(draw.standard_normal(shape).astype(np.float32) / shape[-1] ** 0.5, name)


def constant(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def node(kind: str, given: Sequence[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, given, [output], **attributes)


FLAT = CHANNELS * CELLS**2
HEADS: dict[str, tuple[Nodes, list[onnx.TensorProto]]] = {
    "average, fully connected": (
        [
            node("GlobalAveragePool", ["map"], "pooled"),
            node("Flatten", ["pooled"], "flat"),
            node("Gemm", ["flat", "weights", "bias"], "scores", transB=1),
        ],
        [tensor("weights", CLASSES, CHANNELS), tensor("bias", CLASSES)],
    ),
    "mean, reshape, matrix product, sum, softmax": (
        [
            node("ReduceMean", ["map", "axes"], "flat", keepdims=0),
            node("MatMul", ["flat", "weights"], "product"),
            node("Add", ["product", "bias"], "sum"),
            node("Softmax", ["sum"], "scores", axis=-1),
        ],
        [constant("axes", 2, 3), tensor("weights", CHANNELS, CLASSES), tensor("bias", CLASSES)],
    ),
    "a convolution after the pool, as in MobileNetV3": (
        [
            node("GlobalAveragePool", ["map"], "pooled"),
            node("Conv", ["pooled", "wider"], "wide"),
            node("HardSwish", ["wide"], "active"),
            node("Flatten", ["active"], "flat"),
            node("Gemm", ["flat", "weights"], "scores"),
        ],
        [tensor("wider", 9, CHANNELS, 1, 1), tensor("weights", 9, CLASSES)],
    ),
    "as in VGG": (
        [
            node("AveragePool", ["map"], "pooled", kernel_shape=[2, 2], strides=[2, 2]),
            node("Reshape", ["pooled", "shape"], "flat"),
            node("Gemm", ["flat", "first", "bias"], "hidden", transB=1),
            node("Relu", ["hidden"], "active"),
            node("Gemm", ["active", "second"], "scores"),
        ],
        [constant("shape", 1, -1), tensor("first", 7, FLAT // 4), tensor("bias", 7), tensor("second", 7, CLASSES)],
    ),
}


def write(folder: Path, nodes: Nodes, weights: list[onnx.TensorProto], side: int | None = SIDE) -> Path:
    """A classifier: one convolution, and a head."""
    first = [node("Conv", ["image", "kernel"], "raw", strides=[STRIDE, STRIDE]), node("Relu", ["raw"], "map")]
    sides = [side, side] if side else ["rows", "columns"]
    graph = helper.make_graph(
        [*first, *nodes],
        "classifier",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, *sides])],
        [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, [1, CLASSES])],
        [tensor("kernel", CHANNELS, 3, STRIDE, STRIDE), *weights],
    )
    path = folder / "classifier.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


@pytest.mark.parametrize("head", HEADS)
def test_every_window_gets_what_the_classifier_says_of_it(head: str, tmp_path: Path) -> None:
    path = write(tmp_path, *HEADS[head])
    network = convolutional(foreign.read(path))
    image = np.random.default_rng(0).standard_normal((1, 3, SIDE + 24, SIDE + 16)).astype(np.float32)
    whole = onnxruntime.InferenceSession(network.model.SerializeToString())
    (scores,) = whole.run([network.output], {network.image: image})
    classifier = onnxruntime.InferenceSession(path)
    step = 24 // (scores.shape[2] - 1)
    assert scores.shape == (1, CLASSES, 24 // step + 1, 16 // step + 1)
    for row, column in np.ndindex(*scores.shape[2:]):
        window = image[..., row * step : row * step + SIDE, column * step : column * step + SIDE]
        (alone,) = classifier.run(None, {"image": window})
        np.testing.assert_allclose(scores[0, :, row, column], alone[0], atol=1e-4)


def test_the_size_of_its_images_is_asked_for_where_the_file_has_none(tmp_path: Path) -> None:
    nodes, weights = HEADS["average, fully connected"]
    path = write(tmp_path, nodes, weights, side=None)
    with pytest.raises(AdoptionError, match="give it by --side, 224 for most"):
        convolutional(foreign.read(path))
    assert convolutional(foreign.read(path), SIDE).side == SIDE


def test_what_mixes_places_cannot_be_a_convolution(tmp_path: Path) -> None:
    nodes = [
        node("Flatten", ["map"], "flat"),
        node("LpNormalization", ["flat"], "unit", axis=-1),
        node("Gemm", ["unit", "weights"], "scores"),
    ]
    path = write(tmp_path, nodes, [tensor("weights", FLAT, CLASSES)])
    with pytest.raises(AdoptionError, match=r"\(LpNormalization is in between\): take a convolutional network"):
        convolutional(foreign.read(path))


def test_what_sums_up_the_image_early_has_no_map(tmp_path: Path) -> None:
    nodes = [
        node("GlobalAveragePool", ["map"], "pooled"),
        node("Sin", ["pooled"], "waves"),
        node("Flatten", ["waves"], "flat"),
        node("Gemm", ["flat", "weights"], "scores"),
    ]
    path = write(tmp_path, nodes, [tensor("weights", CHANNELS, CLASSES)])
    with pytest.raises(AdoptionError, match="pools the whole image before its last layers"):
        convolutional(foreign.read(path))


def test_between_the_windows_centres_probabilities_are_interpolated() -> None:
    photo = Image.new("RGB", (96, 64))
    values = np.array([[[0.0, 0.5, 1.0], [0.2, 0.2, 0.2]]], np.float32)
    pixels = heatmap.HeatMap(photo, SIDE, values).at_pixels([0])
    assert pixels.shape == (64, 96)
    assert pixels[0, 0] == 0
    assert pixels[0, 95] == 1
    assert pixels[0, 47:49].mean() == pytest.approx(0.5)
    assert pixels[63, 10] == pytest.approx(0.2)
    assert heatmap.HeatMap(photo, SIDE, values).best([0]) == (1.0, (64, 0, 96, 32))


def test_scores_become_probabilities_once() -> None:
    scores = np.array([[[2.0]], [[-1.0]]], np.float32)
    shares = heatmap.probabilities(scores)
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(heatmap.probabilities(shares), shares)


def test_a_window_of_the_own_size_is_the_classifier(tmp_path: Path) -> None:
    path = write(tmp_path, *HEADS["average, fully connected"])
    photo = Image.fromarray(np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
    read = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    seen = heatmap.heat_map(convolutional(foreign.read(path)), photo, read).probabilities
    batch = (np.asarray(photo, np.float32) / 255 - 0.5) / 0.5
    (scores,) = onnxruntime.InferenceSession(path).run(None, {"image": batch.transpose(2, 0, 1)[np.newaxis]})
    np.testing.assert_allclose(seen, heatmap.probabilities(scores[0][:, np.newaxis, np.newaxis]), atol=1e-4)


def test_the_command_draws_it(tmp_path: Path) -> None:
    path = write(tmp_path, *HEADS["average, fully connected"])
    photo, names = tmp_path / "photo.png", tmp_path / "names.txt"
    shapes.picture(90, 60, np.random.default_rng(0))[0].save(photo)
    names.write_text("cat\ndog\nbus\ntree\nbird\n")
    command = ["heatmap", str(path), str(photo), str(tmp_path / "heat.png")]
    done = CliRunner().invoke(app, [*command, "--class", "0", "--class", "4", "--names", str(names)])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("17x9 windows of 32x32 in a photo of 96x64\ncat or bird: at most 0.")
    with Image.open(tmp_path / "heat.png") as picture:
        assert picture.width > 3 * heatmap.WIDTH
    refused = CliRunner().invoke(app, [*command, "--class", "5"])
    assert refused.exit_code == 2
    assert "classes 0 to 4" in refused.output
