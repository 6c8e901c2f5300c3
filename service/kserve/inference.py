"""A request of the protocol -> its answer. Composes the pipeline, as http/replies.py does for POST /segment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from service.http.deadline import sooner
from service.kserve.documents import Inference, Parameters, Wanted
from service.kserve.errors import BadInference
from service.kserve.images import LISTED, Images
from service.kserve.tensors import BINARY, BINARY_OUTPUTS, LABELS, asks_for_labels, encoded, found
from service.segmentation.inputs.header import inspect
from service.segmentation.inputs.spacing import read_spacing
from service.segmentation.inputs.window import read_window
from service.segmentation.measures.composition import Composition
from service.segmentation.pipeline import Pipeline
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call

T = TypeVar("T")

OF_TRITON = {"priority", "sequence_id", "sequence_start", "sequence_end"}
"""Parameters that Triton's client sends by itself, and that mean nothing here."""
TIMEOUT = "timeout"
"""Triton's: microseconds until the deadline."""
LABEL = 4
"""Bytes for that of a pixel: its image's, those of all images, as the body's, and in the body."""
SPACING, WINDOW = "pixel_spacing_mm", "window"
"""Parameters that mean what they mean to POST /segment."""


@dataclass(frozen=True)
class Reply:
    """A body, how many of its bytes are JSON (None: all), what the images consist of, and the codes of warnings."""

    body: bytes
    json_size: int | None
    compositions: Sequence[Composition]
    warnings: Sequence[str]


def request_of(parameters: Parameters, asked: Sequence[Wanted]) -> Request:
    """The core's options for a request. Raises BadInference."""
    unknown = parameters.keys() - OF_TRITON - {SPACING, WINDOW, BINARY_OUTPUTS, TIMEOUT}
    if unknown:
        raise BadInference(f"There is no parameter {min(unknown)[:64]!r}; there are {SPACING}, {WINDOW} and {TIMEOUT}.")
    confidence = any(output.name == "confidence" for output in asked)
    spacing, window = option(parameters, SPACING, read_spacing), option(parameters, WINDOW, read_window)
    return Request(confidence, spacing=spacing, window=window)


def option(parameters: Parameters, name: str, read: Callable[[str], T]) -> T | None:
    """What `read` makes of a parameter. Raises BadInference."""
    try:
        return read(str(parameters[name])) if name in parameters else None
    except ValueError as error:
        raise BadInference(f"{name}: {error}.") from error


def seconds(parameters: Parameters, most: float) -> float:
    """From now until the deadline, at most `most`. Raises BadInference."""
    timeout = parameters.get(TIMEOUT, 0)
    if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 0:
        raise BadInference(f"The parameter {TIMEOUT!r} is a number of microseconds.")
    return sooner(most, timeout, 10**6)


def footprint(pipeline: Pipeline, images: Images, request: Request, asked: Sequence[Wanted]) -> int:
    """An upper bound, in bytes, on the memory of `infer`: of its largest image, and of all labels."""
    largest = max(pipeline.footprint(head, request) for head in images.heads)
    if not asks_for_labels(asked):
        return largest + images.memory
    headers = [header for head in images.heads if (header := inspect(head))]
    pixels = sum(header.size[0] * header.size[1] for header in headers)
    listed = any(output.name == LABELS.name and not output.parameters[BINARY] for output in asked)
    return largest + images.memory + (LABEL + (2 * LISTED if listed else 0)) * pixels


def infer(
    inference: Inference, asked: Sequence[Wanted], images: Images, request: Request, pipeline: Pipeline, call: Call
) -> Reply:
    """Segment the images and encode the outputs. Raises BadInference and SegmentationError."""
    results = [found(pipeline.run(file, request, call), asked) for file in images.files()]
    with call.timings.stage("encode"):
        body, json_size = encoded(inference, asked, results, pipeline.model.contract)
    warnings = sorted({code for result in results for code in result.warnings})
    return Reply(body, json_size, [result.composition for result in results], warnings)
