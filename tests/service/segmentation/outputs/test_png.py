"""Our PNG files, read by Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from service.segmentation.modelfile.contract import Labels
from service.segmentation.outputs.png import png

PLANES = {
    "a pixel": np.full((1, 1), 255, np.uint8),
    "a row": np.arange(256, dtype=np.uint8)[np.newaxis],
    "a column": np.arange(256, dtype=np.uint8)[:, np.newaxis],
    "noise": np.random.default_rng(0).integers(0, 256, (64, 97), dtype=np.uint8),
    "areas": np.kron(np.arange(12, dtype=np.uint8).reshape(3, 4), np.ones((100, 100), np.uint8)),
}


@pytest.mark.parametrize("name", PLANES)
def test_every_value_comes_back(name: str) -> None:
    plane: Labels = PLANES[name]
    grey = Image.open(io.BytesIO(png(plane)))
    grey.verify()  # the checksums
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(plane)))), plane)
    colours = bytes(range(256)) * 3
    indexed = Image.open(io.BytesIO(png(plane, colours)))
    assert (grey.mode, indexed.mode) == ("L", "P")
    assert indexed.getpalette() == list(colours)
    assert np.array_equal(np.asarray(indexed), plane)


def test_areas_take_a_hundredth_of_their_pixels() -> None:
    plane = PLANES["areas"]
    assert len(png(plane)) < plane.size / 100
