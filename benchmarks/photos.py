"""The photos that are sent: the README's street at the sizes of a data set, a camera and a phone."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

SAMPLE = Path(__file__).parents[1] / "docs" / "street.jpg"
SIZES = {"480x360": (480, 360), "1280x720": (1280, 720), "12 megapixels": (4000, 3000)}
GRAIN = 5
"""Standard deviation of the added sensor noise, of 255: an enlarged picture without noise decodes too fast."""


def photo(width: int, height: int, quality: int = 90) -> bytes:
    """A JPEG of the street, cropped to the shape and resized."""
    with Image.open(SAMPLE) as sample:
        shape = min(sample.width / width, sample.height / height)
        across, down = round(width * shape), round(height * shape)
        left, top = (sample.width - across) // 2, (sample.height - down) // 2
        image = sample.convert("RGB").crop((left, top, left + across, top + down))
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, GRAIN, (height, width, 1)).astype(np.float32)
    file = io.BytesIO()
    Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return file.getvalue()


def grain(width: int, height: int) -> Image.Image:
    """Coloured blots that compress about as well as photos; pictures of any size are cropped from them."""
    blots = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Image.fromarray(blots).resize((width, height), Image.Resampling.BICUBIC)
