"""What a foreign network expects of its image: from options, or from a Hugging Face preprocessor_config.json."""

from math import isfinite
from pathlib import Path
from typing import Any, Literal

import msgspec

from model_export.errors import AdoptionError
from service.segmentation.inputs.raster import Size
from service.segmentation.modelfile.classes import Color

Triple = tuple[float, float, float]


class Preprocessing(msgspec.Struct, frozen=True):
    """The network reads `(byte * scale - mean) / std`, RGB or BGR; `size` (width, height) is that of its photos, if
    known. By default it is normalised as for ImageNet, by torchvision's figures."""

    mean: Triple = (0.485, 0.456, 0.406)
    std: Triple = (0.229, 0.224, 0.225)
    scale: float = 1 / 255
    order: Literal["rgb", "bgr"] = "rgb"
    size: Size | None = None

    def __post_init__(self) -> None:
        if not all(map(isfinite, (*self.mean, *self.std, self.scale))) or min(*self.std, self.scale) <= 0:
            raise ValueError("std and scale must be greater than 0, and all numbers finite")
        if self.size is not None and min(self.size) < 1:
            raise ValueError("the size must have sides greater than 0")

    @property
    def mean_byte(self) -> Triple:
        """The mean of each channel, 0..255, in the network's order of channels."""
        first, second, third = (mean / self.scale for mean in self.mean)
        return first, second, third

    @property
    def std_byte(self) -> Triple:
        """The std of each channel, 0..255, in the network's order of channels."""
        first, second, third = (std / self.scale for std in self.std)
        return first, second, third

    @property
    def padding(self) -> Color:
        """The colour that becomes zeros, or the closest one: what convolutions pad with."""
        channels = self.mean_byte if self.order == "rgb" else self.mean_byte[::-1]
        return "#" + "".join(f"{min(255, max(0, round(value))):02x}" for value in channels)


class HuggingFace(msgspec.Struct, frozen=True):
    """The fields of a preprocessor_config.json that matter here."""

    do_rescale: bool = True
    do_normalize: bool = True
    rescale_factor: float = 1 / 255
    image_mean: Triple = (0.5, 0.5, 0.5)
    image_std: Triple = (0.5, 0.5, 0.5)
    do_flip_channel_order: bool = False
    size: Any = None
    crop_size: Any = None
    do_center_crop: bool = False


def of(mean: Triple, std: Triple, scale: float, order: Literal["rgb", "bgr"]) -> Preprocessing:
    """The preprocessing of options. Raises AdoptionError."""
    try:
        return Preprocessing(mean, std, scale, order)
    except ValueError as error:
        raise AdoptionError(f"--mean, --std and --scale cannot be used: {error}.") from error


def read(path: Path) -> Preprocessing:
    """The preprocessing in a preprocessor_config.json. Raises AdoptionError."""
    try:
        said = msgspec.json.decode(path.read_bytes(), type=HuggingFace)
        return Preprocessing(
            mean=said.image_mean if said.do_normalize else (0.0, 0.0, 0.0),
            std=said.image_std if said.do_normalize else (1.0, 1.0, 1.0),
            scale=said.rescale_factor if said.do_rescale else 1.0,
            order="bgr" if said.do_flip_channel_order else "rgb",
            size=size(said.crop_size if said.do_center_crop else said.size),
        )
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise AdoptionError(
            f"{path} is not the preprocessor_config.json of an image model ({error}): give --mean, --std, --scale and "
            f"--order in its place."
        ) from error


def size(edges: Any) -> Size | None:
    """(width, height) of {"height": 512, "width": 512}, {"shortest_edge": 512} or 512, as these files have them."""
    match edges:
        case {"height": int(height), "width": int(width)}:
            return width, height
        case {"shortest_edge": int(side)} | int(side):
            return side, side
        case _:
            return None
