"""The bytes of an image -> areas, files and timings: the one composition that every transport enters."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from service.segmentation import footprint
from service.segmentation.errors import OutOfMemory
from service.segmentation.inputs.header import inspect
from service.segmentation.inputs.raster import Photo, Size, decode
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.measures.areas import Area, areas
from service.segmentation.measures.certainty import MAPS
from service.segmentation.measures.composition import Composition, composition
from service.segmentation.measures.geometry import Geometry, geometry_of
from service.segmentation.modelfile.contract import Labels
from service.segmentation.outputs.png import png
from service.segmentation.outputs.rendering import heatmap_overlay, heatmap_png, mask_png, overlay
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call
from service.segmentation.segmenter import LARGEST, Labeller, Segmentation, Segmenter


@dataclass(frozen=True)
class Result:
    """One segmented image. Its files are encoded on demand, and the time for that is added to `call.timings`."""

    data: bytes
    model: Labeller
    photo: Photo
    segmentation: Segmentation
    areas: list[Area]
    spacing: Spacing | None
    geometry: Geometry
    call: Call

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the input bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def labels(self) -> Labels:
        """uint8 [H, W], of the upright image's size."""
        return self.segmentation.labels

    @property
    def warnings(self) -> tuple[ImageWarning, ...]:
        """Peculiarities of the image, or of its mask, that did not stop its segmentation."""
        return self.photo.warnings + self.geometry.warnings

    @property
    def composition(self) -> Composition:
        """The share of every class, and the mean probability of the labels where confidence was requested."""
        return composition(self.segmentation.pixels, self.segmentation.confidence)

    def mask(self) -> bytes:
        """An indexed PNG: pixel value = class id, palette = class colours. Raises OutOfMemory."""
        with self._encoding():
            return mask_png(self.labels, self.model.contract.labels)

    def ids(self) -> bytes:
        """The mask as a grey PNG: pixel value = class id, without a palette. Raises OutOfMemory."""
        with self._encoding():
            return png(self.labels)

    def overlay(self, format_: Literal["WEBP", "JPEG"]) -> bytes:
        """The photo under the classes, or under the heat map if one was requested.

        Raises PictureTooLarge and OutOfMemory.
        """
        with self._encoding():
            if self.segmentation.heatmap is None:
                return overlay(self.photo.image, self.labels, self.model.contract.labels, format_)
            return heatmap_overlay(self.photo.image, self.segmentation.heatmap, format_)

    def heatmap(self) -> bytes:
        """A grey PNG of the requested probability, 255 where the class is certain. Raises OutOfMemory."""
        assert self.segmentation.heatmap is not None, "the request asked for no heat map"
        with self._encoding():
            return heatmap_png(self.segmentation.heatmap)

    def confidence_map(self) -> bytes | None:
        """A grey PNG of the labels' probability, 255 where it is 1; None unless requested. Raises OutOfMemory."""
        return self._grey(self.segmentation.certainty.confidence_map)

    def entropy(self) -> bytes | None:
        """A grey PNG of the entropy, 255 where all classes are as likely; None unless requested. Raises OutOfMemory."""
        return self._grey(self.segmentation.certainty.entropy)

    def _grey(self, plane: Labels | None) -> bytes | None:
        with self._encoding():
            return None if plane is None else png(plane)

    @contextmanager
    def _encoding(self) -> Iterator[None]:
        with self.call.timings.stage("encode"), reporting_memory_errors():
            yield


class Pipeline:
    """Segments the bytes of images with one model; safe to call from several threads."""

    def __init__(self, segmenter: Segmenter, max_pixels: int) -> None:
        self.segmenter, self.max_pixels = segmenter, max_pixels

    @property
    def model(self) -> Labeller:
        """The model that segments."""
        return self.segmenter.model

    def footprint(self, data: bytes, request: Request) -> int:
        """An upper bound, in bytes, on the memory of `run` and of one file of its result, from the header only."""
        contract = self.model.contract
        native, classes = contract.input.width * contract.input.height, len(contract.labels.classes)
        scores = request.uses_probabilities or contract.for_scans
        most = native * (LARGEST if contract.for_scans else 1)
        network = footprint.of_network(most, classes if scores else 0)
        header = inspect(data)
        if header is None or min(header.size) == 0 or header.size[0] * header.size[1] > self.max_pixels:
            return network  # it will be refused
        needed = self.needed(request)
        maps = (request.heatmap is not None) + len(request.include & MAPS)
        picture = footprint.of_picture(header, needed and needed(header.size), maps)
        geometry = footprint.of_geometry(header.size[0] * header.size[1], request.include)
        outlines = footprint.of_outlines(native, classes) if self.segmenter.draws_outlines(header.size) else 0
        return network + picture + outlines + geometry + footprint.of_file(len(data))

    def run(self, data: bytes, request: Request | None = None, call: Call | None = None) -> Result:
        """Decode, fit, run the network, measure.

        Raises ImageError, UnknownClass, NoScores, InferenceFailed, OutOfMemory; TooLate and Abandoned by the call.
        """
        request, call = request or Request(), call or Call()
        call.check()  # it may have waited in the queue
        with reporting_memory_errors():
            with call.timings.stage("decode"):
                photo = self.decoded(data, request)
            segmentation = self.segmented(photo, request, call)
            with call.timings.stage("measure"):
                spacing = request.spacing or photo.spacing
                measured = areas(segmentation.pixels, spacing)
                geometry = geometry_of(
                    segmentation.labels,
                    len(segmentation.pixels),
                    request.include,
                    request.min_region,
                    request.tolerance,
                    call.check,
                )
        return Result(data, self.model, photo, segmentation, measured, spacing, geometry, call)

    def needed(self, request: Request) -> Callable[[Size], Size] | None:
        """What makes, of an image's size, the one that will do; None where nothing less does."""
        return None if request.draws_photo else self.segmenter.needed

    def decoded(self, data: bytes, request: Request) -> Photo:
        """The image in a file. Raises ImageError and MemoryError."""
        return decode(data, self.max_pixels, self.needed(request), request.window)

    def segmented(self, photo: Photo, request: Request, call: Call) -> Segmentation:
        """The labels of an image, of its own size. Raises as `run`."""
        request = replace(request, spacing=request.spacing or photo.spacing)
        return self.segmenter.segment(photo.image, request, photo.size, call)


@contextmanager
def reporting_memory_errors() -> Iterator[None]:
    """Turn a MemoryError into OutOfMemory."""
    try:
        yield
    except MemoryError as error:
        raise OutOfMemory from error
