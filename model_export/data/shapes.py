"""Drawn shapes: a data set made from a seed, for tests and for trying train -> export -> serve."""

from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageDraw

from service.segmentation.modelfile.classes import Class, ClassList

CLASSES = ClassList(
    classes=(
        Class(0, "background", "#303030"),
        Class(1, "disc", "#e4572e"),
        Class(2, "square", "#17bebb"),
        Class(3, "triangle", "#ffc914"),
    ),
    ignored=255,
)
SHADES = 60
"""How far a shape's colour may be from its class's, per channel in 0..255."""


def write(root: Path, train: int, val: int, width: int, height: int, seed: int) -> None:
    """Write a data set of `train` and `val` pictures of `width` x `height` into `root`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "classes.json").write_bytes(msgspec.json.format(msgspec.json.encode(CLASSES), indent=1))
    for number, (split, count) in enumerate({"train": train, "val": val}.items()):
        for kind in ("images", "labels"):
            (root / split / kind).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            image, label = picture(width, height, np.random.default_rng((seed, number, index)))
            image.save(root / split / "images" / f"{index:04d}.png")
            label.save(root / split / "labels" / f"{index:04d}.png")


def picture(width: int, height: int, draw: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Up to five shapes, each near its class's colour, on a noisy grey ground, and their labels; outlines are void."""
    image = Image.new("RGB", (width, height), (int(draw.integers(20, 200)),) * 3)
    label = Image.new("L", (width, height), 0)
    for _ in range(draw.integers(2, 6)):
        shape = int(draw.integers(1, len(CLASSES.classes)))
        colour = np.clip(CLASSES.classes[shape].rgb + draw.integers(-SHADES, SHADES + 1, 3), 0, 255)
        radius = draw.uniform(0.16, 0.32) * min(width, height)
        points = outline(shape, draw.uniform(0, width), draw.uniform(0, height), radius, draw.uniform(0, 2 * np.pi))
        ImageDraw.Draw(image).polygon(points, fill=tuple(colour))
        ImageDraw.Draw(label).polygon(points, fill=shape, outline=CLASSES.ignored)
    noise = draw.normal(0, 8, (height, width, 3))
    noisy = np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(noisy), label


def outline(shape: int, x: float, y: float, radius: float, turn: float) -> list[tuple[float, float]]:
    """The corners of a disc (1), square (2) or triangle (3) around (x, y)."""
    corners = {1: 40, 2: 4, 3: 3}[shape]
    angles = turn + 2 * np.pi * np.arange(corners) / corners
    return [(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in angles]
