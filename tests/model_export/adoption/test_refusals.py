"""What is no segmentation network that can be served is refused, in one sentence that says what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from model_export.adoption import adopt as adoptions
from model_export.adoption import classes, foreign
from model_export.adoption.preprocessing import Preprocessing
from model_export.errors import AdoptionError
from model_export.onnx.export import Card
from tests.support import colours
from tests.support import foreign as forms
from tests.support.command import run
from tests.support.foreign import CLASSES, COARSE, WHOLE, Builder
from tests.support.server import ROOT

CARD = Card("refused", "1", "", "", "")


def adopt(path: Path, names: list[str] = forms.NAMES, native: tuple[int, int] | None = (96, 64)) -> bytes:
    network = foreign.read(path)
    listed = classes.named(names)
    adoption = adoptions.prepare(network, Preprocessing(), listed, native, 32, None, "")
    photo = Image.effect_noise((96, 64), 60).convert("RGB")
    return adoptions.adopt(adoption, CARD, [photo])


def two_inputs() -> onnx.ModelProto:
    model = forms.segformer()
    model.graph.input.append(helper.make_tensor_value_info("image_size", TensorProto.INT64, [2]))
    return model


def of_dims(*dims: int | str) -> Callable[[], onnx.ModelProto]:
    def build() -> onnx.ModelProto:
        builder = Builder(dims)
        builder.output(builder.add("Relu", "image"), "scores", dims)
        return builder.model()

    return build


def classifier() -> onnx.ModelProto:
    builder = Builder()
    pooled = builder.add("Flatten", builder.add("GlobalAveragePool", builder.scores(4)))
    builder.output(pooled, "logits", ("batch", CLASSES))
    return builder.model()


def pooled() -> onnx.ModelProto:
    builder = Builder()
    builder.output(builder.add("GlobalAveragePool", builder.scores(4)), "logits", ("batch", CLASSES, 1, 1))
    return builder.model()


def not_numbers() -> onnx.ModelProto:
    builder = Builder()
    builder.output(
        builder.add("Log", builder.add("Mul", builder.scores(4), builder.constant(0, np.float32))), "l", COARSE
    )
    return builder.model()


def own_operator() -> onnx.ModelProto:
    builder = Builder()
    builder.output(builder.add("DeformConv9", builder.scores(4), domain="mmdeploy"), "logits", COARSE)
    model = builder.model()
    model.opset_import.append(helper.make_opsetid("mmdeploy", 1))
    return model


def newer_opset() -> onnx.ModelProto:
    model = forms.segformer()
    model.opset_import[0].version = 99
    return model


def probabilities() -> onnx.ModelProto:
    return forms.sigmoids()


def one_class() -> onnx.ModelProto:
    builder = Builder()
    builder.output(builder.scores(4, classes=1), "logits", ("batch", 1, "rows", "columns"))
    return builder.model()


def transposed() -> onnx.ModelProto:
    """Height and width exchanged."""
    builder = Builder()
    builder.output(builder.add("Transpose", builder.scores(4), perm=[0, 1, 3, 2]), "logits", COARSE)
    return builder.model()


def strange_labels() -> onnx.ModelProto:
    builder = Builder()
    chosen = builder.add("ArgMax", builder.scores(2), axis=1, keepdims=0)
    builder.output(builder.add("Add", chosen, builder.constant(7)), "labels", ("n", "h", "w"), TensorProto.INT64)
    return builder.model()


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "two inputs": (two_inputs, r"The network has 2 inputs \(image, image_size\), and a photo fills one"),
    "a video": (of_dims(1, 3, 16, 64, 96), r"is \[1, 3, 16, 64, 96\], and an image is .* videos and volumes"),
    "free channels": (of_dims("n", "c", "h", "w"), "without a number of channels: export it with 3 channels"),
    "grey": (of_dims("n", 1, "h", "w"), "an RGB image has 3 channels"),
    "a batch": (of_dims(8, 3, "h", "w"), "takes 8 images at once: export it for one image"),
    "a free width": (of_dims(1, 3, 64, "w"), "with a fixed height and width, or with both of them free"),
    "several outputs": (forms.torchvision, r"several outputs \(out, aux\): name the one with the scores by --output"),
    "a classifier": (classifier, "networks that name one class per image cannot be adopted"),
    "a pooled map": (pooled, "is 1x1, which is no map of the image"),
    "sides exchanged": (transposed, "is 16x24, which is no map of the image"),
    "NaN": (not_numbers, "not numbers .*: export it in evaluation mode"),
    "an operator of its own": (
        own_operator,
        "onnxruntime cannot load it: .*export it with operators of the ONNX standard",
    ),
    "an opset to come": (newer_opset, r"operators are of opset 99: export it with opset \d+ or older"),
    "sigmoids": (probabilities, "do not add up to 1, as those of sigmoids: state by --threshold"),
    "one class": (one_class, "and 5 classes are listed: list as many as it has scores"),
    "labels of no class": (strange_labels, r"It gives the label \d+, and there are 5 classes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_network_that_cannot_be_served_is_refused(tmp_path: Path, case: str) -> None:
    build, sentence = REFUSED[case]
    onnx.save(build(), tmp_path / "foreign.onnx")
    with pytest.raises(AdoptionError, match=sentence) as refusal:
        adopt(tmp_path / "foreign.onnx")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not ONNX", b"\x08\x07"], ids=["empty", "a zip", "cut off"])
def test_a_file_that_is_no_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "foreign.onnx").write_bytes(content)
    with pytest.raises(AdoptionError, match=r"foreign\.onnx is not an ONNX file"):
        adopt(tmp_path / "foreign.onnx")
    with pytest.raises(AdoptionError, match="cannot be read: No such file"):
        adopt(tmp_path / "gone.onnx")


def test_a_model_file_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ours.onnx").write_bytes(colours.model_bytes())
    with pytest.raises(AdoptionError, match="is a model file already"):
        adopt(tmp_path / "ours.onnx")


def test_a_file_without_its_weights_is_refused_and_one_with_them_is_not(tmp_path: Path) -> None:
    onnx.save(
        forms.segformer(), tmp_path / "foreign.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
    )
    assert adopt(tmp_path / "foreign.onnx")
    (tmp_path / "w.bin").unlink()
    with pytest.raises(AdoptionError, match="in another file, which cannot be read; put that file beside it"):
        adopt(tmp_path / "foreign.onnx")


def test_classes_that_are_not_the_networks_are_refused(tmp_path: Path) -> None:
    onnx.save(forms.segformer(), tmp_path / "foreign.onnx")
    with pytest.raises(AdoptionError, match=r"Its output is \[1, 5, 16, 24\], and 4 classes are listed"):
        adopt(tmp_path / "foreign.onnx", forms.NAMES[:4])
    (tmp_path / "names.txt").write_text("\n".join(f"class {number}" for number in range(256)))
    with pytest.raises(AdoptionError, match="there are 256, and a model file has at most 255"):
        classes.read(tmp_path / "names.txt")


def test_a_size_that_is_not_known_or_not_the_networks_is_refused(tmp_path: Path) -> None:
    onnx.save(forms.segformer(), tmp_path / "free.onnx")
    with pytest.raises(AdoptionError, match="state the size of the photos it was trained on by --native"):
        adopt(tmp_path / "free.onnx", native=None)
    onnx.save(forms.keras(), tmp_path / "fixed.onnx")
    with pytest.raises(AdoptionError, match="It takes images of 96x64 alone: leave --native out"):
        adopt(tmp_path / "fixed.onnx", native=(97, 64))


def test_a_size_at_which_it_fails_is_refused(tmp_path: Path) -> None:
    builder = Builder()
    scores = builder.scores(4)
    builder.output(builder.add("Add", scores, builder.constant(np.ones((1, CLASSES, 17, 24)), np.float32)), "l", WHOLE)
    onnx.save(builder.model(), tmp_path / "foreign.onnx")
    with pytest.raises(AdoptionError, match=r"cannot run it on an image of 96x64: .* another --stride or --native"):
        adopt(tmp_path / "foreign.onnx")


def test_a_threshold_for_labels_is_refused(tmp_path: Path) -> None:
    onnx.save(forms.labels(), tmp_path / "foreign.onnx")
    network = foreign.read(tmp_path / "foreign.onnx")
    adoption = adoptions.prepare(network, Preprocessing(), classes.named(forms.NAMES), (96, 64), 32, 0.5, "")
    with pytest.raises(AdoptionError, match="leave --threshold out"):
        adoptions.adopt(adoption, CARD, [Image.new("RGB", (96, 64))])


def test_the_command_says_it_in_one_line_and_writes_nothing(tmp_path: Path) -> None:
    onnx.save(two_inputs(), tmp_path / "foreign.onnx")
    (tmp_path / "names.txt").write_text("\n".join(forms.NAMES))
    arguments = ("--name", "x", "--classes", tmp_path / "names.txt", "--photos", ROOT / "docs" / "street.jpg")
    result = run("adopt", tmp_path / "foreign.onnx", tmp_path / "model.onnx", *arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("error: The network has 2 inputs")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "model.onnx").exists()
