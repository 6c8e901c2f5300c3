"""A float model file -> an int8 one, written only where it is about as accurate."""

import io
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any, get_args

import msgspec
import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static

from model_export.data.place import Place
from model_export.errors import QuantizationError
from model_export.networks import Architecture
from model_export.onnx import golden, parity
from model_export.onnx.export import evenly, packed, samples, without_traces
from model_export.onnx.graph import FLOAT_IMAGE
from model_export.onnx.integers import (
    argmax_as_comparisons,
    name_shiftable_weights,
    pools_as_convolutions,
    scores_in_fours,
    stem_on_cells,
)
from model_export.onnx.rounding import correct_biases
from model_export.reports.evaluate import Track, evaluate, measure
from service.segmentation.modelfile.contract import Contract, Pixels, Quantization, Scale
from service.segmentation.runtime.model import Model

METHODS: dict[str, tuple[CalibrationMethod, dict[str, Any]]] = {
    "min-max": (CalibrationMethod.MinMax, {}),
    "percentile 99.999": (CalibrationMethod.Percentile, {"CalibPercentile": 99.999}),
    "percentile 99.99": (CalibrationMethod.Percentile, {"CalibPercentile": 99.99}),
}
"""How the range of a tensor follows from what calibration images make of it."""

OPERATORS = ["Conv", "Relu", "Clip", "Add", "MaxPool"]
"""What runs in integers. An activation costs nothing there, but left out it would part its convolution from the next
one by a float copy of the tensor between them."""

OTHERS = ["MatMul", "Gemm", "GlobalAveragePool", "Concat", "Resize"]
"""And in networks from elsewhere."""

OURS = get_args(Architecture)
"""The architectures whose graphs are written here."""

AS_IT_IS = {"scale": np.array(1, np.float32), "zero_point": np.array(0, np.uint8)}
"""How the image is quantised: it is its own bytes."""

MAX_LOSS = 0.005
"""Of mean IU at any place, from the float file to the int8 one, by default."""

PARITY_IMAGES = 20


class Images(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Calibration images, one at a time: what every tensor holds of all of them at once would fill the memory."""

    def __init__(self, images: list[Pixels]) -> None:
        self.images = images
        self._left: Iterator[Pixels] = iter(images)

    def __len__(self) -> int:
        return len(self.images)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._left = iter(self.images[start_index:end_index])

    def get_next(self) -> dict[str, Any] | None:
        image = next(self._left, None)
        return None if image is None else {"image": image[np.newaxis]}


@dataclass(frozen=True)
class Attempt:
    """A float file quantised by one calibration method, and the mean over the places of its mean IU on the images by
    which the method is chosen."""

    graph: onnx.ModelProto
    contract: Contract
    mean_iu: float


class Quantizer:
    """Tries calibration methods on one float file, `source`, which is `model`, for several places.

    The method is chosen by training images, and the figures are those of the images that are judged: the best of
    several on the images that are reported would look better than it is. Raises QuantizationError where the file is not
    a float file, and DataError where a place has no training images.
    """

    def __init__(
        self, source: bytes, model: Model, places: Sequence[Place], track: Track = range, max_loss: float = MAX_LOSS
    ) -> None:
        """`max_loss` is the mean IU that may be lost at any place, 0..1."""
        self.source, self.places, self.track, self.max_loss = source, list(places), track, max_loss
        self.contract: Contract = model.contract
        if self.contract.precision != "float32":
            raise QuantizationError(f"{self.contract.name} is {self.contract.precision} already: take its float file.")
        self.train = [place.training(self.contract.labels) for place in self.places]
        self.before = [evaluate(model, place, track).metrics.mean_iu for place in self.places]

    def attempt(self, method: str, count: int) -> Attempt:
        """Calibrate by `method` on `count` training images of every place, and evaluate on as many others of each."""
        policy = self.contract.input
        images = [image for train in self.train for image in samples(train, count, policy)]
        graph, scale = static(self.source, images, method, self.contract)
        run = parity.by_onnxruntime(graph.SerializeToString(), scale)
        judged = [place.judged(self.contract.labels) for place in self.places]
        compared = [image for data in judged for image in samples(data, PARITY_IMAGES // len(judged) or 1, policy)]
        draft = msgspec.structs.replace(
            self.contract,
            precision="int8",
            quantization=Quantization(method, len(images), self.before[0], tuple(self.before[1:])),
            scale=scale,
            references=(),
            golden=golden.of_integers(self.contract.golden, run, scale),
            parity=parity.measure(parity.by_onnxruntime(self.source), run, compared),
        )
        model = Model(packed(graph, draft), threads=0)
        chosen_by = [measure(model, train, others(len(train), count)).mean_iu for train in self.train]
        return Attempt(graph, draft, mean(chosen_by))

    def best(self, attempts: Iterable[Attempt]) -> bytes:
        """The int8 file of the attempt with the highest mean IU of those whose figures are not too low.

        Raises QuantizationError, which tells the figures of the last one, where there is none.
        """
        first, *rest = sorted(attempts, key=lambda attempt: attempt.mean_iu)[::-1]
        try:
            return self.finish(first)
        except QuantizationError:
            if not rest:
                raise
            return self.best(rest)

    def finish(self, attempt: Attempt) -> bytes:
        """The int8 file of an attempt, with its figures. Raises QuantizationError where they are too low."""
        model = Model(packed(attempt.graph, attempt.contract), threads=0)
        evaluations = [evaluate(model, place, self.track) for place in self.places]
        for before, after in zip(self.before, evaluations, strict=True):
            mean_iu = after.metrics.mean_iu
            if before - mean_iu > self.max_loss:
                raise QuantizationError(
                    f"not written: on {after.place} int8 has a mean IU of {100 * mean_iu:.2f}, float "
                    f"{100 * before:.2f}, and at most {100 * self.max_loss:g} points may be lost; try more calibration "
                    f"images."
                )
        first, *elsewhere = evaluations
        return packed(
            attempt.graph, msgspec.structs.replace(attempt.contract, evaluation=first, elsewhere=tuple(elsewhere))
        )


def others(length: int, count: int) -> list[int]:
    """Up to `count` places, spread evenly over those that `samples` does not take; the same where it takes them all."""
    taken = evenly(length, count)
    left = [index for index in range(length) if index not in taken] or list(taken)
    return [left[at] for at in evenly(len(left), count)]


def static(
    source: bytes, images: list[Pixels], method: str, contract: Contract
) -> tuple[onnx.ModelProto, Scale | None]:
    """The int8 graph of a float file with this contract, and what its scores mean where these are bytes."""
    graph = between_quantise_nodes(source, images, method, contract.architecture)
    scale = integers_outside(graph)
    if any(output.name == "scores" for output in graph.graph.output):  # else a network from elsewhere has chosen
        argmax_as_comparisons(graph, len(contract.labels.classes))
    name_shiftable_weights(graph)
    return graph, scale


def between_quantise_nodes(source: bytes, images: list[Pixels], method: str, architecture: str) -> onnx.ModelProto:
    """The graph with 8-bit weights (per channel) and activations between quantise and dequantise nodes (QDQ)."""
    calibration, options = METHODS[method]
    with tempfile.TemporaryDirectory() as folder, quiet():
        target = Path(folder) / "int8.onnx"
        model = onnx.load_model_from_string(source)
        if reads_bytes(model):
            stem_on_cells(model)
        pools_as_convolutions(model)
        if architecture in OURS:
            scores_in_fours(model)
        correct_biases(model, images)
        quantize_static(
            model,
            target,
            Images(images),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=OPERATORS if architecture in OURS else [*OPERATORS, *OTHERS],
            calibrate_method=calibration,
            extra_options={
                "CalibStridedMinMax": 1,  # one image at a time, whatever the method
                "TensorQuantOverrides": {FLOAT_IMAGE: [AS_IT_IS]} if reads_bytes(model) else {},
                **options,
            },
        )
        return without_traces(onnx.load(target))


def reads_bytes(model: onnx.ModelProto) -> bool:
    """Whether the first convolution does the normalisation too; that of a network from elsewhere may not be able to."""
    return any(FLOAT_IMAGE in node.input for node in model.graph.node)


def integers_outside(model: onnx.ModelProto) -> Scale | None:
    """Let the graph take the image's bytes as they are, and give its scores as bytes; says what these mean.

    In a network from elsewhere, what is no integer inside stays as it is, and None is returned for scores in float.
    """
    nodes = model.graph.node
    maker = {output: node for node in nodes for output in node.output}
    if reads_bytes(model):
        # Bytes, cast to float and quantised in steps of one, are what they were.
        cast = maker[FLOAT_IMAGE]
        quantise = next(node for node in nodes if FLOAT_IMAGE in node.input)
        dequantise = next(node for node in nodes if quantise.output[0] in node.input)
        dequantise.input[0] = cast.input[0]
        nodes.remove(cast)
        nodes.remove(quantise)
    # Bytes have the order of what they stand for: the labels are chosen from them.
    if "scores" not in maker or maker["scores"].op_type != "DequantizeLinear":
        return None
    dequantise = maker["scores"]
    maker[dequantise.input[0]].output[0] = "scores"
    nodes.remove(dequantise)
    output = next(output for output in model.graph.output if output.name == "scores")
    output.type.tensor_type.elem_type = onnx.TensorProto.UINT8
    del model.graph.value_info[:]  # types as they were before
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    step, zero = (values[name].item() for name in dequantise.input[1:])
    return Scale(step, zero)


@contextmanager
def quiet() -> Iterator[None]:
    """Without onnxruntime's prints per image, and its advice on a preprocessing that the exporter has done."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
