"""Masks to measure: random ones, of the kinds that break algorithms, and those of a street."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageEnhance

from service.segmentation.catalog import EMBEDDED
from service.segmentation.modelfile.contract import Labels
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter
from tests.support.server import ROOT


def masks(number: int, seed: int = 0) -> Iterator[Labels]:
    """So many masks of up to 60 pixels a side and 6 classes, from blots to noise; the same ones for the same seed."""
    random = np.random.default_rng(seed)
    for _ in range(number):
        height, width, classes = random.integers(1, 21), random.integers(1, 21), random.integers(1, 7)
        cells = random.integers(0, classes, (height, width), dtype=np.uint8)
        if random.random() < 0.5:  # most of it is of one class
            cells[random.random(cells.shape) < 0.7] = 0
        yield np.ascontiguousarray(cells.repeat(random.integers(1, 4), axis=0).repeat(random.integers(1, 4), axis=1))


def streets(number: int) -> Iterator[Labels]:
    """So many masks by `street` of the README's photo: cropped, mirrored, darker or brighter, enlarged."""
    segmenter, random = Segmenter(Model.load(EMBEDDED / "street.onnx", threads=1)), np.random.default_rng(0)
    with Image.open(ROOT / "docs" / "street.jpg") as file:
        photo = file.convert("RGB")
    for _ in range(number):
        left, top = (int(random.integers(side // 2)) for side in photo.size)
        part = photo.crop((left, top, left + photo.width // 2, top + photo.height // 2))
        if random.random() < 0.5:
            part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        part = ImageEnhance.Brightness(part).enhance(random.uniform(0.4, 1.6))
        part = part.resize((round(part.width * random.uniform(0.5, 3)), part.height))
        yield segmenter.segment(part).labels
