"""Segmenter(model).segment(image) -> Segmentation: scales the image to the model, and the labels back to the image."""

from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from PIL import Image

from service.segmentation.errors import NoScores, UnknownClass
from service.segmentation.inputs.raster import Size
from service.segmentation.inputs.spacing import Spacing
from service.segmentation.measures.areas import count, count_enlarged
from service.segmentation.measures.certainty import Certainty, Means, certainty_of, class_means, probability
from service.segmentation.modelfile.classes import Class, rgb
from service.segmentation.modelfile.contract import Contract, Input, Labels, Pixels, Scores
from service.segmentation.outlines import enlarged, redraw
from service.segmentation.request import Request
from service.segmentation.runtime.call import Call
from service.segmentation.runtime.cells import Cells
from service.segmentation.runtime.model import Run

LARGEST = 4
"""How many times the pixels of the model's native size a slice of a scan may have; a head with much air around it has
two."""

Probability = np.ndarray[tuple[int, int], np.dtype[np.float32]]


class Labeller(Protocol):
    """What labels the pixels of an image that fits: a model file in service, a torch network while it is trained."""

    @property
    def contract(self) -> Contract: ...
    @property
    def digest(self) -> str: ...
    def run(self, image: Pixels, scores: bool, call: Call | None) -> tuple[Labels, Cells | None]:
        """See `Model.run`."""


@dataclass(frozen=True)
class Heatmap:
    """The probability of `class_` at every pixel of the image, 0..255 for 0..1."""

    class_: Class
    probability: Labels


@dataclass(frozen=True)
class Segmentation:
    """`labels` are uint8 [height, width] of the requested size; `pixels` has the number of them in each class.

    `confidence` has, per class, the mean probability of its pixels, 0..1, at the network's own resolution; None for a
    class without pixels, and for all classes when confidence was not requested. So are the shares of `certainty`.
    """

    labels: Labels
    pixels: list[int]
    confidence: Means
    heatmap: Heatmap | None
    certainty: Certainty


class Segmenter:
    """Segments images of any size with one model; safe to call from several threads."""

    def __init__(self, model: Labeller, run: Run | None = None) -> None:
        """`run` runs the model on one image; by default `model.run`."""
        self.model = model
        self.run = run or model.run

    def needed(self, size: Size) -> Size:
        """The size to which an image of `size` is scaled for the model."""
        return fit(size, self.model.contract.input)

    def draws_outlines(self, size: Size) -> bool:
        """Whether the labels of an image of `size` are enlarged to it by their scores; slices of scans are not."""
        width, height = self.needed(size)
        return not self.model.contract.for_scans and size[0] * size[1] > width * height

    def warm_up(self) -> None:
        """Segment an image of the native size, so that the first caller does not wait for memory to be allocated.

        Raises InferenceFailed.
        """
        policy = self.model.contract.input
        self.segment(Image.new("RGB", (policy.width, policy.height)))

    def segment(
        self, image: Image.Image, request: Request | None = None, size: Size | None = None, call: Call | None = None
    ) -> Segmentation:
        """Label every pixel of an RGB image, and compute what `request` wants of the probabilities.

        `size` is that of the labels, for an image that was reduced when it was decoded; by default the image's. A model
        for scans takes note of `request.spacing`, the size of a pixel.

        Raises InferenceFailed and OutOfMemory; UnknownClass and NoScores if the model has no such heat map or
        certainty; TooLate and Abandoned by the call.
        """
        request, size, call = request or Request(), size or image.size, call or Call()
        mapped = None if request.heatmap is None else self._class(request.heatmap)
        probabilities = request.uses_probabilities or self.model.contract.for_scans
        labels, cells = self.output(image, size, probabilities or self.draws_outlines(size), call, request.spacing)
        with call.timings.stage("measure"):
            height, width = labels.shape
            labels = np.ascontiguousarray(labels)
            scores = cells.logits()[:, :height, :width] if cells is not None and probabilities else None
            if scores is None and request.needs_scores:
                raise NoScores(
                    f"{self.model.contract.name} gives labels alone; "
                    "leave out heatmap, confidence_map, entropy and low_confidence."
                )
            means, heat, certainty = self._probable(labels, scores, size, request, mapped)
            whole, pixels = self._whole(labels, cells, scores, size)
            means = tuple(mean if n else None for mean, n in zip(means, pixels, strict=True))
            return Segmentation(whole, pixels, means, heat, certainty)

    def output(
        self, image: Image.Image, size: Size, scores: bool, call: Call, spacing: Spacing | None = None
    ) -> tuple[Labels, Cells | None]:
        """What the network gives for an image of original `size`, at its own resolution: labels [height, width] without
        the padding, and where `scores` are asked for and there, these with the padding.

        Raises InferenceFailed and OutOfMemory; TooLate and Abandoned by the call.
        """
        with call.timings.stage("fit"):
            network_image, width, height = fitted(image, self.model.contract.input, size, spacing)
        labels, cells = self.run(network_image, scores, call)
        return labels[:height, :width], cells

    def _probable(
        self, labels: Labels, scores: Scores | None, size: Size, request: Request, mapped: Class | None
    ) -> tuple[Means, Heatmap | None, Certainty]:
        """What `request` wants of the probabilities of labels [height, width]; maps are resized to `size`."""
        contract = self.model.contract
        if scores is None or not request.uses_probabilities:
            return (None,) * len(contract.labels.classes), None, Certainty()
        shares = unnormalised(scores, contract.temperature)
        means = class_means(labels, shares) if request.confidence else (None,) * len(shares)
        enlarge = partial(resized, size=size, by=Image.Resampling.BILINEAR)
        heat = None if mapped is None else Heatmap(mapped, enlarge(probability(shares, mapped.id)))
        return means, heat, certainty_of(labels, shares, request.include, request.threshold).with_maps(enlarge)

    def _whole(
        self, labels: Labels, cells: Cells | None, scores: Scores | None, size: Size
    ) -> tuple[Labels, list[int]]:
        """Labels of `size`, and the pixels of each class. Those of a scan's slice follow from probabilities."""
        contract = self.model.contract
        classes = len(contract.labels.classes)
        if contract.for_scans and scores is not None:
            whole, _ = likeliest(scores, size, contract.temperature)
            return whole, count(whole, classes)
        whole = enlarged(labels, size)
        pixels = count_enlarged(labels, *size, classes) if whole.size > labels.size else count(whole, classes)
        if cells is not None and self.draws_outlines(size):
            change = redraw(whole, labels, cells)[:classes].tolist()
            pixels = [before + more for before, more in zip(pixels, change, strict=True)]
        return whole, pixels

    def _class(self, name: str) -> Class:
        classes = self.model.contract.labels
        for class_ in classes.classes:
            if class_.name == name:
                return class_
        raise UnknownClass(f"{self.model.contract.name} knows no class of this name, but {', '.join(classes.names)}.")


def fitted(image: Image.Image, policy: Input, size: Size, spacing: Spacing | None = None) -> tuple[Pixels, int, int]:
    """The network's input for an image of original `size`, and the width and height of the image in it."""
    width, height = fit(size, policy, spacing)
    scaled = image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BILINEAR)
    return pad(to_pixels(scaled, policy), policy), width, height


def fit(size: Size, policy: Input, spacing: Spacing | None = None) -> Size:
    """The (width, height) at which a model sees an image: the scale that it has learned.

    A slice with pixels of a known `spacing` is brought to the spacing of a model for scans; one that would be too large
    is scaled down to `LARGEST`, in its proportions. All else takes the largest size of its shape inside the model's
    native size, upright or turned: a camera's larger frame shows the same street in finer grain. A model of a fixed
    size is not turned.
    """
    if policy.scan is not None and spacing is not None:
        return at_spacing(size, spacing, policy, policy.scan.spacing)
    if policy.fixed:
        scale = min(policy.width / size[0], policy.height / size[1])
    else:
        scale = min(max(policy.width, policy.height) / max(size), min(policy.width, policy.height) / min(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def at_spacing(size: Size, spacing: Spacing, policy: Input, wanted: float) -> Size:
    """The size at which pixels of `spacing` have `wanted` mm; see `fit`."""
    width, height = size[0] * spacing.column / wanted, size[1] * spacing.row / wanted
    scale = min(1.0, (LARGEST * policy.width * policy.height / (width * height)) ** 0.5)
    longest = 4 * LARGEST * max(policy.width, policy.height)
    return max(1, min(longest, round(width * scale))), max(1, min(longest, round(height * scale)))


def to_pixels(image: Image.Image, policy: Input) -> Pixels:
    if policy.color == "grey":
        image = image.convert("L").convert("RGB")
    return np.asarray(image)


def pad(pixels: Pixels, policy: Input) -> Pixels:
    """Pad to multiples of the stride, or to the fixed size, right and below. Shapes stay few, so memory stays flat."""
    height, width, _ = pixels.shape
    across, down = (policy.width, policy.height) if policy.fixed else (policy.stride, policy.stride)
    padded = np.empty((height + -height % down, width + -width % across, 3), np.uint8)
    padded[:height, :width] = pixels
    padded[height:] = padded[:height, width:] = rgb(policy.padding)
    return padded


def resized(plane: Labels, size: Size, by: Image.Resampling) -> Labels:
    """A uint8 plane resized to `size` (width, height)."""
    image = Image.fromarray(plane)
    return plane if image.size == size else np.asarray(image.resize(size, by))


def likeliest(scores: Scores, size: Size, temperature: float) -> tuple[Labels, Probability]:
    """The most probable class of each pixel of `size` (width, height), and its probability.

    Probabilities are brought to that size: where a pixel has several of the network's, the class is the one that most
    of them are for.
    """
    planes = unnormalised(scores, temperature)
    planes /= planes.sum(axis=0)
    if planes.shape[1:] != size[::-1]:
        planes = np.stack(
            [np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR)) for plane in planes]
        )
    return planes.argmax(axis=0).astype(np.uint8), planes.max(axis=0)


def unnormalised(scores: Scores, temperature: float) -> Scores:
    """The softmax of the scores divided by `temperature`, before it is divided by its sum: the greatest is 1."""
    exponentials: Scores = np.exp((scores - scores.max(axis=0)) / temperature)
    return exponentials
