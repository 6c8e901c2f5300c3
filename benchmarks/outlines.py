"""What it costs to draw the outlines of an enlarged mask: the pipeline with and without them, turn by turn."""

import time
from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.photos import SIZES, photo
from benchmarks.rounds import ratio
from model_export.reports.outlines import without_outlines
from service.segmentation.catalog import EMBEDDED
from service.segmentation.pipeline import Pipeline
from service.segmentation.runtime.model import Model
from service.segmentation.segmenter import Segmenter

MAX_PIXELS = 50_000_000
ENLARGED = ("1280x720", "12 megapixels")


def table(rounds: int) -> str:
    """In Markdown, for each shipped model for pictures: a processor's milliseconds from JPEG to areas and to mask."""
    rows = ["| model | photo | answer | ms without | ms with | times |", "|---|---|---|---|---|---|"]
    for path in sorted(EMBEDDED.glob("*.onnx")):
        model = Model.load(path, threads=1)
        if model.contract.for_scans:  # its slices have no outlines
            continue
        for size in ENLARGED:
            data = photo(*SIZES[size])
            segmenters = without_outlines(model), Segmenter(model)
            ways = [Pipeline(segmenter, MAX_PIXELS) for segmenter in segmenters]
            for answer in ("areas", "mask"):
                before, after = timed([asking(way, data, answer == "mask") for way in ways], rounds)
                spent = f"{median(before):.1f} | {median(after):.1f} | {ratio(after, before)}"
                rows.append(f"| {path.stem} | {size} | {answer} | {spent} |")
    return "\n".join(rows)


def asking(pipeline: Pipeline, data: bytes, mask: bool) -> Callable[[], object]:
    """Segments the photo and, if asked to, encodes its mask."""
    return (lambda: pipeline.run(data).mask()) if mask else (lambda: pipeline.run(data))


def timed(ways: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Milliseconds of a processor in each round, for each way. The first round does not count, and the order turns."""
    spent: list[list[float]] = [[] for _ in ways]
    for number in range(rounds + 1):
        for index in range(len(ways))[:: 1 if number % 2 else -1]:
            began = time.process_time()
            ways[index]()
            spent[index].append(1000 * (time.process_time() - began))
    return [each[1:] for each in spent]
