"""A model is quantised if it stays accurate, else refused with a sentence."""

from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest

from model_export.data.folder import SegmentationFolder
from model_export.data.place import Place
from model_export.errors import QuantizationError
from model_export.onnx import export, parity, quantize
from model_export.onnx.quantize import METHODS, Attempt, Quantizer
from model_export.reports.evaluate import evaluate, measure
from model_export.reports.report import against_float
from service.segmentation.modelfile.contract import Quantization
from service.segmentation.runtime.model import Model
from tests.support import towns


@pytest.mark.parametrize("method", METHODS)
def test_an_int8_file_is_almost_like_the_float_one(source: bytes, served: Model, place: Place, method: str) -> None:
    quantizer = Quantizer(source, served, [place])
    attempt = quantizer.attempt(method, 4)
    content = quantizer.finish(attempt)
    train = place.training(served.contract.labels)
    chosen_by = quantize.others(len(train), 4)
    assert attempt.mean_iu == measure(Model(content, threads=1), train, chosen_by).mean_iu
    contract = Model(content, threads=1).contract
    assert contract.precision == "int8"
    assert contract.quantization is not None
    assert (contract.quantization.method, contract.quantization.images) == (method, 4)
    assert [contract.quantization.float_mean_iu] == quantizer.before
    assert contract.evaluation is not None
    assert contract.evaluation == evaluate(Model(content, threads=1), place)
    assert contract.parity is not None
    assert 0 < contract.parity.disagreeing_ppm < 100_000
    assert contract.training == quantizer.contract.training
    assert len(content) < len(source) / 2
    operators = {node.op_type for node in onnx.load_from_string(content).graph.node}
    assert "Greater" in operators  # labels are chosen in bytes, many at a time
    assert "ArgMax" not in operators


def test_a_file_is_calibrated_and_judged_at_every_place(source: bytes, served: Model, tmp_path: Path) -> None:
    """Their images differ in size, and their classes too; what is judged is not calibrated with."""
    places = towns.write(tmp_path)
    quantizer = Quantizer(source, served, places)
    assert not any(image.name.startswith("south") for image, _ in quantizer.train[1].pairs)
    quantizer.before = [0.0, 0.0]
    attempt = quantizer.attempt("percentile 99.99", 3)
    int8 = Model(quantizer.finish(attempt), threads=1)
    chosen_by = [measure(int8, train, quantize.others(len(train), 3)).mean_iu for train in quantizer.train]
    assert attempt.mean_iu == pytest.approx(sum(chosen_by) / 2)
    contract = int8.contract
    assert (contract.evaluation, *contract.elsewhere) == tuple(evaluate(int8, place) for place in places)
    first, second = contract.evaluation, contract.elsewhere[0]
    assert first is not None
    assert (first.place, first.split, first.only, first.classes) == ("fine", "val", None, None)
    assert (second.place, second.split, second.only) == ("coarse", "train", "south")
    assert second.classes == ("ground", "round", "edged")
    assert contract.quantization == Quantization("percentile 99.99", 6, 0.0, (0.0,))
    assert against_float(contract)[1] == (
        f"mean IU on the 3 images of coarse, train, those of south {100 * second.metrics.mean_iu:.2f}, in float 0.00"
    )
    quantizer.before = [0.0, second.metrics.mean_iu + quantize.MAX_LOSS + 1e-6]
    with pytest.raises(QuantizationError, match="not written: on coarse int8 has"):
        quantizer.finish(attempt)


def test_convolutions_and_the_tensors_between_them_are_integers(source: bytes, drawn: SegmentationFolder) -> None:
    """No activation parts a convolution from the next one: that would be a float copy of every tensor."""
    images = export.samples(drawn, 1, Model(source, threads=1).contract.input)
    model = quantize.between_quantise_nodes(source, images, "min-max", "fcn")
    quantize.integers_outside(model)
    graph = model.graph
    makers = {output: node.op_type for node in graph.node for output in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) == len([n for n in onnx.load_from_string(source).graph.node if n.op_type == "Conv"])
    assert all(makers[name] == "DequantizeLinear" for node in convolutions for name in node.input[:2])
    assert "Relu" not in makers.values()


def test_bytes_go_in_and_come_out(source: bytes, served: Model, drawn: SegmentationFolder) -> None:
    """No float copy of the image or of the scores is made for anyone."""
    images = export.samples(drawn, 4, served.contract.input)
    model = quantize.between_quantise_nodes(source, images, "min-max", "fcn")
    scale = quantize.integers_outside(model)
    assert [node.op_type for node in model.graph.node].count("Cast") == 1  # of the labels, from int64
    assert {node.op_type for node in model.graph.node if "scores" in node.input} <= {"Reshape", "Shape"}
    cells = served.run(images[0], scores=True)[1]
    scores = parity.by_onnxruntime(model.SerializeToString(), scale)(images[0])[1]
    assert cells is not None
    assert scores is not None
    assert scale is not None
    float_scores = cells.logits()
    spread = float(float_scores.max() - float_scores.min())
    assert scale.step == pytest.approx(spread / 255, rel=0.5)
    assert np.abs(scores - float_scores).max() < 0.1 * spread


def test_a_file_that_lost_too_much_is_refused(source: bytes, served: Model, place: Place) -> None:
    quantizer = Quantizer(source, served, [place])
    attempt = quantizer.attempt("min-max", 4)
    evaluation = Model(quantizer.finish(attempt), threads=1).contract.evaluation
    assert evaluation is not None
    quantizer.before = [evaluation.metrics.mean_iu + quantize.MAX_LOSS - 1e-6]
    quantizer.finish(attempt)
    quantizer.before = [evaluation.metrics.mean_iu + quantize.MAX_LOSS + 1e-6]
    with pytest.raises(QuantizationError, match=r"not written: on drawn int8 .* at most 0\.5 points may be lost"):
        quantizer.finish(attempt)


def test_the_next_best_method_is_taken_where_the_best_one_loses_too_much(
    source: bytes, served: Model, place: Place
) -> None:
    """Of two attempts, one at another size, the worse one looked better on training images."""
    quantizer = Quantizer(source, served, [place], max_loss=1)
    usual = quantizer.attempt("min-max", 4)
    small = msgspec.structs.replace(usual.contract.input, width=8, height=8)
    attempts = [usual, Attempt(usual.graph, msgspec.structs.replace(usual.contract, input=small), 0)]
    judged = [evaluate(Model(quantizer.finish(one), threads=1), place) for one in attempts]
    (low, worse), (high, better) = sorted((one.metrics.mean_iu, which) for which, one in enumerate(judged))
    assert high > low
    quantizer.before, quantizer.max_loss = [high], (high - low) / 2
    best, good = (
        Attempt(attempts[which].graph, attempts[which].contract, iu) for which, iu in ((worse, 0.9), (better, 0.1))
    )
    assert Model(quantizer.best([good, best]), threads=1).contract.input == good.contract.input
    with pytest.raises(QuantizationError, match="may be lost"):
        quantizer.best([best])


@pytest.mark.parametrize(("length", "count"), [(367, 40), (200, 40), (60, 40), (41, 40), (5, 4)])
def test_a_method_is_chosen_by_images_that_it_was_not_calibrated_with(length: int, count: int) -> None:
    calibrated = set(range(0, length, max(1, length // count))[:count])
    chosen_by = quantize.others(length, count)
    assert 0 < len(chosen_by) <= count
    assert not calibrated & set(chosen_by)
    assert quantize.others(3, 40) == [0, 1, 2]


def test_an_int8_file_is_not_quantised_again(source: bytes, place: Place) -> None:
    contract = msgspec.structs.replace(Model(source, threads=1).contract, precision="int8")
    again = export.packed(onnx.load_from_string(source), contract)
    with pytest.raises(QuantizationError, match="int8 already"):
        Quantizer(again, Model(again, threads=1), [place])
