"""What another camera and another light make of a photo: the part of augmentation that leaves labels as they are."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

BLUR = (0.4, 1.6)
"""Standard deviation of a blur, in pixels of the crop."""

QUALITY = (25, 90)
"""Of JPEG, as Pillow counts it."""


@dataclass(frozen=True)
class Camera:
    """How much a photo may change.

    light: brightness and contrast change by up to this share.
    saturation: so does the saturation.
    gamma: the exponent of the tone curve is between exp(-gamma) and exp(gamma).
    white_balance: each channel's gain is between exp(-white_balance) and exp(white_balance).
    blur: the share of photos that are blurred.
    compression: the share of photos that are compressed as JPEG, down to a low quality.
    """

    light: float = 0.3
    saturation: float = 0.3
    gamma: float = 0.0
    white_balance: float = 0.0
    blur: float = 0.0
    compression: float = 0.0

    def __call__(self, image: Image.Image, draw: np.random.Generator) -> Image.Image:
        """A changed copy of an RGB image, as `draw` decides."""
        if draw.random() < self.blur:
            image = image.filter(ImageFilter.GaussianBlur(draw.uniform(*BLUR)))
        for enhance, most in (
            (ImageEnhance.Brightness, self.light),
            (ImageEnhance.Contrast, self.light),
            (ImageEnhance.Color, self.saturation),
        ):
            image = enhance(image).enhance(draw.uniform(1 - most, 1 + most))
        if self.gamma or self.white_balance:
            exponent = np.exp(draw.uniform(-self.gamma, self.gamma))
            gains = np.exp(draw.uniform(-self.white_balance, self.white_balance, 3))
            curve = gains[:, np.newaxis] * (np.arange(256) / 255) ** exponent
            image = image.point(np.rint(255 * curve.clip(0, 1)).astype(int).ravel().tolist())
        if draw.random() < self.compression:
            file = io.BytesIO()
            image.save(file, "JPEG", quality=int(draw.integers(*QUALITY)))
            image = Image.open(file)
        return image


AS_IT_IS = Camera(light=0, saturation=0)
"""Changes nothing."""
