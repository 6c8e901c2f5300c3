"""int8 where it is about as good, and a clear no where it is not."""

import msgspec
import onnx
import pytest

from model_export import export, quantize
from model_export.data.folder import SegmentationFolder
from model_export.errors import QuantizationError
from model_export.quantize import METHODS, Quantizer
from service.segmentation.model import Model


@pytest.mark.parametrize("method", METHODS)
def test_an_int8_file_answers_almost_like_the_float_one(
    source: bytes, served: Model, drawn: SegmentationFolder, method: str
) -> None:
    quantizer = Quantizer(source, served, drawn, "val", range(4))
    images = export.samples(drawn, 4, quantizer.contract.input)
    mean_iu, content = quantizer.attempt(method, images)
    contract = Model(content, threads=1).contract
    assert contract.precision == "int8"
    assert contract.quantization is not None
    assert (contract.quantization.method, contract.quantization.images) == (method, 4)
    assert contract.quantization.float_mean_iu == quantizer.before
    assert contract.evaluation is not None
    assert contract.evaluation.metrics.mean_iu == mean_iu
    assert contract.parity is not None
    assert 0 < contract.parity.disagreeing_ppm < 100_000
    assert contract.training == quantizer.contract.training
    assert len(content) < len(source) / 2


def test_convolutions_and_what_lies_between_them_are_integers(source: bytes, drawn: SegmentationFolder) -> None:
    """No activation parts a convolution from the next one: that would be a float copy of every tensor."""
    images = export.samples(drawn, 1, Model(source, threads=1).contract.input)
    graph = quantize.static(source, images, "min-max").graph
    makers = {output: node.op_type for node in graph.node for output in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) == len([n for n in onnx.load_from_string(source).graph.node if n.op_type == "Conv"])
    assert all(makers[name] == "DequantizeLinear" for node in convolutions for name in node.input[:2])
    assert "Relu" not in makers.values()


def test_a_file_that_lost_too_much_is_refused(source: bytes, served: Model, drawn: SegmentationFolder) -> None:
    quantizer = Quantizer(source, served, drawn, "val", range(4))
    enough, little = (quantizer.before - quantize.MAX_LOSS + change for change in (1e-6, -1e-6))
    assert quantizer.best({"worse": (little, b""), "good": (enough, b"")}) == "good"
    for mean_iu in (little, float("nan")):
        with pytest.raises(QuantizationError, match=r"not written: .* at most 0\.5 points may be lost"):
            quantizer.best({"only": (mean_iu, b"")})


def test_an_int8_file_is_not_quantised_again(source: bytes, drawn: SegmentationFolder) -> None:
    contract = msgspec.structs.replace(Model(source, threads=1).contract, precision="int8")
    again = export.packed(onnx.load_from_string(source), contract)
    with pytest.raises(QuantizationError, match="int8 already"):
        Quantizer(again, Model(again, threads=1), drawn, "val", range(4))
