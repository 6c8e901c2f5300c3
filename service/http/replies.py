"""A result -> the body of a response in the requested media type. Runs in a worker."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from service.http.answers import ClassMap, Png, Segmented
from service.http.options import MaskKind, Options, Part
from service.http.schemas import ModelName
from service.segmentation.inputs.raster import Size
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.measures.composition import Composition
from service.segmentation.measures.measure import Measure
from service.segmentation.pipeline import Pipeline, Result
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call
from service.segmentation.segmenter import Labeller
from service.serving import documents
from service.serving.documents import answer_of

JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """A body; what `Result` knows of the image besides: the codes of its warnings, its size, and its composition."""

    body: bytes
    media_type: str
    warnings: tuple[str, ...] = ()
    size: Size | None = None
    composition: Composition | None = None


def make_reply(data: bytes, media_type: str, options: Options, pipeline: Pipeline, call: Call) -> Reply:
    """Segment an upload and encode the result as `media_type`. Raises SegmentationError."""
    result = pipeline.run(data, wanted(media_type, options), call)
    codes = tuple(warning.code for warning in warnings_of(result, options))
    reply = FORMATS[media_type](result, options)
    return replace(reply, warnings=codes, size=result.photo.size, composition=result.composition)


def wanted(media_type: str, options: Options) -> Request:
    """The core's options for an answer of `media_type`."""
    return Request(
        confidence=Part.CONFIDENCE in options.include and media_type in WITH_JSON,
        heatmap=options.heatmap,
        spacing=options.pixel_spacing_mm,
        draws_photo=media_type in ON_THE_PHOTO,
        window=options.window,
        include=measures_in(options) if media_type in WITH_JSON else frozenset(),
        min_region=options.min_region,
        tolerance=options.tolerance,
        threshold=options.threshold,
    )


def measures_in(options: Options) -> frozenset[Measure]:
    """Those that the core makes on request; the mask is encoded here."""
    return frozenset(Measure(part) for part in options.include - {Part.MASK, Part.CONFIDENCE})


def as_json(result: Result, options: Options) -> Reply:
    return Reply(json_of(result, options, mask_of(result, options) if Part.MASK in options.include else None), JSON)


def as_png(result: Result, options: Options) -> Reply:
    return Reply(mask_of(result, options) if result.segmentation.heatmap is None else result.heatmap(), "image/png")


def as_webp(result: Result, _: Options) -> Reply:
    return Reply(result.overlay("WEBP"), "image/webp")


def as_jpeg(result: Result, _: Options) -> Reply:
    return Reply(result.overlay("JPEG"), "image/jpeg")


def as_mixed(result: Result, options: Options) -> Reply:
    """The JSON and the PNG as two parts (RFC 2046): no base64."""
    png = mask_of(result, options)
    boundary = secrets.token_hex(16)
    parts = [(JSON, json_of(result, options, None)), ("image/png", png)]
    body = b"".join(f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + part + b"\r\n" for kind, part in parts)
    return Reply(body + f"--{boundary}--\r\n".encode(), f"multipart/mixed; boundary={boundary}")


def mask_of(result: Result, options: Options) -> bytes:
    """The PNG of the mask, as `mask` says."""
    return result.ids() if options.mask is MaskKind.IDS else result.mask()


FORMATS: dict[str, Callable[[Result, Options], Reply]] = {
    JSON: as_json,
    "image/png": as_png,
    "image/webp": as_webp,
    "image/jpeg": as_jpeg,
    "multipart/mixed": as_mixed,
}
"""How each media type is made; the first is the default."""

WITH_JSON = {JSON, "multipart/mixed"}
"""Media types that have room for confidences."""

ON_THE_PHOTO = {"image/webp", "image/jpeg"}
"""Media types that show the photo itself."""


def json_of(result: Result, options: Options, mask: bytes | None) -> bytes:
    """The JSON of a result, with the mask inside it where one is given.

    Its `timings_ms` end where it is written out, which `Server-Timing` includes.
    """
    heatmap, confidence_map, entropy = class_map(result), result.confidence_map(), result.entropy()
    with result.call.timings.stage("encode"):
        answer = answer_of(result)
    with result.call.timings.stage("encode"):
        return msgspec.json.encode(
            Segmented(
                model=answer.model,
                image=answer.image,
                classes=answer.classes,
                mask=None if mask is None else Png(data=mask),
                heatmap=heatmap,
                confidence_map=None if confidence_map is None else Png(data=confidence_map),
                entropy=None if entropy is None else Png(data=entropy),
                low_confidence=answer.low_confidence,
                warnings=warnings_of(result, options),
                timings_ms=result.call.timings.so_far(),
            )
        )


def warnings_of(result: Result, options: Options) -> list[ImageWarning]:
    """What is odd about the image, and about how it was sent."""
    return [*result.warnings, *options.warnings]


def class_map(result: Result) -> ClassMap | None:
    heatmap = result.segmentation.heatmap
    return None if heatmap is None else ClassMap(name=heatmap.class_.name, data=result.heatmap())


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def model_name(model: Labeller) -> ModelName:
    return ModelName(**msgspec.to_builtins(documents.model_name(model)))
