"""Where in a photo a classifier sees a class: its map of probabilities, drawn over the photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from PIL import Image

from model_export.adoption.classifier import Convolutional
from model_export.adoption.preprocessing import Preprocessing
from model_export.reports.mosaic import mosaic
from service.segmentation.runtime.session import open_session

Map = np.ndarray[Any, np.dtype[np.float32]]

WIDTH = 520
"""Of each of the three pictures, in pixels."""

OPAQUE = 0.65
"""How much of the photo a probability of 1 hides."""


@dataclass(frozen=True)
class HeatMap:
    """Probabilities [classes, h, w]: each is of a window of `side` x `side` pixels of the photo, at equal steps."""

    photo: Image.Image
    side: int
    probabilities: Map

    def of(self, classes: Sequence[int]) -> Map:
        """The probability that a window shows one of these classes, [h, w]."""
        total: Map = self.probabilities[list(classes)].sum(0)
        return total

    def at_pixels(self, classes: Sequence[int]) -> Map:
        """The same for every pixel of the photo, [H, W]: bilinear between the windows' centres."""
        values = self.of(classes)
        for axis, pixels in ((0, self.photo.height), (1, self.photo.width)):
            cells = values.shape[axis]
            step = (pixels - self.side) / max(1, cells - 1)
            places = np.clip((np.arange(pixels) + 0.5 - self.side / 2) / max(step, 1), 0, cells - 1)
            lower = np.minimum(places.astype(int), max(0, cells - 2))
            share = np.expand_dims(places - lower, 1 - axis).astype(np.float32)
            upper = np.minimum(lower + 1, cells - 1)
            values = np.take(values, lower, axis) * (1 - share) + np.take(values, upper, axis) * share
        return values

    def best(self, classes: Sequence[int]) -> tuple[float, tuple[int, int, int, int]]:
        """The greatest probability of these classes, and its window (left, top, right, bottom)."""
        values = self.of(classes)
        row, column = (int(place) for place in np.unravel_index(values.argmax(), values.shape))
        left, top = (
            round(place * (pixels - self.side) / max(1, cells - 1))
            for place, pixels, cells in zip((column, row), self.photo.size, values.shape[::-1], strict=True)
        )
        return float(values[row, column]), (left, top, left + self.side, top + self.side)

    def likeliest(self) -> int:
        """The class with the greatest probability, on average over the windows."""
        return int(self.probabilities.mean((1, 2)).argmax())

    def picture(self, classes: Sequence[int], caption: str) -> Image.Image:
        """The photo, the probability of every window, and both, one over the other."""
        cells = coloured(self.of(classes)).resize(self.photo.size, Image.Resampling.NEAREST)
        pixels = self.at_pixels(classes)
        over = Image.fromarray((255 * OPAQUE * pixels).round().astype(np.uint8))
        blend = Image.composite(coloured(pixels), self.photo, over)
        shown = (WIDTH, round(WIDTH * self.photo.height / self.photo.width))
        row = [picture.resize(shown, Image.Resampling.LANCZOS) for picture in (self.photo, cells, blend)]
        return mosaic(["photo", f"{caption}: a probability for each window", "over the photo"], [row])


def heat_map(network: Convolutional, photo: Image.Image, preprocessing: Preprocessing) -> HeatMap:
    """Run a classifier that was made fully convolutional on a whole photo, RGB, no side smaller than its own.

    Raises ModelUnreadable where onnxruntime cannot load it.
    """
    pixels = np.asarray(photo, np.float64)
    pixels = pixels if preprocessing.order == "rgb" else pixels[..., ::-1]
    batch = (pixels * preprocessing.scale - preprocessing.mean) / preprocessing.std
    session = open_session(network.model.SerializeToString(), 0, ("cpu",))
    feed = {network.image: np.ascontiguousarray(batch.transpose(2, 0, 1)[np.newaxis], np.float32)}
    (scores,) = session.run([network.output], feed)
    return HeatMap(photo, network.side, probabilities(np.asarray(scores)[0]))


def probabilities(scores: Map) -> Map:
    """The softmax over classes of scores [classes, h, w]; what are probabilities already stays as it is."""
    if scores.min() >= 0 and np.allclose(scores.sum(0), 1, atol=1e-3):
        return scores
    powers = np.exp(scores - scores.max(0))
    shares: Map = powers / powers.sum(0)
    return shares


def sized(photo: Image.Image, side: int, times: float, stride: int = 32) -> Image.Image:
    """The photo in RGB, its shorter side `times` as long as the classifier's, both sides multiples of `stride`."""
    factor = times * side / min(photo.size)
    width, height = (max(side, round(factor * length / stride) * stride) for length in photo.size)
    return photo.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)


def coloured(values: Map) -> Image.Image:
    """Probabilities [h, w], 0..1, from black over red to yellow."""
    return Image.fromarray((255 * colormaps["inferno"](values)[..., :3]).round().astype(np.uint8))
