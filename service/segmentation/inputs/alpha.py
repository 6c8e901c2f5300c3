"""Transparent pixels: laid on white, unless nothing would be left of the picture."""

from PIL import Image

from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.stripes import stripes

ALL_TRANSPARENT = ImageWarning(
    "all_transparent",
    "The alpha of every pixel is 0, so a viewer would show nothing; the alpha was ignored.",
)


def opaque(image: Image.Image) -> tuple[Image.Image, tuple[ImageWarning, ...]]:
    """An image with transparency as RGB, and what is odd about it."""
    visible = any(alpha(image.crop(box)).getextrema() != (0, 0) for box in stripes(image.size))
    rgb = Image.new("RGB", image.size)
    for box in stripes(image.size):
        stripe = image.crop(box).convert("RGBA")
        if visible:
            stripe = Image.alpha_composite(Image.new("RGBA", stripe.size, "white"), stripe)
        rgb.paste(stripe.convert("RGB"), box)
    return rgb, () if visible else (ALL_TRANSPARENT,)


def alpha(image: Image.Image) -> Image.Image:
    """The alpha of every pixel, as grey."""
    return image.convert("RGBA").getchannel("A")
