"""Images with transparency are composited on white; an alpha that hides everything is ignored."""

from PIL import Image

from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.stripes import stripes

FAINT = 16
"""Alphas, of 255, below which nothing can be seen: programs leave 0 everywhere, or write 1 for opaque."""
IS_SEEN = [0] * FAINT + [1] * (256 - FAINT)

ALL_TRANSPARENT = ImageWarning(
    "all_transparent",
    "The alpha of every pixel is 0 or nearly 0, so a viewer would show nothing; the alpha was ignored.",
)


def opaque(image: Image.Image) -> tuple[Image.Image, tuple[ImageWarning, ...]]:
    """An image with transparency as RGB, and what is odd about it."""
    visible = any(alpha(image.crop(box)).point(IS_SEEN).getbbox() for box in stripes(image.size))
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
