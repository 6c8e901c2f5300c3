"""Converts colours that are far from sRGB, as viewers do: models have learned from sRGB."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from service.segmentation.inputs import icc
from service.segmentation.inputs.icc import Floats, Profile
from service.segmentation.stripes import stripes

FAR = 16
"""Levels of 255 by which some colour differs. A gamma of 2.2 instead of sRGB's curve makes 8, other primaries 20."""

_GAMMAS = (0.1, 4.0)
_GRID = 17
"""Points a side of the cube in which colours are looked up; between them it is linear."""


@dataclass(frozen=True)
class Correction:
    """Brings an RGB image to sRGB: each channel through its table of 256, then colours through a cube, if any."""

    tables: list[int]
    cube: ImageFilter.Color3DLUT | None

    def apply(self, image: Image.Image) -> Image.Image:
        """The image itself, changed."""
        for box in stripes(image.size):
            stripe = image.crop(box).point(self.tables)
            image.paste(stripe if self.cube is None else stripe.filter(self.cube), box)
        return image


def correction(profile: bytes, gamma: float | None, *, grey: bool) -> Correction | None:
    """What a file's ICC profile asks for, or where it has none its gamma (PNG's gAMA: value = light ^ gamma).

    None where that is close to sRGB, which most are, or cannot be read.
    """
    if profile:
        described = icc.parse(profile, grey=grey)
    elif gamma is not None and _GAMMAS[0] <= gamma <= _GAMMAS[1]:
        described = Profile(np.stack([(np.arange(256) / 255) ** (1 / gamma)] * 3), np.eye(3))
    else:
        described = None
    if described is None or not _is_far(described):
        return None
    tables = np.rint(255 * _encoded(described.curves)).astype(int).ravel().tolist()
    same_primaries = np.abs(described.matrix - np.eye(3)).max() < 0.02
    return Correction(tables, None if same_primaries else _cube(described.matrix))


def _is_far(profile: Profile) -> bool:
    values = np.arange(0, 256, 51)
    colours = np.stack(np.meshgrid(values, values, values), axis=-1).reshape(-1, 3)
    light = np.stack([curve[colours[:, channel]] for channel, curve in enumerate(profile.curves)], axis=1)
    return bool(np.abs(255 * _encoded(light @ profile.matrix.T) - colours).max() > FAR)


def _cube(matrix: Floats) -> ImageFilter.Color3DLUT:
    """From sRGB's curve and other primaries to sRGB."""
    values = _light(np.linspace(0, 1, _GRID))
    blue, green, red = np.meshgrid(values, values, values, indexing="ij")  # red changes first
    colours = np.stack((red, green, blue), axis=-1).reshape(-1, 3)
    return ImageFilter.Color3DLUT(_GRID, _encoded(colours @ matrix.T).ravel().tolist())


def _encoded(light: Floats) -> Floats:
    """Light, 0..1, as sRGB values, 0..1 (IEC 61966-2-1)."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _light(values: Floats) -> Floats:
    """The inverse of `_encoded`."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
