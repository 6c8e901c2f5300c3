"""The answer to POST /segment."""

import io

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.answers import Answer, ClassArea


class Picture(msgspec.Struct, frozen=True):
    """A PNG; `data` are its bytes, which msgspec reads from base64."""

    data: bytes

    def image(self) -> Image.Image:
        """Decoded by Pillow: a mask has the colours of its classes as its palette."""
        return Image.open(io.BytesIO(self.data))

    def array(self) -> NDArray[np.uint8]:
        """uint8 [height, width]: of a mask, class ids; of a heat map, 0 to 255 for the probabilities 0 to 1."""
        return np.asarray(self.image())


class ClassMap(Picture, frozen=True, kw_only=True):
    """A heat map; `name` is its class."""

    name: str


class Segmentation(Answer, frozen=True, kw_only=True):
    """A segmented image. What was not asked for is None."""

    mask: Picture | None
    heatmap: ClassMap | None = None
    confidence_map: Picture | None = None
    entropy: Picture | None = None
    timings_ms: dict[str, float]

    def area(self, name: str) -> ClassArea:
        """The area of a class, also if it has no pixels. Raises KeyError if the model has no such class."""
        for area in self.classes:
            if area.name == name:
                return area
        raise KeyError(name)
