"""A float model file of an adopted network -> an int8 one, judged by how many labels stay, as there are no others."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from model_export.errors import QuantizationError
from model_export.onnx import golden, parity
from model_export.onnx.export import evenly, packed
from model_export.onnx.quantize import METHODS, others, static
from service.segmentation.modelfile.contract import Pixels, Quantization
from service.segmentation.runtime.model import Model

MIN_AGREEMENT = 0.95
"""Share of pixels to which int8 must give the float file's label, by default."""


@dataclass(frozen=True)
class Attempt:
    """An int8 file, and the share of labels that agree."""

    content: bytes
    agreement: float


def quantized(source: bytes, images: Sequence[Pixels], least: float = MIN_AGREEMENT) -> bytes:
    """The int8 file whose labels agree best with those of `source`, the float file, of all calibration methods.

    It is calibrated on half of the images, as the service gives them to the network, and judged on the others. Raises
    QuantizationError where fewer than the share `least` of labels agree, or where there is one image only.
    """
    if len(images) < 2:
        raise QuantizationError("int8 takes two photos or more: some to calibrate on, the others to judge by.")
    files = [attempt(source, images, method) for method in METHODS]
    best = max(files, key=lambda file: file.agreement)
    if best.agreement < least:
        raise QuantizationError(
            f"not written: int8 gives the float file's label to {best.agreement:.1%} of the pixels, and {least:.0%} is "
            f"asked for by --min-agreement; calibrate with more photos, or serve the float file."
        )
    return best.content


def attempt(source: bytes, images: Sequence[Pixels], method: str) -> Attempt:
    """The int8 file by one calibration method."""
    contract = Model(source, threads=0).contract
    taken = evenly(len(images), len(images) // 2)
    graph, scale = static(source, [images[index] for index in taken], method, contract)
    network = parity.by_onnxruntime(graph.SerializeToString(), scale)
    judged = [images[index] for index in others(len(images), len(images) - len(taken))]
    measured = parity.measure(parity.by_onnxruntime(source), network, judged)
    share = 1 - measured.disagreeing_ppm / 1e6
    made = msgspec.structs.replace(
        contract,
        precision="int8",
        scale=scale,
        quantization=Quantization(method, len(taken), None, agreement=share),
        golden=golden.of_integers(contract.golden, network, scale),
        parity=measured,
    )
    content = packed(graph, made)
    Model(content, threads=0)
    return Attempt(content, share)
