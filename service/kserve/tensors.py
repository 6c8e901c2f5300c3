"""The outputs of a request, as JSON or in binary form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.kserve.documents import Inference, Inferred, Output, TensorKind, Wanted
from service.kserve.errors import BadInference
from service.kserve.images import LENGTH, SIZE
from service.segmentation.measures.areas import Area
from service.segmentation.measures.composition import Composition
from service.segmentation.modelfile.contract import Contract, Labels
from service.segmentation.pipeline import Result

BINARY, BINARY_OUTPUTS = "binary_data", "binary_data_output"

Values = NDArray[np.uint8] | NDArray[np.int64] | NDArray[np.float64] | list[bytes]


@dataclass(frozen=True)
class Tensor:
    """An output: `kind` has its name and datatype; the images are along the first axis."""

    kind: TensorKind
    shape: tuple[int, ...]
    values: Values

    def listed(self) -> list[Any]:
        """Flat, as JSON has it; NaN becomes null there."""
        if isinstance(self.values, list):
            return [value.decode() for value in self.values]
        flat: list[Any] = self.values.ravel().tolist()
        return flat

    def packed(self) -> bytes:
        """As the binary extension has it."""
        if isinstance(self.values, list):
            return b"".join(LENGTH.pack(len(value)) + value for value in self.values)
        return self.values.tobytes()


LABELS = TensorKind("labels", "UINT8", (-1, -1, -1))
"""The class of every pixel [N, height, width], of the images' own size."""


def kinds(contract: Contract) -> tuple[TensorKind, ...]:
    """The outputs of a model: labels; of every class its pixels, its share, its area in mm2, and the mean probability
    of its pixels, NaN where that is unknown; and the names of the classes."""
    classes = len(contract.labels.classes)
    return (
        LABELS,
        TensorKind("pixels", "INT64", (-1, classes)),
        TensorKind("fractions", "FP64", (-1, classes)),
        TensorKind("area_mm2", "FP64", (-1, classes)),
        TensorKind("confidence", "FP64", (-1, classes)),
        TensorKind("classes", "BYTES", (classes,)),
    )


WITHOUT_BEING_ASKED = (LABELS.name, "pixels", "fractions")


@dataclass(frozen=True)
class Found:
    """What the outputs need of an image; its photo, which is larger than all of this, is let go.

    labels: None where nobody asked for them.
    warnings: their codes.
    """

    labels: Labels | None
    areas: Sequence[Area]
    confidence: Sequence[float | None]
    composition: Composition
    warnings: Sequence[str]


def found(result: Result, asked: Sequence[Wanted]) -> Found:
    labels = result.labels if asks_for_labels(asked) else None
    codes = [warning.code for warning in result.warnings]
    return Found(labels, result.areas, result.segmentation.confidence, result.composition, codes)


def asks_for_labels(asked: Sequence[Wanted]) -> bool:
    return any(output.name == LABELS.name for output in asked)


def wanted(inference: Inference, contract: Contract) -> tuple[Wanted, ...]:
    """The outputs that a request asks for; each has the parameter `binary_data`. Raises BadInference."""
    known = {kind.name for kind in kinds(contract)}
    asked = inference.outputs or tuple(Wanted(name) for name in WITHOUT_BEING_ASKED)
    for output in asked:
        if output.name not in known:
            raise BadInference(f"There is no output {output.name[:64]!r}; there are {', '.join(sorted(known))}.")
        if unknown := output.parameters.keys() - {BINARY}:  # Triton's `classification` among them
            raise BadInference(f"An output has no parameter {min(unknown)[:64]!r}; it has {BINARY!r}.")
    if len({output.name for output in asked}) < len(asked):
        raise BadInference("An output is asked for twice.")
    binary = inference.parameters.get(BINARY_OUTPUTS, False)
    return tuple(Wanted(one.name, {BINARY: bool(one.parameters.get(BINARY, binary))}) for one in asked)


def tensors(asked: Sequence[Wanted], images: Sequence[Found], contract: Contract) -> Iterator[Tensor]:
    """The outputs for images of one size. Raises BadInference where sizes differ and the labels are asked for."""
    of = {kind.name: kind for kind in kinds(contract)}
    for output in asked:
        values = values_of(output.name, images, contract)
        shape = (len(values),) if isinstance(values, list) else values.shape
        yield Tensor(of[output.name], shape, values)


def values_of(name: str, images: Sequence[Found], contract: Contract) -> Values:
    match name:
        case LABELS.name:
            labels = [image.labels for image in images if image.labels is not None]
            if len({its.shape for its in labels}) > 1:
                raise BadInference("The images of a request must have one size for `labels`; send them one by one.")
            return np.stack(labels)
        case "classes":
            return [class_name.encode() for class_name in contract.labels.names]
        case "pixels":
            return np.array([[area.pixels for area in image.areas] for image in images], np.int64)
        case "fractions":
            return np.array([[area.fraction for area in image.areas] for image in images], np.float64)
        case "area_mm2":
            return np.array([[area.mm2 for area in image.areas] for image in images], np.float64)
        case _:
            return np.array([image.confidence for image in images], np.float64)


def encoded(
    inference: Inference, asked: Sequence[Wanted], images: Sequence[Found], contract: Contract
) -> tuple[bytes, int | None]:
    """The body of an answer, and how many of its bytes are JSON; None: all of them."""
    outputs, packed = [], []
    for tensor, want in zip(tensors(asked, images, contract), asked, strict=True):
        if want.parameters[BINARY]:
            packed.append(tensor.packed())
            size: dict[str, str | int | float | bool] = {SIZE: len(packed[-1])}
            outputs.append(Output(tensor.kind.name, tensor.shape, tensor.kind.datatype, size))
        else:
            outputs.append(Output(tensor.kind.name, tensor.shape, tensor.kind.datatype, data=tensor.listed()))
    document = msgspec.json.encode(Inferred(contract.name, contract.version, tuple(outputs), inference.id))
    return (b"".join((document, *packed)), len(document)) if packed else (document, None)
