"""Draws the documents' pictures again: `make pictures`, or `python -m docsite.pictures` in the repository.

`ELSEWHERE` are the pictures that need data which may not be committed, minutes of load, or a browser, with the commands
that draw them. The photo itself is a rendering by POV-Ray; docs/street.pov says how it was made.
"""

import json
from pathlib import Path

from PIL import Image

from benchmarks import report
from benchmarks.scale import figures, page
from model_export.reports import deconvolution, outlines
from service.segmentation.catalog import EMBEDDED
from service.segmentation.pipeline import Pipeline
from service.segmentation.request import Request
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter

DOCS = Path(__file__).parents[1] / "docs"
PHOTO = DOCS / "street.jpg"
CORNER = (1390, 1360)
"""Of the part that the picture of outlines shows, as in `python -m model_export outlines`."""
ELSEWHERE = {
    "explanation/training/ladder.png": "python -m model_export compare",
    "explanation/training/street-reliability.png": "python -m model_export calibrate",
    "explanation/deconvnet/networks.webp": "python -m model_export compare",
    "explanation/heat-map/cat.webp": "python -m model_export heatmap",
    "how-to/monitor.png": "python -m benchmarks dashboard",
    "page.webp": "python -m docsite.page",
    "models/*.png": "python -m model_export card",
}


def draw(docs: Path) -> None:
    """Draw every picture that needs no data into this folder, where it lies in docs/."""
    street = Model.load(EMBEDDED / "street.onnx", threads=1)
    explanation, benchmarks = docs / "explanation", docs / "benchmarks"
    for folder in (explanation, benchmarks):
        folder.mkdir(exist_ok=True)
    result = Pipeline(Segmenter(street), max_pixels=50_000_000).run(PHOTO.read_bytes(), Request(draws_photo=True))
    (docs / "street-mask.png").write_bytes(result.mask())
    (docs / "street-overlay.webp").write_bytes(result.overlay("WEBP"))
    with Image.open(PHOTO) as photo:
        outlines.picture(street, photo, CORNER).save(explanation / "outlines.png")
    deconvolution.draw(explanation / "deconvolution")
    (explanation / "scale").mkdir(exist_ok=True)
    page.plot(figures.read(DOCS / "explanation" / "scale" / "figures.json"), explanation / "scale" / "latency.png")
    report.plot(json.loads((DOCS / "benchmarks" / "figures.json").read_text()), benchmarks / "speed.png")


if __name__ == "__main__":
    draw(DOCS)
