"""A network from elsewhere labels photos as a model file as it does by itself."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from PIL import Image

from model_export.adoption import adopt as adoptions
from model_export.adoption import classes, foreign, int8
from model_export.adoption.adopt import Adoption
from model_export.adoption.original import Original
from model_export.adoption.preprocessing import Preprocessing
from model_export.errors import ParityError, QuantizationError
from model_export.onnx import parity
from model_export.onnx.export import Card, packed
from model_export.onnx.graph import FLOAT_IMAGE
from service.segmentation.modelfile.contract import Contract
from service.segmentation.request import Request
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from tests.support import foreign as forms
from tests.support.foreign import Builder
from tests.support.server import ROOT

CARD = Card("pets", "2", "Cats and dogs.", "photos of pets", "Apache-2.0", use="For tests.")
BGR = Preprocessing((103.5, 116.3, 123.7), (57.4, 57.1, 58.4), 1.0, "bgr")


def photos() -> list[Image.Image]:
    """A street, upright and turned."""
    with Image.open(ROOT / "docs" / "street.jpg") as photo:
        return [photo.convert("RGB"), photo.transpose(Image.Transpose.ROTATE_90)]


def prepared(folder: Path, model: onnx.ModelProto, preprocessing: Preprocessing, **changes: Any) -> Adoption:
    """A network of 96x64, or of its own size."""
    onnx.save(model, folder / "foreign.onnx")
    output = changes.pop("output", None)
    given: dict[str, Any] = {"native": None, "stride": 32, "threshold": None, "architecture": "small"}
    network = foreign.read(folder / "foreign.onnx", output)
    native = None if network.size else (96, 64)
    return adoptions.prepare(network, preprocessing, classes.named(forms.NAMES), **given | {"native": native} | changes)


@pytest.mark.parametrize("preprocessing", [Preprocessing(), BGR], ids=["rgb", "bgr"])
@pytest.mark.parametrize("form", forms.FORMS)
def test_every_form_of_network_is_adopted(tmp_path: Path, form: str, preprocessing: Preprocessing) -> None:
    """And served: areas sum to the photo."""
    options: dict[str, dict[str, Any]] = {"torchvision": {"output": "out"}, "sigmoids": {"threshold": 0.5}}
    given = options.get(form, {})
    adoption = prepared(tmp_path, forms.FORMS[form](), preprocessing, **given)
    model = Model(adoptions.adopt(adoption, CARD, photos()), threads=1)
    measured = model.contract.parity
    assert measured is not None
    assert (measured.images, measured.disagreeing_ppm) == (2, 0)
    assert measured.max_score_difference < (0.5 if form == "sigmoids" else 0.01)  # of a probability close to 1
    for photo in photos():
        segmented = Segmenter(model).segment(photo, Request(confidence=model.has_scores))
        assert sum(segmented.pixels) == photo.width * photo.height
        assert sum(n > 0 for n in segmented.pixels) > 1


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    contract = Model(adoptions.adopt(prepared(tmp_path, forms.segformer(), BGR), CARD, photos()), threads=1).contract
    assert (contract.name, contract.version, contract.architecture) == ("pets", "2", "small")
    assert contract.network is not None
    assert (contract.network.stride, contract.network.parameters) == (4, 448 + 2320 + 85 + 1)
    assert contract.input.padding == "#7c7468"  # of RGB, as photos are
    assert contract.training.options["order"] == "bgr"
    assert contract.evaluation is None
    assert contract.golden.agreement == 1


def test_the_first_convolution_normalises_and_the_last_enlarges(tmp_path: Path) -> None:
    """No node of the graph is at the image's size but those that are bytes, or scores."""
    for form, output in (("segformer", None), ("torchvision", "out")):
        adoption = prepared(tmp_path, forms.FORMS[form](), BGR, output=output)
        graph = onnx.load_from_string(adoptions.adopt(adoption, CARD, photos())).graph
        operators = [node.op_type for node in graph.node]
        assert not {"Sub", "Div", "Resize"} & set(operators)
        assert any(FLOAT_IMAGE in node.input for node in graph.node if node.op_type == "Conv")
        assert "DepthToSpace" in operators


def test_a_network_of_a_fixed_size_is_served_at_it(tmp_path: Path) -> None:
    adoption = prepared(tmp_path, forms.deeplab(), Preprocessing())
    model = Model(adoptions.adopt(adoption, CARD, photos()), threads=1)
    assert (model.contract.input.width, model.contract.input.height, model.contract.input.fixed) == (97, 65, True)
    for size in ((640, 480), (480, 640), (97, 65), (10, 1000), (1, 1)):
        assert Segmenter(model).segment(Image.new("RGB", size, "green")).labels.shape == size[::-1]
    image = np.zeros((65, 97, 3), np.uint8)
    alone, *batch = model.run(image), *model.run_batch([image, image])
    assert [labels.tolist() for labels, _ in batch] == [alone[0].tolist()] * 2


def test_of_sigmoids_a_pixel_is_background_where_no_class_reaches_the_threshold(tmp_path: Path) -> None:
    """Three classes that do not exclude each other: the most probable one of those above the threshold."""
    builder = Builder()
    builder.output(builder.add("Sigmoid", builder.add("Sub", "image", builder.constant(0.5, np.float32))), "all", WHOLE)
    threshold = float(1 / (1 + np.exp(-0.2)))  # of a channel, 0.7
    names = classes.named(["red", "green", "blue"])
    adoption = prepared(tmp_path, builder.model(), Preprocessing((0, 0, 0), (1, 1, 1)))
    adoption = adoptions.prepare(adoption.foreign, adoption.preprocessing, names, (96, 64), 32, threshold, "")
    model = Model(adoptions.adopt(adoption, CARD, photos()), threads=1)
    image = np.zeros((64, 96, 3), np.uint8)
    image[:32, :48], image[32:, :48], image[32:, 48:] = (170, 170, 170), (200, 190, 0), (0, 0, 255)
    labels, cells = model.run(image, scores=True)
    assert model.contract.labels.names == ["background", "red", "green", "blue"]
    assert cells is not None
    assert [labels[y, x] for y, x in ((0, 0), (0, 60), (40, 0), (40, 60))] == [0, 0, 1, 3]
    assert cells.logits()[0, 0, 0] == pytest.approx(0.2)


WHOLE = ("batch", 3, "height", "width")


def test_background_is_one_more_class_of_scores_at_a_stride_too(tmp_path: Path) -> None:
    """Coarse logits, and those from which an enlargement at the network's end was taken off."""
    for form, output in (("segformer", None), ("torchvision", "out")):
        adoption = prepared(tmp_path, forms.FORMS[form](), Preprocessing(), output=output, threshold=0.9)
        model = Model(adoptions.adopt(adoption, CARD, photos()), threads=1)
        assert model.contract.labels.names == ["background", *forms.NAMES]
        pixels = Segmenter(model).segment(photos()[0]).pixels
        assert 0 < pixels[0] < sum(pixels)


def test_a_file_of_floats_of_16_bits_and_one_of_bytes_are_adopted(tmp_path: Path) -> None:
    for dtype in (TensorProto.FLOAT16, TensorProto.UINT8):
        builder = Builder(dtype=dtype)
        image = builder.add("Cast", "image", to=TensorProto.FLOAT)
        scores = builder.add("Cast", builder.scores(2, image=image), to=TensorProto.FLOAT16)
        builder.output(scores, "logits", forms.COARSE, TensorProto.FLOAT16)
        adoption = prepared(tmp_path, builder.model(), Preprocessing())
        assert adoptions.adopt(adoption, CARD, photos())


def test_a_network_of_an_older_opset_is_brought_to_a_newer_one(tmp_path: Path) -> None:
    model = forms.segformer()
    model.opset_import[0].version, model.ir_version = 11, 6
    adopted = onnx.load_from_string(adoptions.adopt(prepared(tmp_path, model, Preprocessing()), CARD, photos()))
    assert adopted.opset_import[0].version == foreign.OPSET


def test_a_graph_that_differs_from_the_network_is_not_written(tmp_path: Path) -> None:
    adoption = prepared(tmp_path, forms.segformer(), Preprocessing())
    data = adoptions.adopt(adoption, CARD, photos())
    other = Preprocessing((0.9, 0.1, 0.9))
    images = [adoption.photo(photo) for photo in photos()]
    original = Original(adoption.foreign, other)
    head = original.head(images[0], forms.CLASSES, None)
    measured = parity.measure(lambda image: original.answer(image, head), parity.by_onnxruntime(data), images)
    with pytest.raises(ParityError, match="not written: the model file differs from the network in"):
        adoptions.require(measured)


def of_int8(content: bytes) -> Contract:
    contract = Model(content, threads=1).contract
    assert contract.precision == "int8"
    assert contract.quantization is not None
    assert contract.quantization.float_mean_iu is None
    assert contract.quantization.agreement is not None
    return contract


@pytest.mark.parametrize("form", ["torchvision", "deeplab", "keras", "labels"])
def test_int8_is_judged_by_the_labels_that_stay(tmp_path: Path, form: str) -> None:
    output = {"torchvision": "out"}.get(form)
    adoption = prepared(tmp_path, forms.FORMS[form](), Preprocessing(), output=output)
    source = adoptions.adopt(adoption, CARD, photos())
    images = [adoption.photo(photo) for photo in photos()]
    contract = of_int8(int8.quantized(source, images, 0.9))
    made, measured = contract.quantization, contract.parity
    assert made is not None
    assert measured is not None
    assert (made.images, measured.images) == (1, 1)
    assert made.agreement == pytest.approx(1 - measured.disagreeing_ppm / 1e6)
    with pytest.raises(QuantizationError, match=r"not written: int8 gives the float file's label to \d\d"):
        int8.quantized(source, images, 1.01)
    with pytest.raises(QuantizationError, match="two photos or more"):
        int8.quantized(source, images[:1])


def test_an_adopted_file_is_a_whole_contract(tmp_path: Path) -> None:
    source = adoptions.adopt(prepared(tmp_path, forms.segformer(), BGR), CARD, photos())
    contract = Model(source, threads=1).contract
    assert packed(onnx.load_from_string(source), contract) == source
