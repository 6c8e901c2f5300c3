"""Draws the documents' pictures again: `make pictures`, or `python -m docsite.pictures` in the repository.

`ELSEWHERE` are the pictures that need data which may not be committed, or minutes of load, with the commands that draw
them. The photo itself is a rendering by POV-Ray; docs/street.pov says how it was made.
"""

import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks import report
from model_export.reports import outlines
from service.segmentation.catalog import EMBEDDED
from service.segmentation.pipeline import Pipeline, Request, Result
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter

DOCS = Path(__file__).parents[1] / "docs"
PHOTO = DOCS / "street.jpg"
CORNER = (1390, 1360)
"""Of the part that the picture of outlines shows, as in `python -m model_export outlines`."""
ELSEWHERE = {
    "explanation/training/ladder.png": "python -m model_export compare",
    "explanation/training/street-reliability.png": "python -m model_export calibrate",
    "how-to/monitor.png": "python -m benchmarks dashboard",
    "models/*.png": "python -m model_export card",
}


def street() -> Model:
    return Model.load(EMBEDDED / "street.onnx", threads=1)


def segmented() -> Result:
    pipeline = Pipeline(Segmenter(street()), max_pixels=50_000_000)
    return pipeline.run(PHOTO.read_bytes(), Request(draws_photo=True))


def draw_mask(path: Path) -> None:
    path.write_bytes(segmented().mask())


def draw_overlay(path: Path) -> None:
    path.write_bytes(segmented().overlay("WEBP"))


def draw_outlines(path: Path) -> None:
    with Image.open(PHOTO) as photo:
        outlines.picture(street(), photo, CORNER).save(path)


def draw_speed(path: Path) -> None:
    report.plot(json.loads((DOCS / "benchmarks" / "figures.json").read_text()), path)


DRAWN: dict[str, Callable[[Path], None]] = {
    "street-mask.png": draw_mask,
    "street-overlay.webp": draw_overlay,
    "explanation/outlines.png": draw_outlines,
    "benchmarks/speed.png": draw_speed,
}
"""What draws each picture, by its path in docs/."""


def main() -> None:
    """Draw every picture that needs no data, in its place."""
    for name, draw in DRAWN.items():
        draw(DOCS / name)


if __name__ == "__main__":
    main()
