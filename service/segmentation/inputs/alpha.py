"""Images with transparency are composited on white; an alpha that hides everything is ignored."""

from PIL import Image

from service.segmentation.inputs.warning import ImageWarning
from service.segmentation.stripes import stripes

FAINT = 16
"""Alphas, of 255, below which nothing can be seen: programs leave 0 everywhere, or write 1 for opaque."""
IS_SEEN = [0] * FAINT + [1] * (256 - FAINT)

HARDLY_SEEN = 32
"""The mean alpha, of 255, below which the picture is nearly all background."""

MOSTLY_TRANSPARENT = ImageWarning(
    "mostly_transparent",
    "Most of the image is transparent, and was taken for white; send it without alpha if its colours are the picture.",
)
ALL_TRANSPARENT = ImageWarning(
    "all_transparent",
    "The alpha of every pixel is 0 or nearly 0, so a viewer would show nothing; the alpha was ignored.",
)


def opaque(image: Image.Image) -> tuple[Image.Image, tuple[ImageWarning, ...]]:
    """An image with transparency as RGB, and what is odd about it."""
    visible = any(alpha(image.crop(box)).point(IS_SEEN).getbbox() for box in stripes(image.size))
    rgb, total = Image.new("RGB", image.size), 0
    for box in stripes(image.size):
        stripe = image.crop(box).convert("RGBA")
        total += sum(value * pixels for value, pixels in enumerate(stripe.getchannel("A").histogram()))
        if visible:
            stripe = Image.alpha_composite(Image.new("RGBA", stripe.size, "white"), stripe)
        rgb.paste(stripe.convert("RGB"), box)
    if not visible:
        return rgb, (ALL_TRANSPARENT,)
    width, height = image.size
    return rgb, (MOSTLY_TRANSPARENT,) if total < HARDLY_SEEN * width * height else ()


def alpha(image: Image.Image) -> Image.Image:
    """The alpha of every pixel, as grey."""
    return image.convert("RGBA").getchannel("A")
