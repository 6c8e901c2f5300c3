"""Segmenter(model).segment(image) -> Segmentation: the image is fitted to the model, the labels to the image."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from service.segmentation.classes import rgb
from service.segmentation.contract import Input, Labels, Pixels, Scores
from service.segmentation.model import Model


@dataclass(frozen=True)
class Segmentation:
    """`labels` are of the image's size.

    `confidence` has, per class, the mean probability with which the network chose it, 0..1, over its pixels at the
    network's own resolution; None where the class was not chosen, or for all when confidence was not asked for.
    """

    labels: Labels
    confidence: tuple[float | None, ...]


class Segmenter:
    """Segments images of any size with one model; safe to call from several threads."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def segment(self, image: Image.Image, confidence: bool = False) -> Segmentation:
        """Label every pixel of an RGB image. Raises InferenceFailed."""
        policy = self.model.contract.input
        width, height = fit(image.size, policy)
        scaled = image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BILINEAR)
        labels, scores = self.model.run(pad(to_pixels(scaled, policy), policy), scores=confidence)
        labels = np.ascontiguousarray(labels[:height, :width])
        classes = len(self.model.contract.labels.classes)
        means = (None,) * classes if scores is None else class_means(labels, scores[:, :height, :width])
        if image.size != (width, height):
            labels = np.asarray(Image.fromarray(labels).resize(image.size, Image.Resampling.NEAREST))
        return Segmentation(labels, means)


def fit(size: tuple[int, int], policy: Input) -> tuple[int, int]:
    """The largest (width, height) of the image's shape inside the model's native size, upright or turned.

    A camera's larger frame shows no more of the street, only finer, so every image is brought to the scale that the
    model has learned; and no image, however long, makes the network's input larger than its native one.
    """
    scale = min(max(policy.width, policy.height) / max(size), min(policy.width, policy.height) / min(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def to_pixels(image: Image.Image, policy: Input) -> Pixels:
    if policy.color == "grey":
        image = image.convert("L").convert("RGB")
    return np.asarray(image)


def pad(pixels: Pixels, policy: Input) -> Pixels:
    """Fill up to multiples of the stride, right and below; shapes stay few, so memory stays flat."""
    height, width, _ = pixels.shape
    padded = np.empty((height + -height % policy.stride, width + -width % policy.stride, 3), np.uint8)
    padded[:] = rgb(policy.padding)
    padded[:height, :width] = pixels
    return padded


def class_means(labels: Labels, scores: Scores) -> tuple[float | None, ...]:
    """The mean probability (softmax) of the label over each class's pixels, None where it has none."""
    classes = len(scores)
    probability = 1 / np.exp(scores - scores.max(axis=0)).sum(axis=0)
    pixels = np.bincount(labels.ravel(), minlength=classes)
    sums = np.bincount(labels.ravel(), weights=probability.ravel(), minlength=classes)
    return tuple(float(s / n) if n else None for s, n in zip(sums, pixels, strict=True))
