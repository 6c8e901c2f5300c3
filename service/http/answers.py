"""An image's bytes -> the answer's bytes, of the kind that was asked for. Runs in a worker, from start to end."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from service.http.schemas import ClassArea, ClassMap, Image, Mask, ModelName, Options, Part, SegmentAnswer
from service.http.stopwatch import Stopwatch
from service.segmentation.errors import OutOfMemory
from service.segmentation.images import Photo, decode
from service.segmentation.model import Model
from service.segmentation.rendering import heatmap_overlay, heatmap_png, mask_png, overlay
from service.segmentation.segmenter import Heatmap, Segmentation, Segmenter
from service.segmentation.session import Call
from service.segmentation.statistics import areas

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    body: bytes
    media_type: str
    timings: Stopwatch


@dataclass(frozen=True)
class Work:
    """One upload on its way: what was sent, what was asked, and what has come of it so far."""

    data: bytes
    options: Options
    model: Model
    photo: Photo
    segmentation: Segmentation
    timings: Stopwatch

    def mask(self) -> bytes:
        with self.timings.stage("encode"):
            return mask_png(self.segmentation.labels, self.model.contract.labels)

    def overlay(self, format_: str) -> bytes:
        photo, labels, classes = self.photo.image, self.segmentation.labels, self.model.contract.labels
        with self.timings.stage("encode"):
            if self.segmentation.heatmap is None:
                return overlay(photo, labels, classes, format_)
            return heatmap_overlay(photo, self.segmentation.heatmap, format_)

    def heatmap(self, heatmap: Heatmap) -> bytes:
        with self.timings.stage("encode"):
            return heatmap_png(heatmap)

    def json(self, mask: bytes | None) -> bytes:
        """The JSON answer, with the mask inside it where one is given."""
        with self.timings.stage("areas"):
            classes = self._areas()
        heatmap = self.segmentation.heatmap
        answer = SegmentAnswer(
            model=model_name(self.model),
            image=Image(
                width=self.photo.size[0],
                height=self.photo.size[1],
                format=self.photo.format,
                orientation=self.photo.orientation,
                sha256=hashlib.sha256(self.data).hexdigest(),
            ),
            classes=classes,
            mask=None if mask is None else Mask(data=base64_of(mask)),
            heatmap=None if heatmap is None else self.class_map(heatmap),
            timings_ms=self.timings.milliseconds,
        )
        return answer.model_dump_json().encode()

    def class_map(self, heatmap: Heatmap) -> ClassMap:
        return ClassMap(name=heatmap.class_.name, data=base64_of(self.heatmap(heatmap)))

    def _areas(self) -> list[ClassArea]:
        classes = self.model.contract.labels.classes
        measured = areas(self.segmentation.pixels, self.options.pixel_spacing_mm)
        return [
            ClassArea(
                id=class_.id,
                name=class_.name,
                color=class_.color,
                pixels=area.pixels,
                fraction=area.fraction,
                area_mm2=area.mm2,
                confidence=confidence if area.pixels else None,
            )
            for class_, area, confidence in zip(classes, measured, self.segmentation.confidence, strict=True)
        ]


def as_json(work: Work) -> tuple[bytes, str]:
    return work.json(work.mask() if Part.MASK in work.options.include else None), JSON


def as_png(work: Work) -> tuple[bytes, str]:
    heatmap = work.segmentation.heatmap
    return work.mask() if heatmap is None else work.heatmap(heatmap), "image/png"


def as_webp(work: Work) -> tuple[bytes, str]:
    return work.overlay("WEBP"), "image/webp"


def as_jpeg(work: Work) -> tuple[bytes, str]:
    return work.overlay("JPEG"), "image/jpeg"


def as_mixed(work: Work) -> tuple[bytes, str]:
    """The JSON and the PNG as two parts (RFC 2046): no base64."""
    png = work.mask()
    boundary = secrets.token_hex(16)
    parts = [(JSON, work.json(None)), ("image/png", png)]
    body = b"".join(f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + part + b"\r\n" for kind, part in parts)
    return body + f"--{boundary}--\r\n".encode(), f"multipart/mixed; boundary={boundary}"


FORMATS: dict[str, Callable[[Work], tuple[bytes, str]]] = {
    JSON: as_json,
    "image/png": as_png,
    "image/webp": as_webp,
    "image/jpeg": as_jpeg,
    "multipart/mixed": as_mixed,
}
"""How each media type is made; the first is the default."""

ON_THE_PHOTO = {"image/webp", "image/jpeg"}
"""Those that show the photo itself, every pixel of it."""


def answer(data: bytes, media_type: str, options: Options, segmenter: Segmenter, max_pixels: int, call: Call) -> Answer:
    """Segment an upload and dress the result as `media_type`. Raises SegmentationError."""
    call.check()  # it may have waited for long
    try:
        return worked_out(data, media_type, options, segmenter, max_pixels, call)
    except MemoryError as error:
        raise OutOfMemory from error


def worked_out(
    data: bytes, media_type: str, options: Options, segmenter: Segmenter, max_pixels: int, call: Call
) -> Answer:
    timings = Stopwatch()
    with timings.stage("decode"):
        photo = decode(data, max_pixels, None if media_type in ON_THE_PHOTO else segmenter.needed)
    with timings.stage("infer"):
        confidence = Part.CONFIDENCE in options.include
        segmentation = segmenter.segment(photo.image, confidence, options.heatmap, photo.size, call)
    body, content_type = FORMATS[media_type](Work(data, options, segmenter.model, photo, segmentation, timings))
    return Answer(body, content_type, timings)


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def model_name(model: Model) -> ModelName:
    return ModelName(name=model.contract.name, version=model.contract.version, digest=f"sha256:{model.digest}")
