"""Transparent pixels: laid on white, unless nothing would be left of the picture."""

from PIL import Image

from service.segmentation.inputs.warning import ImageWarning

ALL_TRANSPARENT = ImageWarning(
    "all_transparent",
    "The alpha of every pixel is 0, so a viewer would show nothing; the alpha was ignored.",
)


def opaque(image: Image.Image) -> tuple[Image.Image, tuple[ImageWarning, ...]]:
    """An image with transparency as RGB, and what is odd about it."""
    rgba = image.convert("RGBA")
    if rgba.getchannel("A").getextrema() == (0, 0):
        return rgba.convert("RGB"), (ALL_TRANSPARENT,)
    canvas = Image.new("RGBA", image.size, "white")
    canvas.alpha_composite(rgba)
    return canvas.convert("RGB"), ()
